//! The audit trail: who read what was said, changed something, or administered the service. Entries are only added. A
//! hash chain over them shows changes; what was exported may be removed after the operator's retention.
//!
//! Two ways in. Most entries are written after the response is known, by [`Audit::add`]; if that fails, it is logged
//! with the whole entry, and the response stands. An entry about a transcript is part of the transaction that stores
//! it.
//!
//! Entries are never changed, and outlive the calls that they name.

mod add;
mod chain;
mod entry;
mod error;
mod export;
mod list;
mod refusals;
mod retention;
mod seal;
mod verify;

pub use add::Audit;
pub use chain::{AuditFault, ChainHead, Verified};
pub(crate) use entry::enter_command;
pub use entry::{Actor, AuditEntry, NewAuditEntry};
pub use error::AuditError;
pub use export::{Exported, verify_exports};
pub use list::ListAudit;

//! What happened, for those who follow the store: dashboards, integrations, other services.
//!
//! A cause writes its event in its own transaction, into the table `outbox`: there is no event without its cause, and
//! no cause without its event. Everything else only reads that table.
//!
//! ```text
//! start, end, add, ...  --State::tell-->  outbox  --Hub, once for all-->  Follower, one for each reader
//!     one transaction                     a row                           (or `list`, page by page)
//! ```
//!
//! - **Order.** Rows are numbered in the order of commits. On SQLite there is one writer. On PostgreSQL a transaction
//!   takes a lock before it numbers its rows, as its last statement before the commit. So a reader that has seen a
//!   number has seen all smaller ones.
//!
//! - **Names.** An event is named by its number and its time together ([`EventId`]). A number alone would point to
//!   another event once a database has been restored from a backup.
//!
//! - **Contents.** Ids and states, never what people said or who they are. Those who may read it fetch it by its id.
//!
//! - **Time.** Events are kept for 72 hours (`KEPT`). Those of a deleted call go with it, but for the one that tells
//!   the deletion.

mod cause;
mod follow;
mod hub;
mod id;
mod model;
mod part;
mod read;

pub(crate) use cause::Cause;
pub use follow::Follower;
pub use id::EventId;
pub use model::{EventFilter, OutboxEvent};
pub use part::Outbox;

//! Calls: what a call is, how it is found, and how its status changes.
//!
//! ```text
//!              endCall, or the stream's end          the recording stands, or there was no audio
//!   active ------------------------------> finalizing ------------------------------> completed
//!                                             ^    |
//!                          endCall once more  |    |  it cannot be made; the chunks stay
//!                                             |    v
//!                                             failed
//! ```
//!
//! Each transition is one transaction of the writer, and each is conditional on the status that it leaves. `active` to
//! `finalizing` is in `end`, for requests, streams, carriers' reports and timeouts alike; the others are the
//! finalizer's. Deletion is no status: a call of any status may be deleted, and is then found by nobody.

pub(crate) mod cursor;
mod delete;
mod end;
mod filter;
mod find;
mod get;
mod include;
mod list;
mod matching;
mod model;
mod part;
mod phone;
mod segment;
mod start;
mod update;
mod visible;

pub(crate) use end::End;
pub use filter::{CallFilter, CallSort, CustomValue, SortField};
pub(crate) use find::find;
pub use get::{CallParts, Part};
pub use include::ListPart;
pub use list::{CallList, ListCalls};
pub(crate) use matching::{Lead, matching};
pub use model::{
    AudioFormat, Call, CallFailure, CallRef, Direction, EndReason, SID_CHARACTERS, Status, UNKNOWN_CALLER, as_id,
    is_sid,
};
pub(crate) use model::{CallRow, samples_to_seconds};
pub use part::Calls;
pub use phone::PhoneCall;
pub(crate) use segment::select_by_start;
pub use start::{NewCall, Started};
pub use update::CallChange;
pub(crate) use visible::Visible;

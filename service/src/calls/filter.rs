//! Which calls a list has, and in what order.

use super::model::{Direction, Status};
use crate::{Private, Timestamp};

/// Filters of a list of calls; all that are given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// The call's status.
    pub status: Option<Status>,
    /// Who called.
    pub caller: Option<Private>,
    /// Who answered.
    pub agent: Option<Private>,
    /// Direction of the phone call.
    pub direction: Option<Direction>,
    /// The media stream's id.
    pub stream_sid: Option<String>,
    /// The carrier's id of the phone call.
    pub call_sid: Option<String>,
    /// The call began then or later.
    pub started_after: Option<Timestamp>,
    /// The call began before then.
    pub started_before: Option<Timestamp>,
    /// Shortest duration, in milliseconds.
    pub min_duration_ms: Option<i64>,
    /// Longest duration, in milliseconds.
    pub max_duration_ms: Option<i64>,
}

/// The order of calls. Ties are ordered by id, in the same direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallSort {
    /// The field to sort by.
    pub field: SortField,
    /// Largest first.
    pub descending: bool,
}

/// A field by which calls can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SortField {
    /// When the call began.
    StartTime,
    /// Duration of the call. Calls that have not ended come last in both directions.
    Duration,
}

//! What both databases answer about full-text search.

use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::entries::NUMBER_BITS;

/// A transcript that has the words of a query. Hits come in descending order of `place` and `id`.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Hit {
    /// The entry's id.
    pub id: i64,
    /// The entry's place.
    pub place: i64,
    pub transcript_id: Uuid,
    pub call_id: Uuid,
    /// Whether it meets the other conditions of the search.
    pub fits: bool,
}

impl Hit {
    /// When the call began, as far as a place can hold it.
    pub(crate) fn start_time(&self) -> i64 {
        self.place >> NUMBER_BITS
    }
}

/// Where hits begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HitsFrom {
    /// With the newest call.
    Newest,
    /// With the calls that began at this time.
    Start(i64),
    /// After a hit with this place and id.
    After(i64, i64),
}

impl HitsFrom {
    /// The place and id that all hits are below.
    pub(crate) fn end(self) -> (i64, i64) {
        match self {
            Self::Newest => (i64::MAX, i64::MAX),
            Self::Start(start) => (start.saturating_add(1).saturating_mul(1 << NUMBER_BITS), i64::MIN),
            Self::After(place, id) => (place, id),
        }
    }
}

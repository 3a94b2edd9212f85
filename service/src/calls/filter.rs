//! Which calls a list has, and in what order. The filter's condition is in `matching`.

use super::model::{Direction, EndReason, Status};
use crate::{Private, Timestamp, words::SearchQuery};

/// Filters of a list of calls; all that are given must hold.
///
/// # Examples
///
/// ```
/// use service::{CallFilter, Status};
///
/// let ended = CallFilter { status: vec![Status::Completed, Status::Failed], ..CallFilter::default() };
/// assert!(ended.agent.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallFilter {
    /// The call's status is one of these; any if empty.
    pub status: Vec<Status>,
    /// Who called.
    pub caller: Option<Private>,
    /// How the caller begins, such as a country code.
    pub caller_prefix: Option<Private>,
    /// Who answered is one of these; anyone if empty.
    pub agent: Vec<Private>,
    /// Direction of the phone call.
    pub direction: Option<Direction>,
    /// What ended the call is one of these; anything if empty.
    pub end_reason: Vec<EndReason>,
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
    /// The metadata's language.
    pub language: Option<String>,
    /// The metadata's region.
    pub region: Option<String>,
    /// The metadata's type of device.
    pub device_type: Option<String>,
    /// Whether the call has a recording.
    pub has_recording: Option<bool>,
    /// Values of the metadata's custom data.
    pub custom_data: Vec<CustomValue>,
    /// Least time that somebody speaks, in milliseconds. Calls without computed analytics do not match.
    pub min_talk_time_ms: Option<i64>,
    /// Longest median time to answer of the agent, in milliseconds. Calls in which the agent never answered do not
    /// match.
    pub max_response_latency_ms: Option<i64>,
    /// The calls in which search finds this. Only [`Calls::list`](super::Calls::list) asks for it.
    pub q: Option<SearchQuery>,
}

impl CallFilter {
    /// All of the filter as text, also what `Debug` hides. Two filters have the same text only if they are equal.
    pub(crate) fn plain(&self) -> String {
        let hidden = self.caller.iter().chain(&self.caller_prefix).chain(&self.agent);
        let custom = self.custom_data.iter().flat_map(|custom| &custom.path);
        let values = self.custom_data.iter().map(|custom| &custom.value);
        let hidden: Vec<_> = hidden.chain(custom).chain(values).map(Private::expose).collect();
        format!("{self:?} {hidden:?} {:?}", self.q.as_ref().map(SearchQuery::canonical))
    }
}

/// A value that the metadata's custom data has at a path.
///
/// The value is a text. It equals a string that is the same, a number that it writes (`5` equals `5.0`), and `true` or
/// `false`.
///
/// # Examples
///
/// ```
/// use service::CustomValue;
///
/// let custom = CustomValue::parse("order.id", "A-17").unwrap();
/// assert_eq!(custom.path.len(), 2);
/// assert!(CustomValue::parse("order..id", "A-17").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomValue {
    /// The names of the fields that lead to the value, from the outermost.
    pub path: Vec<Private>,
    /// The value.
    pub value: Private,
}

/// Deepest and longest path.
const PATH_MAX_DEPTH: usize = 16;
const PATH_MAX_CHARACTERS: usize = 256;

impl CustomValue {
    /// Reads a path, in which dots separate the names. `None` for an empty name, more than 16 names or 256 characters,
    /// and for quotes, backslashes and control characters, which SQLite's paths cannot hold.
    #[must_use]
    pub fn parse(path: &str, value: &str) -> Option<Self> {
        let fits = |name: &str| {
            !name.is_empty() && !name.contains(|letter: char| letter.is_control() || matches!(letter, '"' | '\\'))
        };
        let names: Vec<_> = path.split('.').collect();
        let all = names.len() <= PATH_MAX_DEPTH && path.chars().count() <= PATH_MAX_CHARACTERS;
        (all && names.iter().all(|name| fits(name)))
            .then(|| Self { path: names.into_iter().map(Private::from).collect(), value: value.into() })
    }
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

//! The part of the call store for transcripts. Its operations are in the other files of this folder.

use crate::core::Core;

/// Operations on transcripts: store what was said, change it, and list it.
///
/// Storing one writes an audit entry in the same transaction, so that no utterance is there without one.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Actor, Author, CallRef, ListTranscripts, NewAuditEntry, NewCall, NewTranscript, Page};
///
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// let said = NewTranscript { start_time: Some(0.5), ..NewTranscript::speech("caller", "A table for two.") };
/// let entry = NewAuditEntry {
///     actor: Actor::Anyone,
///     key_id: None,
///     address: None,
///     forwarded_for: None,
///     operation: "addTranscript".to_owned(),
///     resource: "/calls/MZ1/transcripts".to_owned(),
///     status: 201,
///     count: 1,
///     request_id: None,
///     server_request_id: None,
/// };
/// callstore.transcripts.add(&call, said, Author::default(), None, entry).await?;
///
/// let all = ListTranscripts::all(Page { limit: 50, offset: 0 });
/// let page = callstore.transcripts.list(&call, &ListTranscripts { speaker: Some("caller".into()), ..all }).await?;
/// assert_eq!((page.items.len(), page.has_more), (1, false));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Transcripts {
    pub(super) core: Core,
}

impl Transcripts {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }
}

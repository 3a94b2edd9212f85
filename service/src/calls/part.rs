//! The part of the call store for calls. Its operations are in the other files of this folder.

use crate::{core::Core, finalizer::Finalizer, purge::Purge, recordings::Recordings, streams::Sockets};

/// Operations on calls: start, get, list, change, end, delete.
///
/// A call is named by a [`CallRef`](crate::CallRef): its id, or its media stream's `streamSid`. A deleted call is not
/// found by anything, although its rows and its recording go only later.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use std::time::Duration;
///
/// use service::{Author, CallRef, NewCall, Status};
///
/// let new = NewCall { stream_sid: Some("MZ1".to_owned()), ..NewCall::default() };
/// let started = callstore.calls.start(new.clone(), Author::default(), None).await?;
/// assert!(started.created);
/// // The same request again creates nothing, so a client may repeat it.
/// assert!(!callstore.calls.start(new, Author::default(), None).await?.created);
///
/// let call = CallRef::parse("MZ1").unwrap();
/// let (ended, parts) = callstore.calls.end(&call, None, Duration::from_secs(30), None).await?;
/// // A call without audio has nothing to record.
/// assert_eq!((ended.status, parts.recordings), (Status::Completed, Some(Vec::new())));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Calls {
    pub(crate) core: Core,
    pub(crate) recordings: Recordings,
    /// Makes the recordings of calls that have ended.
    pub(crate) finalizer: Finalizer,
    /// Removes deleted calls.
    pub(crate) purge: Purge,
    /// Told when a call has ended.
    pub(crate) sockets: Sockets,
}

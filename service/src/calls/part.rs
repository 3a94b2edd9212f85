//! The part of the call store for calls. Its operations are in the other files of this folder.

use crate::{core::Core, finalizer::Finalizer, purge::Purge, recordings::Recordings, streams::Sockets};

/// Operations on calls.
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

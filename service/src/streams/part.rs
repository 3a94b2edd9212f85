//! The part of the call store for sockets with audio. Its operations are in the other files of this folder.

use super::{arrival::Arrival, registry::Sockets};
use crate::{calls::Calls, chunks::Chunks, core::Core, events::Events, metadata::MetadataRecords, signer::Signing};

/// Operations on sockets that carry a call's audio.
#[derive(Clone)]
pub struct Streams {
    pub(crate) core: Core,
    /// A media stream starts its call, and ends it.
    pub(crate) calls: Calls,
    pub(crate) chunks: Chunks,
    /// The parameters of a media stream become its call's metadata.
    pub(crate) metadata: MetadataRecords,
    pub(crate) events: Events,
    pub(crate) sockets: Sockets,
    pub(crate) signing: Signing,
}

impl Streams {
    /// Registers a carrier's socket. Call this before the handshake is answered: then a socket that replaces another
    /// always registers after it.
    #[must_use]
    pub fn note_arrival(&self) -> Arrival {
        self.sockets.arrivals.note()
    }
}

//! The part of the call store for sockets with audio. Its operations are in the other files of this folder.

use super::{arrival::Arrival, registry::Sockets};
use crate::{
    Timestamp, calls::Calls, chunks::Chunks, core::Core, events::Events, metadata::MetadataRecords, signer::Signing,
};

/// Operations on sockets that carry a call's audio.
///
/// A carrier's stream is [`note_arrival`](Self::note_arrival), [`open`](Self::open), then frames, then `stop` or
/// `close`. A client's own stream joins a call that exists: [`open_socket`](Self::open_socket), then chunks. A socket
/// reads its peer and [`interrupted`](crate::MediaStream::interrupted) at the same time, and closes when that returns.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, CallRef, Frame, NewStream, Status, Track};
///
/// let arrival = callstore.streams.note_arrival();
/// let new = NewStream {
///     stream_sid: "MZ1".to_owned(),
///     call_sid: None,
///     caller: "+14155550134".into(),
///     agent: None,
///     direction: None,
///     dialect: "twilio",
///     audio_format: None,
///     custom_data: serde_json::Map::new().into(),
/// };
/// let mut stream = callstore.streams.open(new, Author::default(), None, arrival).await?;
/// let frame = Frame { track: Track::Inbound, chunk: 1, timestamp_ms: 0, epoch_ms: None, audio: vec![0xFF; 160] };
/// stream.add(vec![frame]).await?;
/// // The carrier's `stop`: the call ends.
/// stream.stop().await?;
///
/// let (call, _) = callstore.calls.get(&CallRef::parse("MZ1").unwrap(), &[]).await?;
/// assert_ne!(call.status, Status::Active);
/// # Ok(()) }) }
/// ```
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

    /// The service's clock: platforms that sign their handshakes date them.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.core.now()
    }
}

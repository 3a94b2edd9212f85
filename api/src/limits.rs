//! What a client may take of the service: bytes, time, connections, requests. What a request may hold is in
//! `service::limits`; docs/limits.md lists both, and a test compares.

use std::time::Duration;

/// The largest body, in bytes, where an operation says nothing else.
pub(crate) const BODY_MAX_BYTES: usize = 1024 * 1024;
/// The largest batch.
pub(crate) const BATCH_MAX_BYTES: usize = 8 * 1024 * 1024;
/// The largest body with audio to convert.
pub(crate) const AUDIO_MAX_BYTES: usize = 16 * 1024 * 1024;
/// The largest form.
pub(crate) const FORM_MAX_BYTES: usize = 64 * 1024;

/// How long the head of a request may take, from its first byte; of a new connection's, from its opening.
pub(crate) const HEAD_LIMIT: Duration = Duration::from_secs(10);
/// How many bytes of a body have to come each second, on average.
pub(crate) const BODY_BYTES_PER_SECOND: u32 = 1024;
/// How long a body may take before they are counted.
pub(crate) const BODY_GRACE: Duration = Duration::from_secs(5);
/// How long a body may take in all.
pub(crate) const BODY_LIMIT: Duration = Duration::from_secs(60);
/// How long `endCall` waits for the recording at most.
pub(crate) const END_WAIT_MAX: Duration = Duration::from_secs(30);
/// How long a client may take nothing of what is sent to it.
pub(crate) const UNREAD_LIMIT: Duration = Duration::from_secs(15);
/// How much of an answer the kernel holds that it cannot send yet, so that readers who do not read are cheap.
pub(crate) const UNSENT_MAX_BYTES: u32 = 128 * 1024;
/// How long an idle connection is kept: longer than clients keep theirs (90 s is common), so that none sends a request
/// into one that is being closed.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(120);

/// How many connections may be open, where the limit of open files allows it and nothing else is set.
pub(crate) const CONNECTIONS_DEFAULT: u32 = 10_000;
/// How many more are taken to be told that there are too many.
pub(crate) const CONNECTIONS_REFUSED_MAX: u32 = 1_000;

/// How many requests a second a client of another machine may make, unless something else is set.
pub(crate) const RATE_DEFAULT: u32 = 5_000;
/// How long a client that was silent may save up for.
pub(crate) const RATE_BURST: Duration = Duration::from_secs(2);
/// How many requests with a key that is not taken an address may make in a second, at most.
pub(crate) const REFUSED_KEYS_PER_SECOND: u32 = 10;
/// Of how many clients it is remembered what they have left, twice over.
pub(crate) const RATE_CLIENTS_MAX: usize = 10_000;

/// The longest message of a media stream, in bytes; one with 20 ms of audio has 400.
pub(crate) const MEDIA_MESSAGE_MAX_BYTES: usize = 64 * 1024;
/// How long the socket of a media stream may be open before its stream starts.
pub(crate) const MEDIA_START_LIMIT: Duration = Duration::from_secs(10);
/// How many AudioSocket connections may be open.
pub(crate) const AUDIOSOCKET_CONNECTIONS_MAX: usize = 1_000;
/// How long an AudioSocket connection may be silent before its call ends.
pub(crate) const AUDIOSOCKET_IDLE_LIMIT: Duration = Duration::from_secs(60);
/// The longest message of the stream protocol, in bytes: as a body of `addAudioChunk`.
pub(crate) const STREAM_MESSAGE_MAX_BYTES: usize = BODY_MAX_BYTES;
/// How many of its chunks wait for their commit before the socket is not read further.
pub(crate) const STREAM_WAITING_MAX: usize = 256;
/// How many bytes of audio.
pub(crate) const STREAM_WAITING_MAX_BYTES: usize = 4 * 1024 * 1024;
/// How often a socket is looked at: one that was silent is pinged, one that was silent once more is closed.
pub(crate) const SOCKET_BEAT: Duration = Duration::from_secs(20);

//! What a request may hold. The one home of these numbers: validation, the OpenAPI document and the tests read them here.

/// The shortest chunk, in bytes.
pub const CHUNK_MIN_BYTES: usize = 1;
/// The longest chunk, in bytes.
pub const CHUNK_MAX_BYTES: usize = 256 * 1024;
/// The largest sequence number.
pub const SEQUENCE_MAX: u32 = 2_147_483_647;
/// The latest place of a chunk, in milliseconds: 12 hours, so that two tracks fit a WAV file.
pub const TIMESTAMP_MAX_MS: u32 = 43_200_000;
/// The most chunks or transcripts in one batch.
pub const BATCH_MAX: usize = 500;
/// The most holes that a chunk status lists.
pub const MISSING_MAX: usize = 1_000;
/// The page size unless one is asked for.
pub const PAGE_DEFAULT: u64 = 50;
/// The largest page; more is cut to it.
pub const PAGE_MAX: u64 = 500;
/// The largest offset into the list of calls; beyond, a cursor leads on.
pub const OFFSET_MAX: u64 = 100_000;
/// The most items of each part that come with a call.
pub const PART_MAX: u64 = 500;
/// The longest JSON object in `metrics` and `customData`, in bytes of JSON.
pub const JSON_MAX_BYTES: usize = 64 * 1024;
/// How deep it may be nested.
pub const JSON_MAX_DEPTH: usize = 16;
/// The longest `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;
/// How long a link to a recording works unless said otherwise, and at most, in seconds.
pub const LINK_TTL_DEFAULT_SECONDS: u32 = 300;
/// See [`LINK_TTL_DEFAULT_SECONDS`].
pub const LINK_TTL_MAX_SECONDS: u32 = 86_400;
/// The sample rate of recordings.
pub const RECORDING_RATE: u32 = 16_000;
/// The first moment that is no longer a time of ours: the year 3000.
pub const TIME_END_MS: i64 = 32_503_680_000_000;

//! Limits of requests. Validation, the OpenAPI document and the tests all read them from here.

use serde_json::Value;

use crate::Error;

/// Shortest chunk, in bytes.
pub const CHUNK_MIN_BYTES: usize = 1;
/// Longest chunk, in bytes.
pub const CHUNK_MAX_BYTES: usize = 256 * 1024;
/// Largest sequence number.
pub const SEQUENCE_MAX: u32 = 2_147_483_647;
/// Largest timestamp of a chunk, in milliseconds: 12 hours, so that two tracks fit into a WAV file.
pub const TIMESTAMP_MAX_MS: u32 = 43_200_000;
/// Most chunks or transcripts in one batch.
pub const BATCH_MAX: usize = 500;
/// Most missing ranges that a chunk status lists.
pub const MISSING_MAX: usize = 1_000;
/// Default page size.
pub const PAGE_DEFAULT: u64 = 50;
/// Largest page size; larger values are reduced to it.
pub const PAGE_MAX: u64 = 500;
/// Largest offset into the list of calls. Further pages need a cursor.
pub const OFFSET_MAX: u64 = 100_000;
/// Most values of a filter that may be repeated.
pub const FILTER_VALUES_MAX: usize = 20;
/// Most filters by custom data in one request.
pub const CUSTOM_FILTERS_MAX: usize = 10;
/// Most items of statistics.
pub const STATS_ITEMS_MAX: usize = 10_000;
/// Most items of each part included with a call.
pub const PART_MAX: u64 = 500;
/// Longest JSON object in `metrics` and `customData`, in bytes of JSON.
pub const JSON_MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of such an object.
pub const JSON_MAX_DEPTH: usize = 16;
/// Longest `Idempotency-Key`, in characters.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;
/// Longest state of a conversion in pieces, as text.
pub const CONVERSION_STATE_MAX: usize = 4096;
/// Default lifetime of a link to a recording, in seconds.
pub const LINK_TTL_DEFAULT_SECONDS: u32 = 300;
/// Longest lifetime of a link to a recording, in seconds.
pub const LINK_TTL_MAX_SECONDS: u32 = 86_400;
/// Default lifetime of a call token, in seconds.
pub const CALL_TOKEN_TTL_DEFAULT_SECONDS: u32 = 3_600;
/// Longest lifetime of a call token, in seconds.
pub const CALL_TOKEN_TTL_MAX_SECONDS: u32 = 86_400;
/// How long a rotated key stays valid by default, in seconds.
pub const KEY_OVERLAP_DEFAULT_SECONDS: u32 = 86_400;
/// How long a rotated key stays valid at most, in seconds.
pub const KEY_OVERLAP_MAX_SECONDS: u32 = 2_592_000;
/// Most networks of a key.
pub const KEY_NETWORKS_MAX: usize = 64;
/// Most webhooks.
pub const WEBHOOKS_MAX: u64 = 100;
/// Most types of a webhook.
pub const WEBHOOK_TYPES_MAX: usize = 32;
/// Capacity of the write queue, in bytes.
pub const QUEUE_MAX_BYTES: usize = 32 * 1024 * 1024;
/// End of the accepted times, exclusive: the year 3000.
pub const TIME_END_MS: i64 = 32_503_680_000_000;

/// Refuses JSON that is too large or too deeply nested.
pub(crate) fn check_json(pointer: &str, value: Option<&Value>) -> Result<(), Error> {
    let Some(value) = value else { return Ok(()) };
    if depth(value) > JSON_MAX_DEPTH {
        return Err(Error::invalid(pointer, format!("Must be nested at most {JSON_MAX_DEPTH} levels deep.")));
    }
    if value.to_string().len() > JSON_MAX_BYTES {
        return Err(Error::invalid(pointer, format!("Must be at most {JSON_MAX_BYTES} bytes of JSON.")));
    }
    Ok(())
}

/// Depth of nested objects and arrays.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

//! What has to hold of every parser of outside bytes, whatever the bytes: what is accepted is what its writer writes,
//! what is refused is refused with a problem, and nothing panics. The targets in `fuzz/` and the property tests call
//! the same bodies; docs/fuzzing.md says how.

mod bodies;
mod streams;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
mod transcripts;

pub use bodies::{bearer, form, host, json_body, media_type, prefer, query, range, time};
pub use service::fuzzing::{
    base64, call_name, conversion_state, convert_audio, cursor, g711, link, search_query, segments, speech,
    stream_token, wav,
};
pub use streams::{audiosocket, platform_stream, stream_message, websocket};
pub use transcripts::transcript_document;

/// What has to hold of a parser, for any bytes; it panics where it does not.
pub type Body = fn(&[u8]);

/// All of them, by the names of their targets.
pub const BODIES: [(&str, Body); 26] = [
    ("audiosocket", audiosocket),
    ("base64", base64),
    ("bearer", bearer),
    ("call_name", call_name),
    ("conversion_state", conversion_state),
    ("convert_audio", convert_audio),
    ("cursor", cursor),
    ("form", form),
    ("g711", g711),
    ("host", host),
    ("json_body", json_body),
    ("link", link),
    ("media_type", media_type),
    ("platform_stream", platform_stream),
    ("prefer", prefer),
    ("query", query),
    ("range", range),
    ("search_query", search_query),
    ("segments", segments),
    ("speech", speech),
    ("stream_message", stream_message),
    ("stream_token", stream_token),
    ("time", time),
    ("transcript_document", transcript_document),
    ("wav", wav),
    ("websocket", websocket),
];

//! Which part of a file a request wants: `Range`, `If-Range` and `If-None-Match` (RFC 9110) against one strong ETag.

use std::ops::Range;

use actix_web::http::header::{self, HeaderMap};

use crate::extract::{all, has};

/// What to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The client has it.
    NotModified,
    /// All of it.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// The range has no byte of it.
    NotSatisfiable,
}

/// Reads the headers of a request for a file of `size` bytes, tagged `etag` (with its quotes).
pub(crate) fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    if has(headers, etag) {
        return Wanted::NotModified;
    }
    let Some(range) = all(headers, &header::RANGE) else { return Wanted::Whole };
    // A date never fits, since there is no Last-Modified; only a strong tag does.
    if all(headers, &header::IF_RANGE).is_some_and(|tag| tag.trim() != etag) {
        return Wanted::Whole;
    }
    parse(&range, size)
}

/// One range of bytes; what is not understood, and several ranges, are answered with the whole.
fn parse(range: &str, size: u64) -> Wanted {
    let Some((unit, set)) = range.split_once('=') else { return Wanted::Whole };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((first, last)) = set.trim().split_once('-').filter(|(first, last)| digits(first) && digits(last)) else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") || (first.is_empty() && last.is_empty()) {
        return Wanted::Whole;
    }
    // A number beyond 64 bits is beyond every file as well.
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    let part = if first.is_empty() {
        size.saturating_sub(number(last))..size
    } else if last.is_empty() {
        number(first)..size
    } else if number(last) < number(first) {
        return Wanted::Whole;
    } else {
        number(first)..number(last).saturating_add(1).min(size)
    };
    if part.start < part.end { Wanted::Part(part) } else { Wanted::NotSatisfiable }
}

//! Which of several formats a request accepts (RFC 9110, section 12.5.1).

use std::cmp::Reverse;

use actix_web::{
    HttpRequest,
    http::header::{Accept, Header, Quality},
};

/// The format that `Accept` prefers, by quality. Among formats of equal quality, the one that the header names first
/// wins, then the first of `formats`, which is also that of a request without the header. `None` if it allows none.
///
/// Each format has its media types. Ranges such as `text/*` stand for the first one alone; the others are older names.
pub(crate) fn accepted<T: Copy>(request: &HttpRequest, formats: &[(T, &[&str])]) -> Option<T> {
    let first = formats.first().map(|(format, _)| *format);
    let Ok(accept) = Accept::parse(request) else { return first };
    if accept.is_empty() {
        return first;
    }
    let ranges: Vec<_> = accept.iter().map(|range| (range.item.essence_str(), range.quality)).collect();
    let wanted = formats.iter().filter_map(|(format, types)| {
        let (first, others) = types.split_first()?;
        let exact = others.iter().filter_map(|kind| ranges.iter().position(|(range, _)| range == kind)).min();
        let (place, quality) = exact.map(|place| (place, ranges[place].1)).or_else(|| place_of(first, &ranges))?;
        (quality != Quality::ZERO).then_some((*format, quality, place))
    });
    // The first of several minima is kept, which is the one that the service prefers.
    wanted.min_by_key(|&(_, quality, place)| (Reverse(quality), place)).map(|(format, ..)| format)
}

/// The place and quality of the most specific range that covers a media type.
fn place_of(kind: &str, ranges: &[(&str, Quality)]) -> Option<(usize, Quality)> {
    let family = kind.split_once('/').map_or(kind, |(family, _)| family);
    let covers: [&dyn Fn(&str) -> bool; 3] =
        [&|range| range == kind, &|range| range.strip_suffix("/*").is_some_and(|range| range == family), &|range| {
            range == "*/*"
        }];
    covers.iter().find_map(|covers| {
        let place = ranges.iter().position(|(range, _)| covers(range))?;
        Some((place, ranges[place].1))
    })
}

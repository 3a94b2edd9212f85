//! Conversions that no `From` covers. The lint `as_conversions` refuses `as` elsewhere, except for samples.
#![expect(clippy::as_conversions, reason = "this is the place that says why each of them is right")]

/// A length in 64 bits; no target has a wider `usize`.
#[inline]
#[must_use]
pub const fn wide(length: usize) -> u64 {
    length as u64
}

/// A number as an index; no supported target has a narrower `usize`.
#[inline]
#[must_use]
pub const fn index(number: u32) -> usize {
    number as usize
}

/// A count as a float: exact up to 2^53, to the nearest above.
#[inline]
#[must_use]
pub const fn real(count: u64) -> f64 {
    count as f64
}

/// A float without its fraction: 0 for negative numbers and NaN, the nearest bound for numbers out of range.
#[inline]
#[must_use]
pub const fn whole(number: f64) -> u64 {
    number as u64
}

/// A signed number as a float: exact up to 2^53 from 0, to the nearest beyond.
#[inline]
#[must_use]
pub const fn signed(number: i64) -> f64 {
    number as f64
}

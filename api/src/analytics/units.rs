//! How computed figures are written: seconds with three decimals, shares with six.

use service::audio::{conversation::FRAME_MS, number::real};

/// A number of frames in seconds.
pub(super) fn seconds(frames: u32) -> f64 {
    milliseconds(u64::from(frames) * FRAME_MS)
}

/// Milliseconds in seconds.
pub(super) fn milliseconds(milliseconds: u64) -> f64 {
    real(milliseconds) / 1e3
}

/// A part of a whole, 0 to 1, with six decimals; 0 of nothing.
pub(super) fn share(part: u64, whole: u64) -> f64 {
    rounded(part, whole, 1_000_000) / 1e6
}

/// `part * scale / whole`, rounded half up to a whole number; 0 of nothing.
pub(super) fn rounded(part: u64, whole: u64, scale: u64) -> f64 {
    if whole == 0 { 0.0 } else { real((2 * part * scale + whole) / (2 * whole)) }
}

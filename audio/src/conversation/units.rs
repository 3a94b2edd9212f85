//! Frames and milliseconds.
#![expect(clippy::as_conversions, reason = "constants that are small")]

use crate::speech::FRAMES_PER_SECOND;

/// Length of a frame, in milliseconds.
pub const FRAME_MS: u64 = 1000 / FRAMES_PER_SECOND as u64;

/// A limit of a rule in frames.
pub(super) const fn frames(milliseconds: u64) -> u32 {
    (milliseconds / FRAME_MS) as u32
}

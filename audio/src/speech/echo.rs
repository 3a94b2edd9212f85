//! How much of the other party a track echoes, learned from the call.
//!
//! An echo is weaker than its origin by a loss that hardly changes during a call. Where the other track is at its
//! loudest, the level of this one is that of the echo, unless its own party speaks, which is rare then. So the loss is
//! a low percentile of the distances measured there.

use super::{floor::Totals, level::Level};

/// Least loss of an echo, 20 dB. What is closer to the other track is speech.
const LEAST: Level = 1700;
/// Distances from here (16 dB) count as an echo's when the loss is learned.
const PLAUSIBLE: Level = 1360;
/// The loss is the percentile of the distances that so many of a thousand fall below.
const PERMILLE: u32 = 150;
/// How far speech is above the echo expected (4.5 dB).
const MARGIN: Level = 383;
/// A track is heard at this level above its floor (4 dB), and this many times the spread of its noise above it.
const HEARD: Level = 340;
const HEARD_SPREADS: Level = 4;
/// An echo is expected if it was heard for at least one of so many frames in which the other track was loud ...
const SHARE: u32 = 6;
/// ... and for this many frames.
const FEWEST: u32 = 25;
/// The other track is loud within this distance (5 dB) of its loudest speech ...
const LOUD: Level = 400;
/// ... and from this level (-50 dBFS).
const AUDIBLE: Level = 3430;

/// What was measured in one track so far.
#[derive(Debug)]
pub(super) struct Echo {
    /// Distances of the track from the other one where it was heard.
    losses: Totals,
    /// Number of frames in which the other track was loud and this one was not heard.
    unheard: u32,
}

impl Echo {
    pub(super) fn new() -> Self {
        Self { losses: Totals::new(), unheard: 0 }
    }

    /// Takes the level of a frame, the track's noise floor and its spread, the loudest level of the other track in the
    /// time that an echo takes, and the level of that track's loudest speech.
    pub(super) fn measure(&mut self, level: Level, (floor, spread): (Level, Level), other: Level, loudest: Level) {
        let loss = other.saturating_sub(level);
        if other < AUDIBLE.max(loudest.saturating_sub(LOUD)) {
            // A quiet voice says little about its echo.
        } else if level < floor + HEARD.max(spread * HEARD_SPREADS) {
            self.unheard += 1;
        } else if loss >= PLAUSIBLE {
            self.losses.insert(loss);
        }
    }

    /// The level up to which a frame may be an echo of the other track, by the loudest level of that one; 0 if none is
    /// expected.
    pub(super) fn limit(&self, other: Level) -> Level {
        let heard = self.losses.count();
        if other < AUDIBLE || heard.saturating_mul(SHARE) < self.unheard + heard {
            return 0;
        }
        let loss = self.losses.get(PERMILLE, FEWEST);
        loss.map_or(0, |loss| (other + MARGIN).saturating_sub(loss.max(LEAST)))
    }
}

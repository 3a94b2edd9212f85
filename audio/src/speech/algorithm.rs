//! The algorithms by name. The name is stored with what an algorithm found, so that figures of two are not mixed.

use std::{fmt, str::FromStr};

/// How speech is found. The same algorithm finds the same segments for ever: a change of one is a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// By the level of a track above its own noise floor. Any steady noise is silence; tones, echo and what comes and
    /// goes behind the speaker are speech.
    Energy1,
    /// As `Energy1`, and car noise, babble, echo of the other track and tones are no speech.
    Energy2,
}

impl Algorithm {
    /// All of them, the oldest first.
    pub const ALL: [Self; 2] = [Self::Energy1, Self::Energy2];

    /// The one for new recordings.
    pub const DEFAULT: Self = Self::Energy2;

    /// Its name, which [`FromStr`] reads: `energy-1` or `energy-2`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Energy1 => "energy-1",
            Self::Energy2 => "energy-2",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that no [`Algorithm`] has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an algorithm that finds speech; there are energy-1 and energy-2")]
pub struct UnknownAlgorithm;

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(name: &str) -> Result<Self, UnknownAlgorithm> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name).ok_or(UnknownAlgorithm)
    }
}

//! Whole numbers on the wire. Whatever is wrong with one, the error names the limit that applies.

use std::fmt;

use serde::{Deserializer, de};
use service::limits::{KEY_OVERLAP_MAX_SECONDS, LINK_TTL_MAX_SECONDS};

/// What a field may hold.
#[derive(Clone, Copy)]
struct Whole {
    min: u32,
    max: u32,
    /// The same for people, with the unit.
    expected: &'static str,
    /// Whether the number comes as text, as parameters of a query do.
    as_text: bool,
}

/// The service refuses what is too large, once the rest of the chunk is known.
const SEQUENCE: Whole =
    Whole { min: 0, max: u32::MAX, expected: "a whole number from 0 to 2,147,483,647", as_text: false };
const TIMESTAMP: Whole =
    Whole { expected: "a whole number from 0 to 43,200,000: milliseconds since the start of the stream", ..SEQUENCE };
const COUNT: Whole = Whole { max: 2_147_483_647, ..SEQUENCE };
const SAMPLE_RATE: Whole = Whole {
    min: 8_000,
    max: 48_000,
    expected: "one of 8000, 11025, 16000, 22050, 24000, 32000, 44100 and 48000 Hz",
    as_text: false,
};
const KEY_OVERLAP: Whole = Whole {
    min: 0,
    max: KEY_OVERLAP_MAX_SECONDS,
    expected: "a whole number of seconds from 0 to 2,592,000 (30 days)",
    as_text: false,
};
const PIXELS: Whole =
    Whole { min: 1, max: 200, expected: "a whole number of pixels per second from 1 to 200", as_text: true };
const LIFETIME: Whole = Whole {
    min: 1,
    max: LINK_TTL_MAX_SECONDS,
    expected: "a whole number of seconds from 1 to 86,400 (24 hours)",
    as_text: false,
};

impl Whole {
    fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<u32>, D::Error> {
        let read = if self.as_text { deserializer.deserialize_str(self) } else { deserializer.deserialize_any(self) };
        read.map_err(|_| de::Error::custom(format!("Expected {}.", self.expected)))
    }

    fn check<E: de::Error>(self, number: u64) -> Result<Option<u32>, E> {
        let number = u32::try_from(number).ok().filter(|number| (self.min..=self.max).contains(number));
        number.map(Some).ok_or_else(|| E::custom("out of range"))
    }
}

impl<'de> de::Visitor<'de> for Whole {
    type Value = Option<u32>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        self.check(number)
    }

    /// JSON does not tell `1.0` from `1`.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        if number.fract() == 0.0 && (f64::from(self.min)..=f64::from(self.max)).contains(&number) {
            #[expect(clippy::as_conversions, reason = "the number is whole and between two of 32 bits")]
            return Ok(Some(number as u32));
        }
        Err(E::custom("out of range"))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        let digits = self.as_text && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match text.parse() {
            Ok(number) if digits => self.check(number),
            _ => Err(E::custom("not a number")),
        }
    }
}

/// Reads a chunk's `sequence`.
pub(crate) fn sequence<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    SEQUENCE.read(deserializer)
}

/// Reads a chunk's `timestamp`.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    TIMESTAMP.read(deserializer)
}

/// Reads a `sequence` in a query.
pub(crate) fn sequence_parameter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Whole { as_text: true, ..SEQUENCE }.read(deserializer)
}

/// Reads a `timestamp` in a query.
pub(crate) fn timestamp_parameter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    Whole { as_text: true, ..TIMESTAMP }.read(deserializer)
}

/// Reads a count, such as `interruptions`.
pub(crate) fn count<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    COUNT.read(deserializer)
}

/// Reads a sample rate.
pub(crate) fn sample_rate<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    SAMPLE_RATE.read(deserializer)
}

/// Reads how long a rotated key stays valid.
pub(crate) fn key_overlap<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    KEY_OVERLAP.read(deserializer)
}

/// Reads how long a link or a call token works.
pub(crate) fn lifetime<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    LIFETIME.read(deserializer)
}

/// Reads a number of pixels per second in a query.
pub(crate) fn pixels_parameter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    PIXELS.read(deserializer)
}

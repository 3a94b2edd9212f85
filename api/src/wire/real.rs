//! Numbers with a fraction on the wire. If one has the wrong type, the error names the same limits as if it were too
//! small or too large; `validate` checks those.

use std::fmt;

use serde::{Deserializer, de};
use service::audio::number::{real, signed};

/// What a field may hold.
#[derive(Clone, Copy)]
struct Real {
    /// The limits, for people.
    expected: &'static str,
    /// Whether the number comes as text, as parameters of a query do.
    as_text: bool,
}

impl Real {
    fn read<'de, D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<f64>, D::Error> {
        let read = if self.as_text { deserializer.deserialize_str(self) } else { deserializer.deserialize_any(self) };
        read.map_err(|_| de::Error::custom(format!("Expected {}.", self.expected)))
    }
}

impl de::Visitor<'_> for Real {
    type Value = Option<f64>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Some(real(number)))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Some(signed(number)))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Some(number))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        match text.parse::<f64>() {
            Ok(number) if self.as_text && number.is_finite() => Ok(Some(number)),
            _ => Err(E::custom("not a number")),
        }
    }
}

/// Reads a share, such as `confidence`.
pub(crate) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Real { expected: "a number from 0 to 1", as_text: false }.read(deserializer)
}

/// Reads a duration or another amount.
pub(crate) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Real { expected: "a number, at least 0", as_text: false }.read(deserializer)
}

/// A place in a call.
const PLACE: Real = Real {
    expected: "a number from 0 to 43,200: seconds (not milliseconds) since the start of the call",
    as_text: false,
};

/// Reads a place in a call.
pub(crate) fn place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    PLACE.read(deserializer)
}

/// Reads a place in a call that must be given.
pub(crate) fn required_place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    place(deserializer)?.ok_or_else(|| de::Error::custom(format!("Expected {}.", PLACE.expected)))
}

/// Reads a changed place in a call: null removes it.
pub(crate) fn changed_place<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    place(deserializer).map(Some)
}

/// Reads a changed share: null removes it.
pub(crate) fn changed_share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<f64>>, D::Error> {
    share(deserializer).map(Some)
}

/// Reads a duration in a query.
pub(crate) fn duration_parameter<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    Real { expected: "a number of seconds from 0 to 1,000,000,000,000", as_text: true }.read(deserializer)
}

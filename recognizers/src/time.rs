//! Times as providers write them, in seconds.

use serde_json::Value;

use crate::json;

/// A second in milliseconds.
pub(crate) const MILLISECONDS: f64 = 1_000.0;
/// A second in Azure's ticks of 100 ns.
pub(crate) const TICKS: f64 = 10_000_000.0;

/// Rounds seconds to 1 ms.
pub(crate) fn to_millisecond(seconds: f64) -> f64 {
    (seconds * MILLISECONDS).round() / MILLISECONDS
}

/// Seconds in whole milliseconds, for comparing and for ids. A time beyond any call counts as the largest number.
#[expect(clippy::as_conversions, reason = "a float has no other way to an integer; this one saturates")]
pub(crate) fn milliseconds(seconds: f64) -> i64 {
    (seconds * MILLISECONDS).round() as i64
}

/// A protobuf duration: `0.400s` in JSON, or {`seconds`, `nanos`} from some libraries.
pub(crate) fn protobuf(value: &Value) -> Option<f64> {
    if let Some(text) = value.as_str() {
        return text.trim().strip_suffix('s')?.parse().ok().filter(|seconds: &f64| seconds.is_finite());
    }
    let object = value.as_object()?;
    let part = |name| object.get(name).map_or(Some(0.0), json::as_number);
    Some(part("seconds")? + part("nanos")? / 1e9)
}

/// An ISO 8601 duration of hours, minutes and seconds, such as `PT1M2.5S`.
pub(crate) fn iso_8601(text: &str) -> Option<f64> {
    let mut rest = text.trim().strip_prefix("PT")?;
    let mut seconds = 0.0;
    for (unit, length) in [('H', 3_600.0), ('M', 60.0), ('S', 1.0)] {
        if let Some((number, after)) = rest.split_once(unit) {
            seconds += number.parse::<f64>().ok().filter(|number| number.is_finite())? * length;
            rest = after;
        }
    }
    rest.is_empty().then_some(seconds)
}

/// A time of captions: `[H...:]MM:SS.mmm`, with a point or a comma.
pub(crate) fn clock(text: &str) -> Option<f64> {
    let (clock, fraction) = text.trim().split_once(['.', ',']).unwrap_or((text.trim(), "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = clock.split(':').collect();
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(|part| is_number(part)) || !is_number(fraction) {
        return None;
    }
    let seconds = parts.iter().try_fold(0.0, |total, part| Some(total * 60.0 + part.parse::<f64>().ok()?))?;
    let fraction: f64 = format!("0.{fraction}").parse().ok()?;
    Some(seconds + fraction)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{clock, iso_8601, protobuf};

    #[test]
    fn durations_and_clocks_are_seconds() {
        assert_eq!(iso_8601("PT1H1M2.5S"), Some(3_662.5));
        assert_eq!(iso_8601("PT0.44S"), Some(0.44));
        assert_eq!([iso_8601("P1D"), iso_8601("PT1X"), iso_8601("PTnanS"), iso_8601("1S")], [None; 4]);
        assert_eq!(protobuf(&json!("0.400s")), Some(0.4));
        assert_eq!(protobuf(&json!({ "seconds": "2", "nanos": 500_000_000 })), Some(2.5));
        assert_eq!([protobuf(&json!("0.4")), protobuf(&json!(1)), protobuf(&json!("infs"))], [None; 3]);
        assert_eq!(clock("123:00:01,250"), Some(442_801.25));
        assert_eq!(clock(" 00:01.5 "), Some(1.5));
        assert_eq!([clock("1"), clock("a:01.0"), clock("00:01.x"), clock("1:2:3:4"), clock(":01")], [None; 5]);
    }
}

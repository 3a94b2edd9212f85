//! The replay speed. Deadlines are computed from the start of the call by the monotonic clock. A slow request is thus
//! made up for by the next, and a replay of hours does not drift.

use std::{str::FromStr, time::Duration};

use tokio::time::Instant;

/// The frame interval of telephony. Calls start at different offsets within it, so that they do not all send at once.
const BEAT: Duration = Duration::from_millis(20);
/// The fractional part of the golden ratio. Its multiples modulo 1 are evenly spread, however many there are.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// The longest wait: about 30 years, which `Instant` can still represent.
const WAIT_MAX_SECONDS: f64 = 1e9;

/// The speed of a replay relative to real time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// No pauses.
    Max,
    /// A factor of real time; 1 is real time.
    Times(f64),
}

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "max" => return Ok(Self::Max),
            "realtime" => return Ok(Self::Times(1.0)),
            _ => {}
        }
        match text.parse() {
            Ok(factor) if f64::is_finite(factor) && factor > 0.0 => Ok(Self::Times(factor)),
            _ => Err("expected realtime, max, or a number above 0"),
        }
    }
}

impl Speed {
    /// How long replaying `media` takes; `None` without pauses.
    fn stretch(self, media: Duration) -> Option<Duration> {
        match self {
            Self::Max => None,
            Self::Times(factor) => Some(Duration::from_secs_f64((media.as_secs_f64() / factor).min(WAIT_MAX_SECONDS))),
        }
    }
}

/// The deadlines of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    begin: Instant,
    speed: Speed,
}

impl Pace {
    /// A pace that starts at `begin`.
    #[must_use]
    pub(crate) fn new(begin: Instant, speed: Speed) -> Self {
        Self { begin, speed }
    }

    /// The pace of call `index`, from 0, of `total`. The calls' starts are spread over `ramp` of media time. Each also
    /// has its own offset within `BEAT`: otherwise all calls would send at the same moments, which no real load does.
    #[must_use]
    pub(crate) fn staggered(self, index: usize, total: usize, ramp: Duration) -> Self {
        let share = ramp.mul_f64(index as f64 / total.max(1) as f64) + BEAT.mul_f64(index as f64 * GOLDEN % 1.0);
        Self { begin: self.begin + self.speed.stretch(share).unwrap_or_default(), ..self }
    }

    /// Moves the start by whole beats until it is not before `now`. A call that took long to connect keeps its offset
    /// within the beat.
    #[must_use]
    pub(crate) fn not_before(self, now: Instant) -> Self {
        let beat = self.speed.stretch(BEAT).unwrap_or_default().as_nanos().max(1);
        let beats = now.saturating_duration_since(self.begin).as_nanos().div_ceil(beat);
        let late = u64::try_from(beats * beat).map_or(Duration::ZERO, Duration::from_nanos);
        Self { begin: self.begin + late, ..self }
    }

    /// When `media` of the session should have been sent; `None` without pauses.
    #[must_use]
    pub(crate) fn deadline(&self, media: Duration) -> Option<Instant> {
        Some(self.begin + self.speed.stretch(media)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_positive_number_or_max() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("1".parse(), Ok(Speed::Times(1.0)));
        assert_eq!("realtime".parse(), Ok(Speed::Times(1.0)));
        assert_eq!("0.25".parse(), Ok(Speed::Times(0.25)));
        for wrong in ["", "0", "-1", "inf", "NaN", "1x", "Max"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn deadlines_are_counted_from_the_beginning() {
        let begin = Instant::now();
        let after = |speed, milliseconds| {
            let deadline = Pace::new(begin, speed).deadline(Duration::from_millis(milliseconds))?;
            Some((deadline - begin).as_millis())
        };
        assert_eq!(after(Speed::Times(1.0), 134), Some(134));
        assert_eq!(after(Speed::Times(10.0), 43_200_000), Some(4_320_000));
        assert_eq!(after(Speed::Times(0.5), 20), Some(40));
        assert_eq!(after(Speed::Max, 134), None);
        assert!(after(Speed::Times(f64::MIN_POSITIVE), 1).is_some());
    }

    #[test]
    fn calls_begin_one_after_the_other_and_off_each_others_beat() {
        let (begin, second) = (Instant::now(), Duration::from_secs(1));
        let start = |speed, index| {
            let deadline = Pace::new(begin, speed).staggered(index, 4, second).deadline(Duration::ZERO);
            deadline.map(|deadline| (deadline - begin).as_millis())
        };
        assert_eq!([0, 1, 3].map(|index| start(Speed::Times(1.0), index)), [Some(0), Some(262), Some(767)]);
        assert_eq!(start(Speed::Times(10.0), 2), Some(50));
        assert_eq!(start(Speed::Max, 2), None);
    }

    #[test]
    fn a_call_that_connects_late_keeps_its_beat() {
        let begin = Instant::now();
        let pace = Pace::new(begin, Speed::Times(1.0)).not_before(begin + Duration::from_millis(41));
        assert_eq!(pace.deadline(Duration::ZERO), Some(begin + Duration::from_millis(60)));
        let pace = pace.not_before(begin);
        assert_eq!(pace.deadline(Duration::ZERO), Some(begin + Duration::from_millis(60)));
    }
}

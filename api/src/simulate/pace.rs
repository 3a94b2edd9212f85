//! How fast a session is replayed. Deadlines are counted from the beginning by the monotonic clock, so that what one
//! request takes too long the next one makes up for, and a replay of hours does not drift.

use std::{str::FromStr, time::Duration};

use tokio::time::{self, Instant};

/// Over how much of the sessions' time the beginnings of calls are spread.
const STAGGER: Duration = Duration::from_secs(1);

/// The longest that is ever waited for: 30 years, which a clock can still count.
const WAIT_MAX_SECONDS: f64 = 1e9;

/// How many times faster than it was recorded a session is replayed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// Without pauses.
    Max,
    /// So many times as fast; 1 is real time.
    Times(f64),
}

impl FromStr for Speed {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse() {
            Ok(factor) if f64::is_finite(factor) && factor > 0.0 => Ok(Self::Times(factor)),
            _ => Err("expected a number above 0, or max"),
        }
    }
}

impl Speed {
    /// How long it takes to replay `media`; `None` when nothing is waited for.
    fn stretch(self, media: Duration) -> Option<Duration> {
        match self {
            Self::Max => None,
            Self::Times(factor) => Some(Duration::from_secs_f64((media.as_secs_f64() / factor).min(WAIT_MAX_SECONDS))),
        }
    }
}

/// The pace of one call.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    begin: Instant,
    speed: Speed,
}

impl Pace {
    /// From `begin` on, at `speed`.
    #[must_use]
    pub fn new(begin: Instant, speed: Speed) -> Self {
        Self { begin, speed }
    }

    /// The pace of the call number `index`, from 0, of `total`. Calls begin one after the other, for if all began at once,
    /// all would send at once ever after, which is no load that a service meets.
    #[must_use]
    pub fn staggered(self, index: usize, total: usize) -> Self {
        let share = STAGGER.mul_f64(index as f64 / total.max(1) as f64);
        Self { begin: self.begin + self.speed.stretch(share).unwrap_or_default(), ..self }
    }

    /// When `media` of the session should have passed; `None` when it need not be waited for.
    #[must_use]
    pub fn deadline(&self, media: Duration) -> Option<Instant> {
        Some(self.begin + self.speed.stretch(media)?)
    }

    /// Waits until `media` of the session should have passed.
    pub async fn wait(&self, media: Duration) {
        if let Some(deadline) = self.deadline(media) {
            time::sleep_until(deadline).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_speed_is_a_positive_number_or_max() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("1".parse(), Ok(Speed::Times(1.0)));
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
    fn calls_begin_spread_over_a_second_of_their_time() {
        let begin = Instant::now();
        let start = |speed, index| {
            let deadline = Pace::new(begin, speed).staggered(index, 4).deadline(Duration::ZERO);
            deadline.map(|deadline| (deadline - begin).as_millis())
        };
        assert_eq!([0, 1, 3].map(|index| start(Speed::Times(1.0), index)), [Some(0), Some(250), Some(750)]);
        assert_eq!(start(Speed::Times(10.0), 2), Some(50));
        assert_eq!(start(Speed::Max, 2), None);
    }
}

//! Hours, days, weeks and months of a time zone.
//!
//! Weeks begin on Monday. Where clocks are put back, an hour by the clock comes twice and makes two intervals; where
//! they are put forward, an hour has no interval. A day then has 25 or 23 hours, and 24.5 or 23.5 on Lord Howe Island.
//!
//! The zones' rules come with the program, not from the system: an answer does not depend on the machine, and a new
//! version of the rules is an update of a crate.

use chrono::{DateTime, Datelike, Days, MappedLocalTime, Months, NaiveDate, NaiveTime, Offset, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::Timestamp;

/// A span of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// An hour by the clock of the zone.
    Hour,
    /// A day, of 23 or 25 hours where clocks change.
    Day,
    /// A week, which begins on Monday (ISO 8601).
    Week,
    /// A month.
    Month,
}

/// A time zone of the IANA database.
///
/// # Examples
///
/// ```
/// use service::{Interval, TimeZone, Timestamp};
///
/// let berlin = TimeZone::parse("Europe/Berlin").unwrap();
/// // 2026-03-29 has 23 hours.
/// let midnight = berlin.start_of_day("2026-03-29").unwrap();
/// let next = berlin.next(Interval::Day, midnight);
/// assert_eq!(next.0 - midnight.0, 23 * 3_600_000);
/// assert_eq!(berlin.start(Interval::Week, midnight), berlin.start_of_day("2026-03-23").unwrap());
/// assert!(TimeZone::parse("Mars/Olympus").is_none());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeZone(Tz);

const HOUR_MS: i64 = 3_600_000;

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: Self = Self(Tz::UTC);

    /// The zone with this name, such as `Europe/Berlin`; `None` if there is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// When a day, such as `2026-03-29`, begins; `None` if that is no date.
    #[must_use]
    pub fn start_of_day(&self, date: &str) -> Option<Timestamp> {
        if date.len() != 10 {
            return None;
        }
        NaiveDate::parse_from_str(date, "%Y-%m-%d").ok().map(|date| self.midnight(date))
    }

    /// The start of the interval in which a time is.
    ///
    /// Never later than `time`, and `start(start(time))` is `start(time)`.
    #[must_use]
    pub fn start(&self, interval: Interval, time: Timestamp) -> Timestamp {
        let date = self.date(time);
        match interval {
            Interval::Hour => Timestamp(time.0 - (time.0 + self.offset_ms(time)).rem_euclid(HOUR_MS)),
            Interval::Day => self.midnight(date),
            Interval::Week => {
                let days = Days::new(date.weekday().num_days_from_monday().into());
                self.midnight(date.checked_sub_days(days).unwrap_or(date))
            }
            Interval::Month => self.midnight(date.with_day(1).unwrap_or(date)),
        }
    }

    /// The start of the interval after the one that starts at a time.
    ///
    /// Always later than `start`, so a loop over intervals ends.
    #[must_use]
    pub fn next(&self, interval: Interval, start: Timestamp) -> Timestamp {
        if interval == Interval::Hour {
            let next = Timestamp(start.0 + HOUR_MS);
            // Where clocks change by less than an hour, an hour by the clock may be shorter or longer.
            let into = (next.0 + self.offset_ms(next)).rem_euclid(HOUR_MS);
            let earlier = Timestamp(next.0 - into);
            return if earlier > start { earlier } else { next };
        }
        let mut date = self.date(start);
        loop {
            let later = match interval {
                Interval::Hour | Interval::Day => date.checked_add_days(Days::new(1)),
                Interval::Week => date.checked_add_days(Days::new(7)),
                Interval::Month => date.checked_add_months(Months::new(1)),
            };
            let Some(later) = later else { return Timestamp(i64::MAX) };
            date = later;
            let next = self.midnight(date);
            // A zone that moved across the date line has skipped a day, which has no length.
            if next > start {
                return next;
            }
        }
    }

    fn local(&self, time: Timestamp) -> DateTime<Tz> {
        DateTime::<Utc>::from_timestamp_millis(time.0).unwrap_or_default().with_timezone(&self.0)
    }

    fn date(&self, time: Timestamp) -> NaiveDate {
        self.local(time).date_naive()
    }

    fn offset_ms(&self, time: Timestamp) -> i64 {
        i64::from(self.local(time).offset().fix().local_minus_utc()) * 1_000
    }

    /// The first moment of a date. Where clocks skip midnight, the day begins after the gap.
    fn midnight(&self, date: NaiveDate) -> Timestamp {
        let mut local = date.and_time(NaiveTime::MIN);
        // The longest gap is the day that Samoa skipped.
        for _ in 0..=100 {
            match local.and_local_timezone(self.0) {
                MappedLocalTime::Single(time) | MappedLocalTime::Ambiguous(time, _) => {
                    return Timestamp(time.timestamp_millis());
                }
                MappedLocalTime::None => local += TimeDelta::minutes(15),
            }
        }
        Timestamp(local.and_utc().timestamp_millis())
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests {
    use super::{HOUR_MS, Interval, TimeZone};

    fn zone(name: &str) -> TimeZone {
        TimeZone::parse(name).unwrap()
    }

    /// The hours of a day.
    fn hours(name: &str, date: &str) -> f64 {
        let zone = zone(name);
        let start = zone.start_of_day(date).unwrap();
        f64::from(i32::try_from(zone.next(Interval::Day, start).0 - start.0).unwrap()) / 3_600_000.0
    }

    #[test]
    fn days_have_the_hours_that_the_zone_gives_them() {
        for (name, date, expected) in [
            ("UTC", "2026-03-29", 24.0),
            ("Europe/Berlin", "2026-03-29", 23.0),
            ("Europe/Berlin", "2026-10-25", 25.0),
            ("America/New_York", "2026-03-08", 23.0),
            ("Australia/Lord_Howe", "2026-04-05", 24.5),
            ("Australia/Lord_Howe", "2026-10-04", 23.5),
            ("Asia/Kathmandu", "2026-01-01", 24.0),
            // Clocks went from 23:59:59 to 01:00.
            ("America/Sao_Paulo", "2018-11-04", 23.0),
            // Samoa went from the 29th to the 31st.
            ("Pacific/Apia", "2011-12-29", 24.0),
        ] {
            assert_eq!(hours(name, date), expected, "{name} {date}");
        }
    }

    #[test]
    fn intervals_follow_each_other_without_gap_and_begin_where_they_should() {
        let names = [
            "UTC",
            "Europe/Berlin",
            "Asia/Kolkata",
            "Asia/Kathmandu",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "America/St_Johns",
            "Africa/Casablanca",
            "Asia/Beirut",
            "America/Havana",
        ];
        for zone in names.map(zone) {
            for interval in [Interval::Hour, Interval::Day, Interval::Week, Interval::Month] {
                let mut start = zone.start(interval, zone.start_of_day("2011-01-15").unwrap());
                let end = zone.start_of_day("2012-06-01").unwrap();
                while start < end {
                    let next = zone.next(interval, start);
                    assert!(next > start, "{zone:?} {interval:?} {start:?}");
                    if interval != Interval::Hour {
                        for inside in [start.0, start.0 + (next.0 - start.0) / 2, next.0 - 1] {
                            assert_eq!(zone.start(interval, crate::Timestamp(inside)), start, "{zone:?} {interval:?}");
                        }
                    } else {
                        assert!(next.0 - start.0 <= HOUR_MS + HOUR_MS / 2, "{zone:?} {start:?}");
                    }
                    start = next;
                }
            }
        }
    }
}

//! When a failed delivery is tried again.
//!
//! The plan is that of Standard Webhooks: an endpoint that restarts gets its events within minutes, and one that is
//! down over a weekend still gets them. Ten attempts take 75.6 hours, and up to a tenth more.

use std::time::Duration;

use crate::{Error, policy::milliseconds, signer::random};

/// Pauses after the first, second, ... failed attempt.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// Milliseconds until the next attempt after so many have failed, a tenth of it at random; `None` if none is made.
///
/// The random part spreads the attempts of many deliveries that failed together.
pub(super) fn pause_ms(failed: i32) -> Result<Option<i64>, Error> {
    let pause = usize::try_from(failed).ok().and_then(|failed| PAUSES.get(failed.checked_sub(1)?));
    let [jitter] = random::<1>()?;
    Ok(pause.map(|pause| milliseconds(*pause) + milliseconds(*pause) / 10 * i64::from(jitter) / 255))
}

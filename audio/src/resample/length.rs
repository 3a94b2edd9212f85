//! How many samples resampling makes.

/// The number of samples that `n` samples become: `n * to / from`, rounded to the nearest, half up.
///
/// # Panics
/// If `from_hz` is 0.
#[must_use]
pub fn resampled_len(n: u64, from_hz: u32, to_hz: u32) -> u64 {
    let (from, to) = (u128::from(from_hz), u128::from(to_hz));
    u64::try_from((u128::from(n) * to * 2 + from) / (from * 2)).unwrap_or(u64::MAX)
}

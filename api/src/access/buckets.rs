//! Token buckets, one for each client, in bounded memory. Knows nothing of HTTP; `rate.rs` turns what is left into
//! headers.

use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The buckets of all clients. All threads share them.
pub(super) struct Buckets {
    per_second: u32,
    /// The time for which an idle client saves up requests.
    burst: Duration,
    clients_max: usize,
    full_at: Mutex<FullAt>,
    begun: Instant,
    hasher: RandomState,
}

/// What is in a client's bucket after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Left {
    pub requests: u32,
    /// How long it takes until the bucket is full again.
    pub full_in: Duration,
}

/// For each client, when its bucket will be full again, as a duration since the start. A full bucket needs no entry, so
/// old entries can be dropped: when `recent` is full it replaces `older`.
#[derive(Default)]
struct FullAt {
    recent: HashMap<u64, Duration>,
    older: HashMap<u64, Duration>,
}

impl FullAt {
    fn of(&mut self, client: u64, clients_max: usize) -> &mut Duration {
        if self.recent.len() >= clients_max {
            mem::swap(&mut self.recent, &mut self.older);
            self.recent.clear();
        }
        let older = &mut self.older;
        self.recent.entry(client).or_insert_with(|| older.remove(&client).unwrap_or_default())
    }
}

impl Buckets {
    /// Full buckets, refilled with `per_second` requests, which must not be 0. Up to twice `clients_max` clients are
    /// remembered.
    pub(super) fn new(per_second: u32, burst: Duration, clients_max: usize) -> Self {
        let (full_at, hasher) = (Mutex::default(), RandomState::new());
        Self { per_second, burst, clients_max, full_at, begun: Instant::now(), hasher }
    }

    /// Takes requests out of a client's bucket.
    ///
    /// # Errors
    /// The time until the bucket holds that many. Then nothing is taken.
    pub(super) fn spend(&self, client: impl Hash, requests: u32, now: Instant) -> Result<Left, Duration> {
        let client = self.hasher.hash_one(client);
        let now = now.saturating_duration_since(self.begun);
        let each = Duration::from_secs(1) / self.per_second;
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = full_at.of(client, self.clients_max);
        let full_in = full_at.saturating_sub(now) + each * requests;
        let missing = full_in.saturating_sub(self.burst);
        if !missing.is_zero() {
            return Err(missing);
        }
        *full_at = now + full_in;
        let requests = u32::try_from((self.burst - full_in).as_nanos() / each.as_nanos()).unwrap_or(u32::MAX);
        Ok(Left { requests, full_in })
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn clients_without_number_take_no_more_room_and_a_busy_one_is_not_forgotten() {
        let clients_max = 10_000;
        let buckets = Buckets::new(10, Duration::from_secs(2), clients_max);
        let now = buckets.begun;
        for number in 0..5 * clients_max {
            let _ = buckets.spend(number.to_string(), 1, now);
            if number % (clients_max / 2) == 0 {
                let _ = buckets.spend("busy", 1, now);
            }
        }
        assert_eq!(buckets.spend("busy", 1, now).unwrap().requests, 9);
        let full_at = buckets.full_at.lock().unwrap();
        assert!(full_at.recent.len() + full_at.older.len() <= 2 * clients_max);
    }
}

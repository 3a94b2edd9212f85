//! Token buckets, copied from `api/src/access/rate.rs`.
use std::{
    collections::{HashMap, hash_map::RandomState},
    hash::{BuildHasher, Hash},
    mem,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};
const RATE_CLIENTS_MAX: usize = 10_000;
const RATE_BURST: Duration = Duration::from_secs(2);
#[derive(Default)]
struct Buckets {
    recent: HashMap<u64, Duration>,
    older: HashMap<u64, Duration>,
}
impl Buckets {
    fn full_at(&mut self, client: u64) -> &mut Duration {
        if self.recent.len() >= RATE_CLIENTS_MAX {
            mem::swap(&mut self.recent, &mut self.older);
            self.recent.clear();
        }
        let older = &mut self.older;
        self.recent.entry(client).or_insert_with(|| older.remove(&client).unwrap_or_default())
    }
}
pub struct Rates {
    per_second: u32,
    buckets: Mutex<Buckets>,
    begun: Instant,
    hasher: RandomState,
}
impl Rates {
    pub fn new(per_second: u32) -> Self {
        Self { per_second, buckets: Mutex::default(), begun: Instant::now(), hasher: RandomState::new() }
    }
    pub fn spend(&self, client: impl Hash, requests: u32, now: Instant) -> Option<u32> {
        let client = self.hasher.hash_one(client);
        let now = now.saturating_duration_since(self.begun);
        let each = Duration::from_secs(1) / self.per_second;
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let full_at = buckets.full_at(client);
        let full_in = full_at.saturating_sub(now) + each * requests;
        let missing = full_in.saturating_sub(RATE_BURST);
        if missing.is_zero() {
            *full_at = now + full_in;
            return Some(((RATE_BURST - full_in).as_nanos() / each.as_nanos()) as u32);
        }
        None
    }
}

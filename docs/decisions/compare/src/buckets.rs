//! Token buckets: the service's, and governor's.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hash},
    hint::black_box,
    num::NonZeroU32,
    thread,
    time::{Duration, Instant},
};

use governor::{
    Quota, RateLimiter, clock::DefaultClock, middleware::StateInformationMiddleware,
    state::keyed::DefaultKeyedStateStore,
};
use stats_alloc::Region;

use crate::{ALLOCATOR, held, own_buckets::Buckets, time};

const REQUESTS: usize = 500_000;
/// As `RATE_BURST` and `RATE_CLIENTS_MAX` of the service.
const BURST: Duration = Duration::from_secs(2);
const CLIENTS_MAX: usize = 10_000;
const ADDRESSES: u64 = 1_000_000;

type Governor<K> = RateLimiter<K, DefaultKeyedStateStore<K>, DefaultClock, StateInformationMiddleware>;

/// Buckets that no request here empties.
fn governor<K: Hash + Eq + Clone>() -> Governor<K> {
    RateLimiter::keyed(Quota::per_second(NonZeroU32::new(1_000_000_000).unwrap())).with_middleware()
}

pub fn compare() {
    let keys: Vec<String> = (0..1_000).map(|number| format!("cs_{number:043}")).collect();
    for keys in [&keys[..1], &keys] {
        let (own, by_string, by_hash) = (Buckets::new(500_000_000, BURST, CLIENTS_MAX), governor::<String>(), governor::<u64>());
        let hasher = RandomState::new();
        let own = |request: usize| {
            let _ = black_box(own.spend(&*keys[request % keys.len()], 1, Instant::now()));
        };
        let by_string = |request: usize| {
            let left = by_string.check_key(&keys[request % keys.len()]);
            black_box(left.ok().map(|left| left.remaining_burst_capacity()));
        };
        let by_hash = |request: usize| {
            let left = by_hash.check_key(&hasher.hash_one(&*keys[request % keys.len()]));
            black_box(left.ok().map(|left| left.remaining_burst_capacity()));
        };
        let clients = keys.len();
        time(&format!("{clients} clients, own"), REQUESTS, || (0..REQUESTS).for_each(own));
        time(&format!("{clients} clients, governor by string"), REQUESTS, || (0..REQUESTS).for_each(by_string));
        time(&format!("{clients} clients, governor by hash"), REQUESTS, || (0..REQUESTS).for_each(by_hash));
        time(&format!("{clients} clients, two threads, own"), 2 * REQUESTS, || on_two_threads(&own));
        time(&format!("{clients} clients, two threads, governor by hash"), 2 * REQUESTS, || on_two_threads(&by_hash));
    }

    let region = Region::new(ALLOCATOR);
    let own = Buckets::new(5_000, BURST, CLIENTS_MAX);
    (0..ADDRESSES).for_each(|address| _ = own.spend(address, 1, Instant::now()));
    println!("{ADDRESSES} addresses, own: {} KiB", held(&region) / 1024);

    let region = Region::new(ALLOCATOR);
    let other = RateLimiter::keyed(Quota::per_second(NonZeroU32::new(10_000).unwrap()));
    (0..ADDRESSES).for_each(|address| drop(other.check_key(&address)));
    println!("{ADDRESSES} addresses, governor: {} KiB", held(&region) / 1024);
    let begun = Instant::now();
    other.retain_recent();
    other.shrink_to_fit();
    println!("{ADDRESSES} addresses, governor, cleaned in {:?}: {} KiB", begun.elapsed(), held(&region) / 1024);
}

fn on_two_threads(run: &(impl Fn(usize) + Sync)) {
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| (0..REQUESTS).for_each(run));
        }
    });
}

//! Compares parts of the service with libraries: the lookup of paths, the token buckets, and the decoder of WebSockets.
//! The decision records name the figures. The decoder and the buckets are the service's own files.

// The service's files name its crates; this program has of them what the decoder takes.
extern crate self as service;
mod audio {
    pub use callstore_audio::number;
}

mod buckets;
#[allow(dead_code)]
#[path = "../../../../api/src/socket/decoder.rs"]
mod decoder;
mod paths;
#[path = "../../../../api/src/access/buckets.rs"]
mod own_buckets;
mod sockets;

use std::{alloc::System, time::Instant};

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ROUNDS: usize = 9;

/// Prints the best and the second worst time per operation of several rounds, in nanoseconds.
fn time(what: &str, operations: usize, mut run: impl FnMut()) {
    run();
    let round = |_| {
        let begun = Instant::now();
        run();
        begun.elapsed().as_nanos() as f64 / operations as f64
    };
    let mut rounds: Vec<f64> = (0..ROUNDS).map(round).collect();
    rounds.sort_by(f64::total_cmp);
    println!("{what}: {:.1} to {:.1} ns", rounds[0], rounds[ROUNDS - 2]);
}

/// Bytes allocated and not freed since the region began.
fn held(region: &Region<'_, System>) -> usize {
    let change = region.change();
    change.bytes_allocated.saturating_sub(change.bytes_deallocated)
}

fn main() {
    paths::compare();
    buckets::compare();
    sockets::compare();
}

//! The bodies as property tests: on the seeds of the fuzz targets, on what changes make of them, and on anything.

use std::{
    fs,
    panic::{catch_unwind, resume_unwind},
    path::{Path, PathBuf},
};

use proptest::{
    collection::vec,
    prelude::*,
    sample::{Index, select},
    test_runner::{Config, TestRunner},
};
use service::audio::number::wide;

use super::BODIES;

/// How much memory a body may hold at a time: what it keeps beside its input, and for each byte of it. JSON has the
/// most: a number of one character is a value of 32 bytes, in a list that doubles as it grows, and is read twice.
const MEMORY: (u64, u64) = (256 * 1024, 256);
/// What a conversion may hold beside that: a filter for each of up to 64 channels.
const FILTERS: u64 = 64 * 512 * 1024;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz")
}

fn seeds(name: &str) -> Vec<Vec<u8>> {
    let files = fs::read_dir(folder().join("seeds").join(name)).unwrap();
    files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect()
}

/// A seed with some of its stretches replaced; or any bytes.
fn changed(seeds: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (any::<Index>(), 0..8_usize, vec(any::<u8>(), 0..8));
    let changed = (select(seeds), vec(change, 0..4)).prop_map(|(mut bytes, changes)| {
        for (place, length, new) in changes {
            let start = place.index(bytes.len() + 1);
            let end = bytes.len().min(start + length);
            bytes.splice(start..end, new);
        }
        bytes
    });
    prop_oneof![3 => changed, 1 => vec(any::<u8>(), 0..512)]
}

#[test]
fn every_parser_keeps_its_promises_in_little_memory() {
    for (name, body) in BODIES {
        let mut runner = TestRunner::new(Config { cases: 2048, failure_persistence: None, ..Config::default() });
        let outcome = runner.run(&changed(seeds(name)), |bytes| {
            let mut outcome = Ok(());
            let used = allocation_counter::measure(|| outcome = catch_unwind(|| body(&bytes))).bytes_max;
            outcome.unwrap_or_else(|panic| resume_unwind(panic));
            let filters = if ["convert_audio", "conversion_state"].contains(&name) { FILTERS } else { 0 };
            let allowed = filters + MEMORY.0 + MEMORY.1 * wide(bytes.len());
            prop_assert!(used <= allowed, "{used} bytes of memory for {} bytes", bytes.len());
            Ok(())
        });
        outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn every_body_is_a_fuzz_target() {
    let manifest = fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for (name, _) in BODIES {
        assert!(manifest.contains(&format!("name = \"{name}\"\npath = \"fuzz_targets/{name}.rs\"")), "{name}");
        let target = fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
        assert!(target.contains(&format!("api::fuzzing::{name}")), "{name}");
        assert!(!seeds(name).is_empty(), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), BODIES.len());
}

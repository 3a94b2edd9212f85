//! Benchmarks, side by side with other libraries in the same run.
//!
//!
//! Run `cargo bench -p audio`, with `--features soxr` if libsoxr's headers are installed; `-- NAME` selects a part.
//! Items are samples at 8 kHz, chunks, or seconds of a call. For the last, items per second are multiples of real time.
#![expect(clippy::as_conversions, reason = "numbers are small, and samples are cut")]
#![expect(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

mod codecs;
mod finalize;
mod rivals;
mod speech;
mod upsample;

fn main() {
    // `cargo bench -p audio -- accuracy` prints how often speech is found rightly, instead of times.
    if std::env::args().any(|argument| argument == "accuracy") {
        speech::print_accuracy();
    } else {
        divan::main();
    }
}

/// A voice-like signal: a few tones with changing levels.
fn voice(length: usize) -> Vec<i16> {
    let sample = |n: usize| {
        let time = n as f64 / 8000.0;
        let tones = (time * 900.0).sin() + (time * 4200.0).sin() * 0.5 + (time * 13_000.0).sin() * 0.2;
        (tones * (time * 9.0).sin() * 15_000.0) as i16
    };
    (0..length).map(sample).collect()
}

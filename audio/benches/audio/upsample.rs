//! 8 kHz to 16 and 24 kHz: in bulk, in chunks, and all the way from a chunk's base64.

use audio::{Encoding, decode_base64_into, decode_into, encode_base64, pcm16_to_mulaw};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};

#[cfg(feature = "soxr")]
use crate::rivals::Soxr;
use crate::rivals::{Naive, Ours, Rubato, Upsampler};
use crate::voice;

const RATES: [u32; 2] = [16_000, 24_000];

/// Samples of a 20 ms chunk.
const CHUNK: usize = 160;

/// 60 s, in pieces of 4,096 samples.
#[cfg_attr(not(feature = "soxr"), divan::bench(types = [Ours, Rubato, Naive], args = RATES))]
#[cfg_attr(feature = "soxr", divan::bench(types = [Ours, Soxr, Rubato, Naive], args = RATES))]
fn bulk<U: Upsampler>(bencher: Bencher, to_hz: u32) {
    let samples = voice(60 * 8000);
    let mut out = Vec::with_capacity(4 * samples.len());
    bencher.counter(ItemsCount::new(samples.len())).bench_local(|| {
        out.clear();
        let mut upsampler = U::new(to_hz);
        for block in samples.chunks(4096) {
            upsampler.push(black_box(block), &mut out);
        }
    });
}

#[cfg_attr(not(feature = "soxr"), divan::bench(types = [Ours, Rubato, Naive], args = RATES, sample_size = 1000))]
#[cfg_attr(feature = "soxr", divan::bench(types = [Ours, Soxr, Rubato, Naive], args = RATES, sample_size = 1000))]
fn chunks<U: Upsampler>(bencher: Bencher, to_hz: u32) {
    let samples = voice(CHUNK);
    let mut out = Vec::with_capacity(10_000);
    let mut upsampler = U::new(to_hz);
    bencher.counter(ItemsCount::new(CHUNK)).bench_local(|| {
        out.clear();
        upsampler.push(black_box(&samples), &mut out);
    });
}

/// Base64, G.711 and resampling: the work for each chunk of a live call.
#[cfg_attr(not(feature = "soxr"), divan::bench(types = [Ours, Rubato, Naive], args = RATES, sample_size = 1000))]
#[cfg_attr(feature = "soxr", divan::bench(types = [Ours, Soxr, Rubato, Naive], args = RATES, sample_size = 1000))]
fn whole_chunk_path<U: Upsampler>(bencher: Bencher, to_hz: u32) {
    let text = encode_base64(&pcm16_to_mulaw(&voice(CHUNK)));
    let (mut codes, mut samples) = (Vec::with_capacity(200), Vec::with_capacity(200));
    let mut out = Vec::with_capacity(10_000);
    let mut upsampler = U::new(to_hz);
    bencher.counter(ItemsCount::new(1usize)).bench_local(|| {
        samples.clear();
        out.clear();
        decode_base64_into(black_box(text.as_bytes()), &mut codes).unwrap();
        decode_into(Encoding::Mulaw, &codes, &mut samples).unwrap();
        upsampler.push(&samples, &mut out);
    });
}

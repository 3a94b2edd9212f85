//! Base64, G.711 and interleaving.

use audio::{Encoding, decode_base64_into, decode_into, encode_base64, interleave, pcm16_to_alaw, pcm16_to_mulaw};
use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};

use crate::voice;

const SAMPLES: usize = 16_000;

#[divan::bench(args = [160, 16_000])]
fn decode_mulaw(bencher: Bencher, samples: usize) {
    let codes = pcm16_to_mulaw(&voice(samples));
    let mut out = Vec::with_capacity(samples);
    bencher.counter(ItemsCount::new(samples)).bench_local(|| {
        out.clear();
        decode_into(Encoding::Mulaw, black_box(&codes), &mut out)
    });
}

#[divan::bench]
fn decode_alaw(bencher: Bencher) {
    let codes = pcm16_to_alaw(&voice(SAMPLES));
    let mut out = Vec::with_capacity(SAMPLES);
    bencher.counter(ItemsCount::new(SAMPLES)).bench_local(|| {
        out.clear();
        decode_into(Encoding::Alaw, black_box(&codes), &mut out)
    });
}

#[divan::bench]
fn encode_mulaw(bencher: Bencher) {
    let samples = voice(SAMPLES);
    bencher.counter(ItemsCount::new(SAMPLES)).bench_local(|| pcm16_to_mulaw(black_box(&samples)));
}

#[divan::bench]
fn encode_alaw(bencher: Bencher) {
    let samples = voice(SAMPLES);
    bencher.counter(ItemsCount::new(SAMPLES)).bench_local(|| pcm16_to_alaw(black_box(&samples)));
}

#[divan::bench]
fn base64_of_a_chunk(bencher: Bencher) {
    let text = encode_base64(&pcm16_to_mulaw(&voice(160)));
    let mut out = Vec::with_capacity(200);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| decode_base64_into(black_box(text.as_bytes()), &mut out));
}

#[divan::bench]
fn interleave_stereo(bencher: Bencher) {
    let samples = voice(SAMPLES);
    let mut out = Vec::with_capacity(4 * SAMPLES);
    bencher.counter(ItemsCount::new(SAMPLES)).bench_local(|| {
        out.clear();
        interleave(black_box(&samples), black_box(&samples), &mut out);
    });
}

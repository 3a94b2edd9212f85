//! x
fn main() {
    divan::main();
}
use audio::*;
use divan::{Bencher, black_box, counter::ItemsCount};
fn input(n: usize) -> Vec<i16> {
    (0..n).map(|i| (i.wrapping_mul(2654435761) >> 17) as i16).collect()
}
#[divan::bench(args = [2, 3])]
fn bulk(b: Bencher, f: u32) {
    let x = input(1 << 20);
    let mut out = Vec::with_capacity(4 << 20);
    b.counter(ItemsCount::new(x.len())).bench_local(|| {
        out.clear();
        let mut r = Resampler::new(8000, 8000 * f);
        r.push(black_box(&x), &mut out);
        r.finish(&mut out);
        out.len()
    })
}
#[divan::bench(args = [2, 3])]
fn chunks160(b: Bencher, f: u32) {
    let x = input(160);
    let mut out = Vec::with_capacity(4 << 20);
    let mut r = Resampler::new(8000, 8000 * f);
    b.counter(ItemsCount::new(x.len())).bench_local(|| {
        out.clear();
        r.push(black_box(&x), &mut out);
        out.len()
    })
}
#[divan::bench(args = [2, 3])]
fn chunk_path(b: Bencher, f: u32) {
    let x: Vec<u8> = (0..160).map(|i| (i * 77) as u8).collect();
    let t = encode_base64(&x);
    let mut out = Vec::with_capacity(4 << 20);
    let mut r = Resampler::new(8000, 8000 * f);
    let (mut bytes, mut pcm) = (Vec::new(), Vec::new());
    b.counter(ItemsCount::new(1usize)).bench_local(|| {
        out.clear();
        pcm.clear();
        decode_base64_into(black_box(t.as_bytes()), &mut bytes).unwrap();
        decode_into(Encoding::Mulaw, &bytes, &mut pcm).unwrap();
        r.push(black_box(&pcm), &mut out);
        out.len()
    })
}
#[divan::bench]
fn b64(b: Bencher) {
    let x: Vec<u8> = (0..160).map(|i| (i * 77) as u8).collect();
    let t = encode_base64(&x);
    let mut bytes = Vec::new();
    b.bench_local(|| {
        decode_base64_into(black_box(t.as_bytes()), &mut bytes).unwrap();
        bytes.len()
    })
}
#[divan::bench(args = [160, 100000])]
fn mulaw(b: Bencher, n: usize) {
    let x: Vec<u8> = (0..n).map(|i| (i * 77) as u8).collect();
    let mut pcm = Vec::new();
    b.counter(ItemsCount::new(n)).bench_local(|| {
        pcm.clear();
        decode_into(Encoding::Mulaw, black_box(&x), &mut pcm).unwrap();
        pcm.len()
    })
}
#[divan::bench(args = [100000])]
fn mulaw_enc(b: Bencher, n: usize) {
    let x = input(n);
    b.counter(ItemsCount::new(n)).bench_local(|| pcm16_to_mulaw(black_box(&x)))
}
#[divan::bench(args = [100000])]
fn alaw_enc(b: Bencher, n: usize) {
    let x = input(n);
    b.counter(ItemsCount::new(n)).bench_local(|| pcm16_to_alaw(black_box(&x)))
}
#[divan::bench(args = [(24000,8000),(44100,16000),(16000,8000),(48000,16000)])]
fn general(b: Bencher, (f, t): (u32, u32)) {
    let x = input(1 << 20);
    let mut out = Vec::with_capacity(4 << 20);
    b.counter(ItemsCount::new(x.len())).bench_local(|| {
        out.clear();
        let mut r = Resampler::new(f, t);
        r.push(black_box(&x), &mut out);
        r.finish(&mut out);
        out.len()
    })
}
#[divan::bench(args = [100000])]
fn inter(b: Bencher, n: usize) {
    let x = input(n);
    let mut o = Vec::new();
    b.counter(ItemsCount::new(n)).bench_local(|| {
        o.clear();
        interleave(black_box(&x), black_box(&x), &mut o);
        o.len()
    })
}

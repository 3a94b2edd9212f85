//! Renders a one-hour call of two tracks from its chunks to a stereo WAV file of 230 MB with SHA-256, synced to disk.

use std::convert::Infallible;
use std::io::Write;

use audio::{Chunk, Encoding, TrackReader, decode_into, interleave, pcm16_to_mulaw, wav};
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use sha2::{Digest, Sha256};

#[cfg(feature = "soxr")]
use crate::rivals::Soxr;
use crate::rivals::{Naive, Rubato, Upsampler};
use crate::voice;

const SECONDS: u64 = 3600;
const TOTAL: u64 = SECONDS * 8000;

/// Frames written at a time.
const BLOCK: usize = 16_384;

/// An hour of 20 ms chunks, which repeat the same ten seconds.
fn chunks(codes: &[u8]) -> impl Iterator<Item = Result<Chunk, Infallible>> {
    let frames = codes.chunks_exact(160).cycle();
    frames
        .zip(0..SECONDS as u32 * 50)
        .map(|(frame, index)| Ok(Chunk { timestamp_ms: Some(index * 20), bytes: black_box(frame).to_vec() }))
}

/// The file to which a recording is written.
struct Recording {
    file: std::fs::File,
    hash: Sha256,
    bytes: Vec<u8>,
}

impl Recording {
    fn create() -> Self {
        let mut recording = Self { file: tempfile::tempfile().unwrap(), hash: Sha256::new(), bytes: Vec::new() };
        recording.bytes.extend(wav::header(16_000, 2, 2 * TOTAL).unwrap());
        recording.write();
        recording
    }

    fn frames(&mut self, left: &[i16], right: &[i16]) {
        interleave(left, right, &mut self.bytes);
        self.write();
    }

    fn write(&mut self) {
        self.hash.update(&self.bytes);
        self.file.write_all(&self.bytes).unwrap();
        self.bytes.clear();
    }

    fn finish(self) -> impl AsRef<[u8]> {
        self.file.sync_all().unwrap();
        self.hash.finalize()
    }
}

/// One item is one second of the call.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn one_hour(bencher: Bencher) {
    let codes = pcm16_to_mulaw(&voice(80_000));
    bencher.counter(ItemsCount::new(SECONDS)).bench_local(|| {
        let reader = || TrackReader::new(chunks(&codes), Encoding::Mulaw, 8000, 16_000, TOTAL);
        let (mut caller, mut agent) = (reader(), reader());
        let mut recording = Recording::create();
        let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
        loop {
            let count = caller.read(&mut left).unwrap();
            assert_eq!(agent.read(&mut right).unwrap(), count);
            if count == 0 {
                return recording.finish();
            }
            recording.frames(&left[..count], &right[..count]);
        }
    });
}

/// The same without file and hash: only decoding, layout, resampling and interleaving.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn one_hour_in_memory(bencher: Bencher) {
    let codes = pcm16_to_mulaw(&voice(80_000));
    bencher.counter(ItemsCount::new(SECONDS)).bench_local(|| {
        let reader = || TrackReader::new(chunks(&codes), Encoding::Mulaw, 8000, 16_000, TOTAL);
        let (mut caller, mut agent) = (reader(), reader());
        let (mut left, mut right) = (vec![0; BLOCK], vec![0; BLOCK]);
        let mut bytes = Vec::new();
        while caller.read(&mut left).unwrap() > 0 {
            agent.read(&mut right).unwrap();
            bytes.clear();
            interleave(&left, &right, &mut bytes);
            black_box(&bytes);
        }
    });
}

/// The same file by other means: chunk by chunk, without a layout.
#[cfg_attr(not(feature = "soxr"), divan::bench(types = [Rubato, Naive], sample_count = 3, sample_size = 1))]
#[cfg_attr(feature = "soxr", divan::bench(types = [Soxr, Rubato, Naive], sample_count = 3, sample_size = 1))]
fn one_hour_by<U: Upsampler>(bencher: Bencher) {
    let codes = pcm16_to_mulaw(&voice(80_000));
    bencher.counter(ItemsCount::new(SECONDS)).bench_local(|| {
        let mut recording = Recording::create();
        let mut tracks = [(U::new(16_000), Vec::new()), (U::new(16_000), Vec::new())];
        let mut samples = Vec::new();
        for (left, right) in chunks(&codes).zip(chunks(&codes)) {
            for (chunk, (upsampler, out)) in [left, right].into_iter().zip(&mut tracks) {
                let Ok(chunk) = chunk;
                samples.clear();
                decode_into(Encoding::Mulaw, &chunk.bytes, &mut samples).unwrap();
                upsampler.push(&samples, out);
            }
            let [(_, left), (_, right)] = &mut tracks;
            if left.len() >= BLOCK {
                recording.frames(left, right);
                left.clear();
                right.clear();
            }
        }
        recording.finish()
    });
}

//! Allocations: none for a chunk, and few for a recording of any length.

use std::convert::Infallible;

use allocation_counter::measure;
use audio::{Chunk, Encoding, Resampler, TrackReader, decode_base64_into, decode_into, encode_base64};

#[test]
fn a_chunk_goes_from_base64_to_samples_without_an_allocation() {
    for to_hz in [8000, 16_000, 24_000, 11_025] {
        let mut resampler = Resampler::new(8000, to_hz);
        let (mut codes, mut samples, mut out) = (Vec::new(), Vec::new(), Vec::new());
        let text = encode_base64(&[0x55; 160]);
        let mut chunk = || {
            samples.clear();
            out.clear();
            decode_base64_into(text.as_bytes(), &mut codes).unwrap();
            decode_into(Encoding::Mulaw, &codes, &mut samples).unwrap();
            resampler.push(&samples, &mut out);
        };
        // The first run grows the buffers and builds shared tables.
        (0..100).for_each(|_| chunk());
        assert_eq!(measure(|| (0..100).for_each(|_| chunk())).count_total, 0, "to {to_hz} Hz");
    }
}

#[test]
fn a_track_takes_the_same_memory_however_long_it_is() {
    let peak = |minutes: u32| {
        let chunks = (0..minutes * 60 * 50)
            .filter(|frame| frame % 10_000 < 5000)
            .map(|frame| Ok::<_, Infallible>(Chunk { timestamp_ms: Some(20 * frame), bytes: vec![0x55; 160] }));
        let total = u64::from(minutes) * 60 * 8000;
        let read = || {
            let mut reader = TrackReader::new(chunks, Encoding::Mulaw, 8000, 16_000, total);
            let mut piece = [0; 4096];
            while reader.read(&mut piece).unwrap() > 0 {}
        };
        measure(read).bytes_max
    };
    let (short, long) = (peak(1), peak(60));
    assert!(short < 100_000, "{short} bytes");
    // The gaps themselves are stored.
    assert!(long < short + 10_000, "{long} bytes");
}

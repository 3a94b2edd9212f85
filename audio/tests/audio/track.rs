//! A track read piece by piece, against the same track built as a whole.

use std::convert::Infallible;

use audio::{
    Chunk, Encoding, OddLength, ReadError, Timeline, TrackReader, decode_into, encode, interleave, pcm16_bytes,
    resample, resampled_len,
};
use proptest::prelude::*;

fn chunk(timestamp_ms: Option<u32>, bytes: Vec<u8>) -> Result<Chunk, Infallible> {
    Ok(Chunk { timestamp_ms, bytes })
}

fn read_in_pieces<I, E>(reader: &mut TrackReader<I>, sizes: &[usize]) -> Result<Vec<i16>, ReadError<E>>
where
    I: Iterator<Item = Result<Chunk, E>>,
{
    let mut all = Vec::new();
    for &size in sizes.iter().cycle() {
        let mut piece = vec![i16::MAX; size];
        let count = reader.read(&mut piece)?;
        all.extend_from_slice(&piece[..count]);
        if count < size {
            break;
        }
    }
    assert_eq!(reader.read(&mut [0; 5])?, 0);
    Ok(all)
}

/// The whole track in memory: laid out, padded or cut to `total`, and resampled.
fn whole(chunks: &[(Option<u32>, Vec<u8>)], encoding: Encoding, rates: (u32, u32), total: u64) -> Vec<i16> {
    let mut timeline = Timeline::new(rates.0);
    let mut track = Vec::new();
    for (timestamp, bytes) in chunks {
        let mut samples = Vec::new();
        decode_into(encoding, bytes, &mut samples).unwrap();
        let placement = timeline.place(*timestamp, samples.len() as u64);
        track.resize(track.len() + placement.silence as usize, 0);
        track.extend_from_slice(&samples[placement.skip as usize..]);
    }
    track.resize(total as usize, 0);
    resample(&track, rates.0, rates.1)
}

prop_compose! {
    fn some_chunks()(
        stamped: bool,
        frames in prop::collection::vec((0u32..60, prop::collection::vec(any::<i16>(), 0..400)), 0..30),
        encoding in prop::sample::select(&[Encoding::Mulaw, Encoding::Alaw, Encoding::Pcm16]),
    ) -> (Encoding, Vec<(Option<u32>, Vec<u8>)>) {
        let mut timestamp = 0;
        let chunks = frames.into_iter().map(|(step, samples)| {
            timestamp += step;
            (stamped.then_some(timestamp), encode(encoding, &samples))
        });
        (encoding, chunks.collect())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn pieces_make_up_the_whole_track(
        (encoding, chunks) in some_chunks(),
        to in prop::sample::select(&[8000, 16_000, 24_000, 11_025]),
        total in 0u64..12_000,
        sizes in prop::collection::vec(1usize..5000, 1..5),
    ) {
        let source = chunks.iter().cloned().map(|(timestamp, bytes)| chunk(timestamp, bytes));
        let mut reader = TrackReader::new(source, encoding, 8000, to, total);
        let pieces = read_in_pieces(&mut reader, &sizes).unwrap();
        prop_assert_eq!(pieces.len() as u64, resampled_len(total, 8000, to));
        prop_assert!(pieces == whole(&chunks, encoding, (8000, to), total));
    }

    #[test]
    fn the_timeline_is_complete_at_the_end((encoding, chunks) in some_chunks(), total in 0u64..8000) {
        let source = chunks.iter().cloned().map(|(timestamp, bytes)| chunk(timestamp, bytes));
        let mut reader = TrackReader::new(source, encoding, 8000, 16_000, total);
        read_in_pieces(&mut reader, &[1000]).unwrap();
        let mut timeline = Timeline::new(8000);
        for (timestamp, bytes) in &chunks {
            timeline.place(*timestamp, (bytes.len() / encoding.bytes_per_sample()) as u64);
        }
        prop_assert_eq!(reader.timeline().gaps(), timeline.gaps());
        prop_assert_eq!(reader.timeline().position(), timeline.position());
        prop_assert_eq!(reader.timeline().overlap_samples(), timeline.overlap_samples());
    }
}

#[test]
fn a_track_without_chunks_is_silence() {
    let mut reader =
        TrackReader::new(std::iter::empty::<Result<Chunk, Infallible>>(), Encoding::Mulaw, 8000, 16_000, 5000);
    assert_eq!(read_in_pieces(&mut reader, &[999]).unwrap(), vec![0; 10_000]);
}

#[test]
fn a_gap_of_weeks_is_read_without_being_held() {
    let source = [chunk(Some(u32::MAX), vec![0; 160])].into_iter();
    let mut reader = TrackReader::new(source, Encoding::Mulaw, 8000, 16_000, u64::from(u32::MAX) * 8 + 160);
    let mut piece = vec![1; 1 << 20];
    assert_eq!(reader.read(&mut piece).unwrap(), piece.len());
    assert!(piece.iter().all(|&sample| sample == 0));
}

#[test]
fn weeks_beyond_the_end_of_the_track_take_no_time() {
    let source = [chunk(None, vec![0; 100]), chunk(Some(u32::MAX), vec![0; 160])].into_iter();
    let mut reader = TrackReader::new(source, Encoding::Mulaw, 8000, 8000, 150);
    let samples = read_in_pieces(&mut reader, &[1000]).unwrap();
    assert_eq!(samples, [vec![-32_124; 100], vec![0; 50]].concat());
    assert_eq!(reader.timeline().gaps().len(), 1);
}

#[test]
fn an_error_of_the_source_is_passed_on() {
    let source = [Ok(Chunk { timestamp_ms: None, bytes: vec![0; 160] }), Err("disk")].into_iter();
    let mut reader = TrackReader::new(source, Encoding::Mulaw, 8000, 8000, 1000);
    assert_eq!(reader.read(&mut [0; 10]), Err(ReadError::Chunks("disk")));
}

#[test]
fn a_chunk_that_ends_within_a_sample_is_an_error() {
    let mut reader = TrackReader::new([chunk(None, vec![0; 7])].into_iter(), Encoding::Pcm16, 8000, 8000, 10);
    assert_eq!(reader.read(&mut [0; 10]), Err(ReadError::OddLength(OddLength { bytes: 7 })));
}

#[test]
fn stereo_is_left_then_right_and_the_shorter_side_ends_in_silence() {
    let mut bytes = vec![9];
    interleave(&[1, -2], &[0x0304, 5], &mut bytes);
    assert_eq!(bytes, [9, 1, 0, 4, 3, 0xFE, 0xFF, 5, 0]);
    bytes.clear();
    interleave(&[1], &[2, 3], &mut bytes);
    interleave(&[4, 5], &[], &mut bytes);
    assert_eq!(bytes, [1, 0, 2, 0, 0, 0, 3, 0, 4, 0, 0, 0, 5, 0, 0, 0]);
}

#[test]
fn mono_is_little_endian() {
    let mut bytes = vec![9];
    pcm16_bytes(&[0x0102, -1], &mut bytes);
    assert_eq!(bytes, [9, 2, 1, 0xFF, 0xFF]);
}

//! Chunks laid out against a slow and obvious model, which moves one sample at a time.

use audio::{Gap, Placement, Timeline};
use proptest::prelude::*;

const RATES: [u32; 3] = [8000, 11_025, 48_000];

/// What a track holds at a sample: a chunk's audio, or silence.
type Sample = Option<usize>;

#[derive(Debug, Default, PartialEq)]
struct Model {
    track: Vec<Sample>,
    gaps: Vec<Gap>,
    overlap: u64,
}

impl Model {
    fn lay_out(rate: u32, chunks: &[(Option<u32>, u64)]) -> Self {
        let mut model = Self::default();
        for (chunk, &(timestamp, samples)) in chunks.iter().enumerate() {
            let stands = model.track.len() as u64;
            let start = timestamp.map_or(stands, |ms| u64::from(ms) * u64::from(rate) / 1000);
            let joined = start.abs_diff(stands) <= u64::from(rate) / 100;
            let start = if joined { stands } else { start };
            if start > stands {
                model.gaps.push(Gap { start: stands, end: start });
                model.track.resize(start as usize, None);
            }
            for sample in start..start + samples {
                if sample < model.track.len() as u64 {
                    model.overlap += 1;
                } else {
                    model.track.push(Some(chunk));
                }
            }
        }
        model
    }

    /// The same, derived from a timeline.
    fn follow(rate: u32, chunks: &[(Option<u32>, u64)]) -> Self {
        let mut timeline = Timeline::new(rate);
        let mut track = Vec::new();
        for (chunk, &(timestamp, samples)) in chunks.iter().enumerate() {
            let Placement { silence, skip } = timeline.place(timestamp, samples);
            track.resize(track.len() + silence as usize, None);
            track.resize(track.len() + (samples - skip) as usize, Some(chunk));
            assert_eq!(timeline.position(), track.len() as u64);
        }
        Self { track, gaps: timeline.gaps().to_vec(), overlap: timeline.overlap_samples() }
    }
}

/// Frames at a steady pace, some of them lost, moved or cut short.
fn chunks() -> impl Strategy<Value = Vec<(u32, u64)>> {
    let offset = prop_oneof![4 => Just(0i64), 3 => -11i64..12, 1 => -100i64..300];
    let frame = (offset, prop_oneof![5 => Just(160u64), 1 => 1u64..2000], prop::bool::weighted(0.9));
    prop::collection::vec(frame, 0..60).prop_map(|frames| {
        let mut chunks: Vec<_> = (frames.into_iter().enumerate())
            .filter(|&(_, (_, _, arrives))| arrives)
            .map(|(index, (offset, samples, _))| ((100 + 20 * index as i64 + offset).max(0) as u32, samples))
            .collect();
        chunks.sort_by_key(|&(timestamp, _)| timestamp);
        chunks
    })
}

proptest! {
    #[test]
    fn chunks_lie_where_the_model_puts_them(rate in prop::sample::select(&RATES), chunks in chunks()) {
        let chunks: Vec<_> =
            chunks.into_iter().map(|(timestamp, samples)| (Some(timestamp), samples)).collect();
        prop_assert_eq!(Model::follow(rate, &chunks), Model::lay_out(rate, &chunks));
    }

    #[test]
    fn chunks_without_timestamps_follow_one_another(lengths in prop::collection::vec(0u64..500, 0..50)) {
        let chunks: Vec<_> = lengths.iter().map(|&samples| (None, samples)).collect();
        let model = Model::follow(8000, &chunks);
        prop_assert_eq!(&model, &Model::lay_out(8000, &chunks));
        prop_assert_eq!(model.track.len() as u64, lengths.iter().sum::<u64>());
    }

    #[test]
    fn a_track_is_never_more_than_ten_milliseconds_from_its_timestamps(chunks in chunks()) {
        let mut timeline = Timeline::new(8000);
        for (timestamp, samples) in chunks {
            timeline.place(Some(timestamp), samples);
            let end = u64::from(timestamp) * 8 + samples;
            prop_assert!(timeline.position() + 80 >= end);
        }
    }

    #[test]
    fn cutting_chunks_changes_nothing(lost in prop::collection::vec(any::<bool>(), 1..40), cut in 1u64..20) {
        let whole = || (0..).zip(&lost).filter(|(_, lost)| !**lost).map(|(frame, _)| 20 * frame);
        let mut of_wholes = Timeline::new(8000);
        let mut of_pieces = Timeline::new(8000);
        for timestamp in whole() {
            of_wholes.place(Some(timestamp), 160);
            of_pieces.place(Some(timestamp), 8 * cut);
            of_pieces.place(Some(timestamp + cut as u32), 160 - 8 * cut);
        }
        prop_assert_eq!(of_pieces.gaps(), of_wholes.gaps());
        prop_assert_eq!(of_pieces.position(), of_wholes.position());
        prop_assert_eq!(of_pieces.overlap_samples(), 0);
    }
}

fn placed(timeline: &mut Timeline, timestamp_ms: u32, samples: u64) -> (u64, u64) {
    let Placement { silence, skip } = timeline.place(Some(timestamp_ms), samples);
    (silence, skip)
}

#[test]
fn ten_milliseconds_ahead_are_joined_and_eleven_are_a_gap() {
    let mut timeline = Timeline::new(8000);
    assert_eq!(placed(&mut timeline, 10, 160), (0, 0));
    assert_eq!(placed(&mut timeline, 31, 160), (88, 0));
    assert_eq!(timeline.gaps(), [Gap { start: 160, end: 248 }]);
}

#[test]
fn ten_milliseconds_back_are_joined_and_eleven_are_dropped() {
    let mut timeline = Timeline::new(8000);
    timeline.place(None, 800);
    assert_eq!(placed(&mut timeline, 90, 160), (0, 0));
    assert_eq!(placed(&mut timeline, 109, 160), (0, 88));
    assert_eq!((timeline.overlap_samples(), timeline.position()), (88, 800 + 160 + 72));
    assert!(timeline.gaps().is_empty());
}

#[test]
fn a_chunk_that_is_covered_whole_is_dropped_whole() {
    let mut timeline = Timeline::new(8000);
    timeline.place(None, 1600);
    assert_eq!(placed(&mut timeline, 0, 160), (0, 160));
    assert_eq!((timeline.position(), timeline.overlap_samples()), (1600, 160));
}

#[test]
fn a_late_start_is_a_gap() {
    let mut timeline = Timeline::new(8000);
    assert_eq!(placed(&mut timeline, 120, 160), (960, 0));
    assert_eq!(timeline.gaps(), [Gap { start: 0, end: 960 }]);
}

#[test]
fn a_position_is_rounded_down() {
    let mut timeline = Timeline::new(11_025);
    // 1,001 ms are 11,036.025 samples.
    assert_eq!(placed(&mut timeline, 1001, 1), (11_036, 0));
}

#[test]
fn empty_chunks_do_not_split_a_gap() {
    let mut timeline = Timeline::new(8000);
    placed(&mut timeline, 100, 0);
    placed(&mut timeline, 200, 10);
    assert_eq!(timeline.gaps(), [Gap { start: 0, end: 1600 }]);
}

#[test]
fn the_last_timestamp_there_is_has_a_place() {
    let mut timeline = Timeline::new(48_000);
    let start = u64::from(u32::MAX) * 48;
    assert_eq!(placed(&mut timeline, u32::MAX, 960), (start, 0));
    assert_eq!(timeline.position(), start + 960);
}

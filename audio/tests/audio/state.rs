//! Conversions in pieces: left after any byte and taken up by another converter, they give the same bytes as a whole.

use audio::{Converter, Encoding, SAMPLE_RATES, STATE_MAX_BYTES, StateError, StreamFormat};
use proptest::prelude::*;

const ENCODINGS: [Encoding; 3] = [Encoding::Mulaw, Encoding::Alaw, Encoding::Pcm16];

fn converter(from: (Encoding, u32), to: (Encoding, u32)) -> Converter {
    let format = StreamFormat { encoding: from.0, sample_rate: from.1, channels: 1 };
    Converter::new(format, to.0, to.1).unwrap()
}

fn whole(from: (Encoding, u32), to: (Encoding, u32), bytes: &[u8]) -> Vec<u8> {
    let (mut converter, mut out) = (converter(from, to), Vec::new());
    converter.push(bytes, &mut out);
    converter.finish(&mut out);
    out
}

/// Converts pieces of the given sizes, in turns, each by a converter of its own.
fn in_pieces(from: (Encoding, u32), to: (Encoding, u32), mut bytes: &[u8], sizes: &[usize]) -> Vec<u8> {
    let (mut state, mut out) = (None, Vec::new());
    for &size in sizes.iter().cycle() {
        let mut converter = converter(from, to);
        state.iter().for_each(|state: &Vec<u8>| converter.resume(state).unwrap());
        let (piece, rest) = bytes.split_at(size.min(bytes.len()));
        converter.push(piece, &mut out);
        bytes = rest;
        if bytes.is_empty() {
            converter.finish(&mut out);
            return out;
        }
        let saved = converter.save();
        assert!(saved.len() <= STATE_MAX_BYTES);
        state = Some(saved);
    }
    unreachable!("sizes repeat")
}

fn any_format() -> impl Strategy<Value = (Encoding, u32)> {
    (prop::sample::select(&ENCODINGS), prop::sample::select(&SAMPLE_RATES))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn pieces_joined_are_the_whole(
        from in any_format(), to in any_format(),
        bytes in prop::collection::vec(any::<u8>(), 0..6000),
        sizes in prop::collection::vec(1usize..700, 1..6),
    ) {
        prop_assert!(in_pieces(from, to, &bytes, &sizes) == whole(from, to, &bytes));
    }

    #[test]
    fn no_bytes_make_a_converter_panic(
        from in any_format(), to in any_format(), pushed in 0usize..4000,
        at: prop::sample::Index, byte: u8, end: prop::sample::Index,
    ) {
        let mut saved = converter(from, to);
        saved.push(&vec![1; pushed], &mut Vec::new());
        let mut state = saved.save();
        prop_assert_eq!(converter(from, to).resume(&state[..end.index(state.len())]), Err(StateError::Damaged));
        let at = at.index(state.len());
        state[at] = byte;
        let mut converter = converter(from, to);
        if converter.resume(&state).is_ok() {
            prop_assert_eq!(converter.save(), state);
            converter.push(&[1; 999], &mut Vec::new());
            converter.finish(&mut Vec::new());
        }
    }
}

#[test]
fn every_pair_of_formats_can_be_cut_at_every_byte() {
    let mut longest = 0;
    for from in ENCODINGS.iter().flat_map(|&encoding| SAMPLE_RATES.map(|rate| (encoding, rate))) {
        for to in SAMPLE_RATES.map(|rate| (Encoding::Pcm16, rate)) {
            let bytes: Vec<u8> = (0..3001u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
            assert!(in_pieces(from, to, &bytes[..201], &[1]) == whole(from, to, &bytes[..201]), "{from:?} {to:?}");
            assert!(in_pieces(from, to, &bytes, &[320, 1, 7]) == whole(from, to, &bytes), "{from:?} {to:?}");
            let mut converter = converter(from, to);
            converter.push(&bytes, &mut Vec::new());
            longest = longest.max(converter.save().len());
        }
    }
    assert!(longest > STATE_MAX_BYTES - 20 && longest <= STATE_MAX_BYTES, "{longest}");
}

#[test]
fn a_state_is_for_its_formats_alone() {
    let from = (Encoding::Pcm16, 24_000);
    let state = converter(from, (Encoding::Mulaw, 8000)).save();
    assert_eq!(converter(from, (Encoding::Mulaw, 8000)).resume(&state), Ok(()));
    for to in [(Encoding::Alaw, 8000), (Encoding::Mulaw, 16_000)] {
        assert_eq!(converter(from, to).resume(&state), Err(StateError::OtherFormats));
    }
    assert_eq!(converter(from, from).resume(&[]), Err(StateError::Damaged));
}

//! Packed segments come back, and other bytes are refused.

use audio::speech::{PackedError, Segment, decode, encode};
use proptest::{collection::vec, prelude::*};

/// Disjoint segments in order of time.
fn segments() -> impl Strategy<Value = Vec<Segment>> {
    let number = prop_oneof![4 => 0_u32..600, 1 => 0_u32..40_000_000];
    vec((number.clone(), number), 0..50).prop_map(|steps| {
        let mut end = 0;
        let next = |(gap, length)| {
            let start = end + gap;
            end = start + length + 1;
            Segment { start, end }
        };
        steps.into_iter().map(next).collect()
    })
}

proptest! {
    #[test]
    fn segments_come_back(segments in segments()) {
        let bytes = encode(&segments);
        prop_assert_eq!(decode(&bytes), Ok(segments));
        // Cut off anywhere, the rest is a shorter list or nothing.
        for length in 0..bytes.len() {
            prop_assert!(length == 0 || decode(&bytes[..length]).is_err() || bytes[length - 1] < 0x80);
        }
    }

    #[test]
    fn bytes_that_are_accepted_are_those_that_are_written(bytes in vec(any::<u8>(), 0..64)) {
        if let Ok(segments) = decode(&bytes) {
            prop_assert_eq!(encode(&segments), bytes);
            prop_assert!(segments.iter().all(|segment| segment.start < segment.end));
            prop_assert!(segments.windows(2).all(|pair| pair[0].end <= pair[1].start));
        }
    }

    #[test]
    fn what_is_no_list_of_segments_is_refused_after_packing(
        bounds in vec((any::<u32>(), any::<u32>()), 1..6),
    ) {
        let segments: Vec<Segment> = bounds.into_iter().map(|(start, end)| Segment { start, end }).collect();
        let ordered = segments.iter().all(|segment| segment.start < segment.end)
            && segments.windows(2).all(|pair| pair[0].end <= pair[1].start);
        prop_assert_eq!(decode(&encode(&segments)).is_ok(), ordered);
    }
}

#[test]
fn each_fault_has_its_error() {
    assert_eq!(decode(&[]), Ok(Vec::new()));
    assert_eq!(decode(&[5]), Err(PackedError::CutOff));
    assert_eq!(decode(&[5, 0x80]), Err(PackedError::CutOff));
    assert_eq!(decode(&[5, 0]), Err(PackedError::Empty));
    assert_eq!(decode(&[5, 0x81, 0]), Err(PackedError::Overlong));
    assert_eq!(decode(&[0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 1]), Err(PackedError::OutOfRange));
    assert_eq!(decode(&[0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1]), Err(PackedError::OutOfRange));
    let last = [Segment { start: u32::MAX - 1, end: u32::MAX }];
    assert_eq!(decode(&encode(&last)).unwrap(), last);
}

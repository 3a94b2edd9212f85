//! Speech is found where it is: against known truth, against a plain implementation, and at the edges.

mod accuracy;
mod calls;
mod edges;
mod fixtures;
mod packed;
mod reference;
mod score;
mod signals;
mod voices;

use audio::speech::{Algorithm, Detector, Segment, Speech};

/// The speech in two tracks of a recording, pushed at once.
fn detect(algorithm: Algorithm, inbound: &[i16], outbound: &[i16]) -> Speech {
    let mut detector = Detector::new(algorithm);
    detector.push(inbound, outbound);
    detector.finish()
}

/// Segments in seconds.
fn seconds(segments: &[Segment]) -> Vec<(f64, f64)> {
    segments.iter().map(|segment| (f64::from(segment.start) / 50.0, f64::from(segment.end) / 50.0)).collect()
}

#[test]
fn names_of_algorithms_are_read_as_they_are_written() {
    for algorithm in Algorithm::ALL {
        assert_eq!(algorithm.to_string().parse(), Ok(algorithm));
    }
    assert_eq!(Algorithm::ALL.map(Algorithm::name), ["energy-1", "energy-2"]);
    for name in ["", "energy", "energy-3", "Energy-1", " energy-1"] {
        let error = name.parse::<Algorithm>().unwrap_err();
        assert_eq!(error.to_string(), "not an algorithm that finds speech; there are energy-1 and energy-2");
    }
}

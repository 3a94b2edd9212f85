//! Finds speech in a recording: one list of segments per track. Every figure of a conversation follows from these.
//!
//! The input is a recording of [`SAMPLE_RATE`], the caller's track (inbound) and the agent's (outbound), as 16-bit
//! samples. Analysis takes every second sample, which for G.711 are exactly the decoded ones, in frames of 20 ms.
//!
//! ```text
//! samples -> frames of 160 -> level of each -> noise floor around each -> thresholds -> segments
//!            (frames)         (level)          (floor)                    (gate)        (segment)
//! ```
//!
//! All arithmetic is in integers, so every machine finds the same segments. A [`Detector`] holds the levels of some
//! seconds and the segments so far, however long the call is, and how its input is cut makes no difference.
//!
//! # Example
//!
//! ```
//! use audio::speech::{Algorithm, Detector, Segment};
//!
//! let mut detector = Detector::new(Algorithm::Energy1);
//! let (silence, buzz) = ([0; 16_000], [9000, 9000, -9000, -9000].repeat(4000));
//! detector.push(&silence, &[]); // A track that is missing is silent.
//! detector.push(&buzz, &[]);
//! let speech = detector.finish();
//! assert_eq!(speech.inbound, [Segment { start: 50, end: 100 }]);
//! assert_eq!(speech.outbound, []);
//! ```

mod algorithm;
mod detector;
mod echo;
mod energy1;
mod energy2;
mod filter;
mod floor;
mod frame;
mod gate;
mod level;
mod noise;
mod segment;
mod tones;

pub use algorithm::{Algorithm, UnknownAlgorithm};
pub use detector::{Detector, Speech};
pub use frame::{FRAMES_PER_SECOND, SAMPLE_RATE};
pub use segment::{PackedError, Segment, decode, encode};

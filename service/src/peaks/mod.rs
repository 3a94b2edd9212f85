//! Peaks of recordings: what a waveform is drawn from.
//!
//! The finalizer finds them while it writes a recording, and keeps them in a file beside it (`kept`). They are derived:
//! a file that is missing, damaged or of another recording is made again from the recording, and no copy or backup has
//! it. It is removed with its call. `draw` makes any resolution into the formats of the audiowaveform program.

mod draw;
mod kept;

pub use draw::{Peaks, PeaksFormat, Resolution};
pub(crate) use draw::{Pixels, draw};
pub(crate) use kept::{KEPT_SAMPLES, PeaksDraft, open};

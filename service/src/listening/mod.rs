//! What listeners get of a call's audio beside the recording as it is: parts and single channels of it, peaks, and
//! calls that still run.
//!
//! All of it is streams: what is sent to a client is read while it is sent, so memory does not grow with the length of
//! a call, and a client that reads slowly makes nobody else wait.

mod follow;
mod live;
mod part;
mod peaks;
mod samples;
mod slice;

pub use live::{CallAudio, LiveAudio};
pub use part::Listening;
pub use slice::{Channel, Cut, RecordingSlice};

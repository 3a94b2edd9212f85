//! Analytics that the service computes from a call's recording: who speaks when, and the figures that follow from it.
//! Those that clients send are in `analytics.rs`.
//!
//! The speech of a call is found once, by a [`Listener`] that hears the samples of its recording: in the finalizer,
//! while the recording is written, or in [`analyze`], while it is read. What is stored is one row with the segments of
//! speech and the figures that lists filter by. All other figures are computed from the segments when they are read,
//! which takes microseconds, and so are words per minute, since transcripts may come later.
//!
//! | for | see |
//! | --- | --- |
//! | the rules: turns, interruptions, latency | `audio::conversation` |
//! | finding speech | `audio::speech` |
//! | a recording's samples on their way | `listen` |
//! | the row | `row` |
//! | operations | `part`, `read` |
//! | words in transcripts | `words` |
//! | `callstore analyze` | `catch_up` |

mod catch_up;
mod listen;
mod model;
mod part;
mod read;
mod row;
mod words;

pub use catch_up::{AnalysisFault, Analyzed, Selection, analyze};
pub(crate) use listen::{Heard, Listener, Tracks};
pub use model::{CallAnalytics, CallSpeech, ComputedAnalytics, PartyWords, TrackSpeech};
pub use part::Computed;
pub(crate) use part::computed_of;
pub(crate) use row::{measure, row};

//! The figures of a conversation, from the segments of speech of its two parties: who talks how long, when nobody or
//! both do, who interrupts whom, and how long an answer takes. Audio plays no part here.
//!
//! Everything is counted in whole frames of 20 ms ([`FRAME_MS`]), so the same segments have the same figures on every
//! machine, and no rule depends on a rounding error. docs/analytics.md has the definitions with a drawing; each of them
//! is decided in one place:
//!
//! | for | see |
//! | --- | --- |
//! | talk time, silence, overlap | `spans` |
//! | interruptions, backchannels, turns | `floor` |
//! | response latency and its percentiles | [`Latencies`] |
//!
//! ```
//! use audio::conversation::Conversation;
//! use audio::speech::{Segment, Speech};
//!
//! // The agent greets, the caller answers 0.4 s later, and the agent interrupts.
//! let inbound = vec![Segment { start: 120, end: 400 }];
//! let outbound = vec![Segment { start: 0, end: 100 }, Segment { start: 350, end: 500 }];
//! let conversation = Conversation::of(&Speech { inbound, outbound });
//! assert_eq!(conversation.caller.latencies.p50_ms(), Some(400));
//! assert_eq!((conversation.agent.interruptions, conversation.caller.interrupted), (1, 1));
//! assert_eq!((conversation.overlap, conversation.silence), (50, 20));
//! ```

mod floor;
mod latencies;
mod measure;
mod model;
mod order;
mod spans;
mod units;

pub use latencies::Latencies;
pub use model::{Conversation, Figures, Interruption, Party, Turn};
pub use units::FRAME_MS;

#[cfg(test)]
mod tests;

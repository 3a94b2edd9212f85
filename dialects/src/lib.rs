//! What voice platforms send when they stream a phone call, read into one set of events.
//!
//! A [`Stream`] takes the messages of a WebSocket, recognizes the platform by the first ones, and gives [`Event`]s: the
//! start with the call's ids and parties, frames of audio with their places, keys, marks, answers that the platform
//! needs, and the end. [`AudioSocket`] does the same for a TCP connection of Asterisk's.
//!
//! | file | what it does |
//! | --- | --- |
//! | `recognize` | the table of first messages |
//! | `dialect`, `readers` | what a platform's reader has to do, and which there are |
//! | `platforms/` | one reader for each way of streaming |
//! | `message`, `fields` | JSON in the spellings of all platforms |
//! | `opening` | ids and parties of the call |
//! | `codec/` | formats by their names; G.722 and Opus to PCM16 |
//! | `output` | numbers and places of frames |
//!
//! The crate does no I/O, has no clock, and knows nothing of the service. Nothing that it reads makes it panic, and
//! what it keeps in memory is bounded.

mod audiosocket;
mod codec;
mod context;
mod dialect;
mod event;
mod fields;
mod message;
mod name;
mod opening;
mod output;
mod platforms;
mod readers;
mod recognize;
mod stream;

pub use audiosocket::AudioSocket;
pub use context::{Context, SUBPROTOCOLS};
pub use event::{Direction, Event, Format, Frame, Refusal, Start, Track};
pub use name::Name;
pub use opening::{CALLER_MAX, TOKEN};
pub use recognize::looks_like;
pub use stream::Stream;

//! Transcripts: what was said, and what tools were called. They can be added during a call and after it has ended.

mod add;
mod change;
mod kept;
mod list;
mod model;
mod part;
mod replace;

pub use add::{Imported, StoredTranscript};
pub(crate) use list::transcripts_of;
pub use model::{ListTranscripts, NewTranscript, Transcript, TranscriptChange};
pub use part::Transcripts;
pub use replace::TranscriptOutcome;

//! The documents of each provider. A module recognizes a document by its shape and turns it into drafts.

pub(crate) mod assemblyai;
pub(crate) mod aws_call_analytics;
pub(crate) mod aws_transcribe;
pub(crate) mod azure;
pub(crate) mod captions;
pub(crate) mod deepgram;
pub(crate) mod elevenlabs;
pub(crate) mod faster_whisper;
pub(crate) mod google;
pub(crate) mod openai;
pub(crate) mod retell;
pub(crate) mod speechmatics;
mod tools;
pub(crate) mod twilio_intelligence;
pub(crate) mod twilio_transcription;
pub(crate) mod vapi;
pub(crate) mod whisper_cpp;

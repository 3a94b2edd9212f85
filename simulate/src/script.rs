//! A recorded session with its metadata and transcripts. It is read once and shared by all calls that replay it.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    batch::{BATCH_MAX, cut},
    error::SimulateError,
    names::Names,
    opening::Opening,
    recorded_session::RecordedSession,
    transcripts,
};

/// A recorded session, ready to replay.
#[derive(Debug)]
pub(crate) struct Script {
    /// The path of the session.
    pub file: PathBuf,
    /// The messages of the session.
    pub session: RecordedSession,
    /// The body of `setMetadata`; `None` if the session has no custom parameters.
    pub metadata: Option<Bytes>,
    /// The bodies of `addTranscripts`, each within the limits of one request.
    pub transcripts: Vec<Bytes>,
}

impl Script {
    /// Reads a session and its transcripts.
    ///
    /// # Errors
    /// When a file is unreadable or invalid.
    pub(crate) fn read(file: &Path) -> Result<Self, SimulateError> {
        Ok(Self::new(file, RecordedSession::read(file)?, transcripts::read(file)?))
    }

    /// Combines a session and its transcripts.
    #[must_use]
    pub(crate) fn new(file: &Path, session: RecordedSession, transcripts: Vec<Value>) -> Self {
        let transcripts = cut(&transcripts, BATCH_MAX, |transcript| transcript.to_string().len())
            .map(|transcripts| json!({ "transcripts": transcripts }).to_string().into())
            .collect();
        let custom_data = &session.opening.custom_data;
        let metadata = (!custom_data.is_empty()).then(|| json!({ "customData": custom_data }).to_string().into());
        Self { file: file.to_owned(), session, metadata, transcripts }
    }

    /// The body of `startCall`, under the names given.
    #[must_use]
    pub(crate) fn start(&self, names: &Names) -> Bytes {
        let Opening { caller, agent, audio_format, .. } = &self.session.opening;
        let audio_format =
            audio_format.map(|(encoding, sample_rate)| json!({ "encoding": encoding, "sampleRate": sample_rate }));
        let start = json!({
            "streamSid": names.stream_sid,
            "callSid": names.call_sid,
            "caller": caller,
            "agent": agent,
            "audioFormat": audio_format,
        });
        start.to_string().into()
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn transcripts_and_metadata_are_ready_to_send() {
        let line = r#"{"event":"start","start":{"streamSid":"MZ1","customParameters":{"campaign":"spring"},
            "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}}}"#
            .replace('\n', "");
        let session = RecordedSession::parse(Path::new("a.jsonl"), line.as_bytes()).unwrap();
        let script = Script::new(Path::new("a.jsonl"), session, vec![json!({ "text": "Hello." }); 501]);
        let body = |bytes: &Bytes| serde_json::from_slice::<Value>(bytes).unwrap();
        let counts = script.transcripts.iter().map(|bytes| body(bytes)["transcripts"].as_array().map(Vec::len));
        assert_eq!(counts.collect::<Vec<_>>(), [Some(500), Some(1)]);
        assert_eq!(script.metadata.as_ref().map(body), Some(json!({ "customData": { "campaign": "spring" } })));
        let start = body(&script.start(&Names { stream_sid: "MZ2".to_owned(), call_sid: None }));
        assert_eq!((&start["streamSid"], &start["caller"]), (&json!("MZ2"), &json!("unknown")));
        assert_eq!(start["audioFormat"], json!({ "encoding": "mulaw", "sampleRate": 8_000 }));
    }
}

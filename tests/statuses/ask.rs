//! Requests that provoke each status.

use serde_json::{Value, json};

use super::{BEYOND_REACH, GONE, HELD, World};
use crate::{document::Operation, support::chunk};

const FORM: &str = "application/x-www-form-urlencoded";

/// A request to an operation, on the call `MZ1`.
#[derive(Default)]
pub(super) struct Ask {
    /// Bodies sent to the same operation before.
    pub before: Vec<Value>,
    pub call: Option<&'static str>,
    pub query: &'static str,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    pub raw: Option<(&'static str, &'static str)>,
}

impl Ask {
    fn body(body: Value) -> Self {
        Self { body: Some(body), ..Self::default() }
    }

    fn query(query: &'static str) -> Self {
        Self { query, ..Self::default() }
    }

    fn raw(content_type: &'static str, bytes: &'static str) -> Self {
        Self { raw: Some((content_type, bytes)), ..Self::default() }
    }

    fn header(name: &'static str, value: impl Into<String>) -> Self {
        Self { headers: vec![(name, value.into())], ..Self::default() }
    }

    /// The example from the document, or no body.
    fn example(operation: &Operation) -> Self {
        Self { body: operation.example().cloned(), ..Self::default() }
    }

    /// The same request, sent twice.
    fn again(self) -> Self {
        Self { before: self.body.iter().cloned().collect(), ..self }
    }
}

/// The name of a request whose call was deleted.
fn gone() -> (&'static str, String) {
    ("idempotency-key", GONE.to_owned())
}

/// The request that provokes this status; `None` if no one has written one yet.
pub(super) fn ask(operation: &Operation, status: &str, world: &World) -> Option<Ask> {
    let example = || Ask::example(operation);
    let other_caller = json!({ "streamSid": "MZ1", "caller": "someone else" });
    let named = json!({ "externalId": "a", "speaker": "b", "text": "c" });
    let conflict = json!({ "audio": "/w==", "sequence": 0, "timestamp": 0 });
    Some(match (operation.id(), status) {
        ("startCall", "200") => example().again(),
        ("startCall", "409") => Ask::body(other_caller),
        ("updateCall", "409") => Ask::body(json!({ "callSid": "CA-taken" })),
        ("addAudioChunk", "200") => Ask::body(chunk("outbound", 0, 0)).again(),
        ("addAudioChunk", "409") => Ask::body(conflict),
        ("addAudioChunks", "200") => Ask::body(json!({ "chunks": [chunk("outbound", 0, 0)] })).again(),
        ("addAudioChunks", "409") => Ask::body(json!({ "chunks": [conflict] })),
        ("addAudioChunk", "201" | "507") => Ask::body(chunk("outbound", 0, 0)),
        ("addAudioChunks", "201" | "507") => Ask::body(json!({ "chunks": [chunk("outbound", 0, 0)] })),
        ("setMetadata" | "updateMetadata" | "importTranscripts", "200") => example().again(),
        ("addTranscript", "200") => Ask::body(named).again(),
        ("addTranscripts", "200") => Ask::body(json!({ "transcripts": [named] })).again(),
        // The table of recordings is dropped, so that the call cannot be completed.
        ("endCall", "202") => Ask { headers: vec![("prefer", "wait=0".to_owned())], ..Ask::default() },
        ("endCall", "200") => Ask::default(),
        ("getComputedAnalytics" | "listSpeech", "409") => Ask::default(),
        ("getComputedAnalytics", "304") => Ask { call: Some("ended"), ..Ask::header("if-none-match", "*") },
        ("getComputedAnalytics" | "listSpeech", "200") => Ask { call: Some("ended"), ..Ask::default() },
        ("listCalls", "400") => Ask::query("?cursor=forged"),
        ("searchTranscripts", "400") => Ask::query("?q=a&cursor=forged"),
        ("searchTranscripts", "200" | "500" | "503") => Ask::query("?q=a"),
        ("getCallAudio", "206") => Ask { call: Some("ended"), ..Ask::header("range", "bytes=0-43") },
        ("getCallAudio", "304") => Ask { call: Some("ended"), ..Ask::header("if-none-match", "*") },
        ("getCallAudio", "416") => Ask { call: Some("ended"), ..Ask::header("range", "bytes=99999999-") },
        ("getCallAudio", "410") => Ask { call: Some("ended"), ..Ask::default() },
        ("getCallAudio", "307" | "503") => return None,
        ("getPeaks" | "getCallPeaks", "406") => Ask { call: Some("ended"), ..Ask::header("accept", "image/png") },
        ("getPeaks" | "getCallPeaks", "304") => Ask { call: Some("ended"), ..Ask::header("if-none-match", "*") },
        ("getPeaks" | "getCallPeaks", "410") => {
            Ask { call: Some("ended"), query: "?pixelsPerSecond=30", ..Ask::default() }
        }
        ("getPeaks" | "getCallPeaks" | "getCallAudio", "200") => Ask { call: Some("ended"), ..Ask::default() },
        ("getPeaks" | "getCallPeaks", "503") => return None,
        ("downloadRecording", "206") => Ask::header("range", "bytes=0-43"),
        ("downloadRecording", "304") => Ask::header("if-none-match", format!("\"{}\"", world.sha256)),
        ("downloadRecording", "416") => Ask::header("range", "bytes=99999999-"),
        ("downloadRecording", "403") => Ask::query("?expires=1&signature=forged"),
        ("twilioVoice" | "twilioStatus", "400") => Ask::raw(FORM, "CallSid=%FF"),
        ("twilioVoice" | "twilioStatus", "200" | "204" | "403" | "503" | "507") | ("twilioStatus", "500") => {
            Ask::raw(FORM, "CallSid=CA-taken&CallStatus=completed&Direction=inbound")
        }
        ("getProblem" | "getRecording" | "downloadRecording" | "createRecordingLink" | "getPeaks", "404") => {
            Ask::default()
        }
        ("getMetadata" | "deleteMetadata" | "revokeKey" | "deleteTranscript", "404") => Ask::default(),
        ("updateTranscript" | "updateWebhook" | "replayWebhook", "404") => example(),
        ("getWebhook" | "deleteWebhook" | "listDeliveries" | "retryDelivery", "404") => Ask::default(),
        ("rotateWebhookSecret" | "testWebhook", "404") => Ask::default(),
        ("listDeliveries", "400") => Ask::query("?cursor=forged"),
        ("revokeKey", "409") => Ask::default(),
        ("revokeKey", "204" | "500" | "503" | "507") => Ask::query("?force=true"),
        ("getReadyz", "503") => Ask::default(),
        ("downloadRecording", "410") => Ask::default(),
        ("downloadRecording", "503") => return None,
        ("listEvents" | "streamEvents", "404") => Ask::query("?call=unknown"),
        ("listEvents" | "streamEvents", "410") => Ask::query("?after=019b7ca9-8f2e-7000-8000-00000000ffff"),
        (_, "408") => Ask::header("content-length", "1000"),
        ("getCall" | "getMetadata", "304") => Ask::header("if-none-match", "*"),
        (_, "409") => Ask { headers: vec![("idempotency-key", HELD.to_owned())], ..example() },
        ("twilioVoice" | "twilioStatus", "410") => Ask { headers: vec![gone()], ..Ask::raw(FORM, "CallSid=CA1") },
        (_, "410") => Ask { headers: vec![gone()], ..example() },
        (_, "412") => Ask { headers: vec![("if-match", "\"another\"".to_owned())], ..example() },
        (_, "401") => Ask::header("authorization", "Bearer nobody-s"),
        (_, "403") => Ask::header("origin", "https://elsewhere.example"),
        (_, "404") => Ask { call: Some("unknown"), ..example() },
        ("listTranscripts", "406") => Ask::header("accept", "image/png, application/json;q=0"),
        ("twilioVoice" | "twilioStatus", "422") => Ask::raw(FORM, "CallSid="),
        (_, "422") => Ask { query: "?nonsense=1", ..example() },
        (_, "400") => Ask::raw("application/json", "{"),
        (_, "415") => Ask::raw("text/plain", "text"),
        // The announced length is enough; no bytes are sent.
        (_, "413") => Ask::header("content-length", (16 * 1024 * 1024 + 1).to_string()),
        (_, "500") if !BEYOND_REACH.contains(&format!("{} 500", operation.id()).as_str()) => example(),
        (_, "200" | "201" | "202" | "204" | "503" | "507") => example(),
        _ => return None,
    })
}

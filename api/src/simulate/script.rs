//! What is sent for a session, but for the names: all bodies, written once and shared by all copies, so that a thousand
//! calls cost the memory of one and the service is busier than what loads it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bytes::Bytes;
use serde_json::{Value, json};
use service::limits::BATCH_MAX;

use super::{
    SimulateError,
    names::Names,
    session::{Audio, Opening, Session},
    transcripts,
};

/// How much a batch carries at most, in bytes; the service takes 8 MiB, with the JSON around it.
const BATCH_MAX_BYTES: usize = 6 * 1024 * 1024;

/// The requests of a call.
#[derive(Debug)]
pub struct Script {
    /// Where the session was recorded.
    pub file: PathBuf,
    /// How it opened.
    pub opening: Opening,
    /// The body of `setMetadata`, if there is something to set.
    pub metadata: Option<Bytes>,
    /// The chunks, in order.
    pub parts: Vec<Part>,
    /// The bodies of `addTranscripts`.
    pub transcripts: Vec<Bytes>,
}

/// A request that carries chunks.
#[derive(Debug)]
pub struct Part {
    /// The end of the path: one chunk and several are different operations.
    pub path: &'static str,
    /// The body.
    pub body: Bytes,
    /// How many chunks are in it.
    pub chunks: u64,
    /// How long they last together.
    pub audio: Duration,
    /// When the last of them had arrived, counted from the first of the session.
    pub due: Duration,
}

impl Script {
    /// Reads a session and what was said in it; a request carries up to `batch` chunks.
    ///
    /// # Errors
    /// When a file cannot be read or is damaged.
    pub fn read(file: &Path, batch: usize) -> Result<Self, SimulateError> {
        Ok(Self::new(file, Session::read(file)?, transcripts::read(file)?, batch))
    }

    /// The script of a session.
    #[must_use]
    pub fn new(file: &Path, session: Session, transcripts: Vec<Value>, batch: usize) -> Self {
        let frames: Vec<_> = session.frames().collect();
        let first_ms = frames.first().map_or(0, |frame| frame.timestamp_ms);
        let bytes_a_second = session.opening.audio_format.map_or(8_000, |(_, sample_rate)| sample_rate);
        let batches = cut(&frames, batch, |frame| frame.payload.len());
        let parts = batches.map(|frames| Part::new(frames, batch, first_ms, bytes_a_second)).collect();
        let transcripts = cut(&transcripts, BATCH_MAX, |transcript| transcript.to_string().len())
            .map(|transcripts| json!({ "transcripts": transcripts }).to_string().into())
            .collect();
        let custom_data = &session.opening.custom_data;
        let metadata = (!custom_data.is_empty()).then(|| json!({ "customData": custom_data }).to_string().into());
        Self { file: file.to_owned(), metadata, parts, transcripts, opening: session.opening }
    }

    /// How many chunks there are.
    #[must_use]
    pub fn chunks(&self) -> u64 {
        self.parts.iter().map(|part| part.chunks).sum()
    }

    /// The body of `startCall`.
    #[must_use]
    pub fn start(&self, names: &Names) -> Bytes {
        let Opening { caller, agent, audio_format, .. } = &self.opening;
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

impl Part {
    fn new(frames: &[Audio<'_>], batch: usize, first_ms: u64, bytes_a_second: u32) -> Self {
        let mut chunks: Vec<_> = frames.iter().map(chunk).collect();
        let (path, body) = match chunks.pop() {
            Some(only) if batch == 1 => ("chunks", only),
            last => {
                chunks.extend(last);
                ("chunks/batch", json!({ "chunks": chunks }))
            }
        };
        let bytes: usize = frames.iter().map(|frame| decoded_len(frame.payload)).sum();
        let last_ms = frames.iter().map(|frame| frame.timestamp_ms).max().unwrap_or(first_ms);
        Self {
            path,
            body: body.to_string().into(),
            chunks: frames.len() as u64,
            audio: Duration::from_secs_f64(bytes as f64 / f64::from(bytes_a_second.max(1))),
            due: Duration::from_millis(last_ms.saturating_sub(first_ms)),
        }
    }
}

fn chunk(frame: &Audio<'_>) -> Value {
    json!({
        "audio": frame.payload,
        "track": frame.track,
        "sequence": frame.sequence,
        "timestamp": frame.timestamp_ms,
    })
}

/// How many bytes base64 stands for.
fn decoded_len(base64: &str) -> usize {
    base64.trim_end_matches('=').len() * 3 / 4
}

/// Cuts a list into runs of at most `count` items that are not too large for one request.
fn cut<T>(mut items: &[T], count: usize, size: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = items.iter().take(count.max(1)).take_while(|item| {
            bytes += size(item);
            bytes <= BATCH_MAX_BYTES
        });
        let (run, rest) = items.split_at(fits.count().max(1).min(items.len()));
        items = rest;
        (!run.is_empty()).then_some(run)
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn script(batch: usize, frames: u64) -> Script {
        let mut lines = r#"{"event":"start","start":{"streamSid":"MZ1","customParameters":{"campaign":"spring"},
            "mediaFormat":{"encoding":"audio/x-mulaw","sampleRate":8000}}}"#
            .replace('\n', "");
        for frame in 0..frames {
            let timestamp = 100 + frame * 20;
            let media =
                json!({ "chunk": frame.to_string(), "timestamp": timestamp.to_string(), "payload": "/////w==" });
            lines += &format!("\n{}", json!({ "event": "media", "media": media }));
        }
        let session = Session::parse(Path::new("a.jsonl"), lines.as_bytes()).unwrap();
        Script::new(Path::new("a.jsonl"), session, vec![json!({ "text": "Hello." }); 501], batch)
    }

    fn body(bytes: &Bytes) -> Value {
        serde_json::from_slice(bytes).unwrap()
    }

    #[test]
    fn chunks_are_sent_in_batches_when_the_last_of_each_is_due() {
        let script = script(2, 5);
        let parts: Vec<_> = script.parts.iter().map(|part| (part.path, part.chunks, part.due.as_millis())).collect();
        assert_eq!(parts, [("chunks/batch", 2, 20), ("chunks/batch", 2, 60), ("chunks/batch", 1, 80)]);
        let chunk = json!({ "audio": "/////w==", "track": "inbound", "sequence": 4, "timestamp": 180 });
        assert_eq!(body(&script.parts[2].body), json!({ "chunks": [chunk] }));
        assert_eq!((script.chunks(), script.parts[0].audio), (5, Duration::from_secs(1) / 1_000));
    }

    #[test]
    fn a_batch_of_one_is_a_chunk() {
        let script = script(1, 2);
        assert_eq!(script.parts[1].path, "chunks");
        let chunk = json!({ "audio": "/////w==", "track": "inbound", "sequence": 1, "timestamp": 120 });
        assert_eq!(body(&script.parts[1].body), chunk);
    }

    #[test]
    fn transcripts_and_metadata_are_ready_to_send() {
        let script = script(50, 0);
        let counts = script.transcripts.iter().map(|bytes| body(bytes)["transcripts"].as_array().map(Vec::len));
        assert_eq!(counts.collect::<Vec<_>>(), [Some(500), Some(1)]);
        assert_eq!(script.metadata.as_ref().map(body), Some(json!({ "customData": { "campaign": "spring" } })));
        let start = body(&script.start(&Names { stream_sid: "MZ2".to_owned(), call_sid: None }));
        assert_eq!((&start["streamSid"], &start["caller"]), (&json!("MZ2"), &json!("unknown")));
        assert_eq!(start["audioFormat"], json!({ "encoding": "mulaw", "sampleRate": 8_000 }));
    }

    #[test]
    fn large_items_are_cut_by_their_size() {
        let lengths = |items: &[usize]| cut(items, 3, |size| *size).map(<[_]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(&[1; 7]), [3, 3, 1]);
        assert_eq!(lengths(&[BATCH_MAX_BYTES, 1, BATCH_MAX_BYTES + 1, 1]), [1, 1, 1, 1]);
        assert_eq!(lengths(&[]), [0; 0]);
    }
}

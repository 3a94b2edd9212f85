//! Hits of a search on the wire.

use serde::Serialize;
use service::{Found, IndexProgress, Playback, Private, SnippetPart};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{calls::model::Call, chunks::model::Track, problem::Problem, recordings::model::Recording};

/// How far the transcripts of a version without search are indexed.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct SearchIndexing {
    /// Transcripts that are indexed, newest first.
    done: u64,
    /// Transcripts that there were.
    total: u64,
}

impl From<IndexProgress> for SearchIndexing {
    fn from(IndexProgress { done, total }: IndexProgress) -> Self {
        Self { done, total }
    }
}

/// A transcript that was found, with its call.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SearchHit {
    /// The call.
    call: Call,
    /// The transcript.
    transcript: FoundTranscript,
    /// Up to 200 characters around the first match, in parts. Together they are the text, with `…` where it is cut.
    snippet: Vec<SnippetPiece>,
    /// Where to hear it. Null if the call has no recording.
    #[schema(required)]
    playback: Option<PlaybackPlace>,
}

/// What of a transcript is in a hit.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct FoundTranscript {
    /// The transcript's id.
    id: Uuid,
    /// The speaker.
    #[schema(value_type = String)]
    speaker: Private,
    /// Whose voice it is, if known.
    #[schema(required)]
    track: Option<Track>,
    /// The whole text.
    #[schema(value_type = String)]
    text: Private,
    /// When the utterance begins: seconds since the start of the call.
    #[schema(required)]
    start_time: Option<f64>,
    /// When the utterance ends: seconds since the start of the call.
    #[schema(required)]
    end_time: Option<f64>,
}

/// A part of a snippet.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct SnippetPiece {
    /// The text, never markup.
    #[schema(value_type = String)]
    text: Private,
    /// Whether the query matches here.
    #[serde(rename = "match")]
    is_match: bool,
}

/// A place in a recording.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PlaybackPlace {
    /// The recording.
    recording_id: Uuid,
    /// Seconds from its beginning: the first matching word if words are known, else the utterance. Null if neither has
    /// a time.
    #[schema(required)]
    start: Option<f64>,
    /// The path of `downloadRecording`.
    url: String,
}

impl SearchHit {
    /// A hit of the service.
    pub(super) fn new(found: Found) -> Result<Self, Problem> {
        let Found { call, transcript, snippet, playback } = found;
        let transcript = FoundTranscript {
            id: transcript.id,
            speaker: transcript.speaker,
            track: transcript.track.map(Into::into),
            text: transcript.text,
            start_time: transcript.start_time,
            end_time: transcript.end_time,
        };
        let piece = |SnippetPart { text, is_match }| SnippetPiece { text, is_match };
        let snippet = snippet.into_iter().map(piece).collect();
        Ok(Self { call: Call::new(call)?, transcript, snippet, playback: playback.map(PlaybackPlace::new) })
    }

    /// A guest orders.
    pub(super) fn sample() -> Self {
        let piece = |text: &str, is_match| SnippetPiece { text: text.into(), is_match };
        let transcript = FoundTranscript {
            id: Uuid::from_u128(0x0190_5f3c_3a11_7e33_9f60_7c8d_9e0f_1022),
            speaker: "caller".into(),
            track: Some(Track::Inbound),
            text: "Two margheritas, please.".into(),
            start_time: Some(4.1),
            end_time: Some(5.9),
        };
        let recording_id = Recording::sample().id;
        Self {
            call: Call::sample(),
            transcript,
            snippet: vec![piece("Two ", false), piece("margheritas", true), piece(", please.", false)],
            playback: Some(PlaybackPlace::new(Playback { recording_id, start: Some(4.4) })),
        }
    }
}

impl PlaybackPlace {
    fn new(Playback { recording_id, start }: Playback) -> Self {
        Self { recording_id, start, url: format!("/recordings/{recording_id}/audio") }
    }
}

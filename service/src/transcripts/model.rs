//! Transcripts as the other crates see them.

use entity::transcript::{Kind, Model};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    Error, Page, Private, Timestamp, Track,
    limits::check_json,
    version::{Versioned, digest},
};

/// An utterance of a call, or another entry of its transcript.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Transcript {
    /// UUIDv7, in order of arrival.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// The client's name of it, unique in its call.
    pub external_id: Option<String>,
    /// What kind of entry it is.
    pub kind: Kind,
    /// Whose voice it is, if known.
    pub track: Option<Track>,
    /// Who spoke.
    pub speaker: Private,
    /// What was said.
    pub text: Private,
    /// When it begins, in seconds from the start of the call.
    pub start_time: Option<f64>,
    /// When it ends, in seconds from the start of the call.
    pub end_time: Option<f64>,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// Its language, a BCP 47 tag.
    pub language: Option<String>,
    /// Its words: an array of objects with `text`, `startTime`, `endTime` and `confidence`.
    pub words: Option<Private<Value>>,
    /// The arguments of a tool call, or other data: an object.
    pub data: Option<Private<Value>>,
    /// Whether the recognizer is done with it.
    pub is_final: bool,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The API key that wrote it, or `token:` and the key that made the call token; `None` without a key.
    pub created_by: Option<String>,
}

impl From<Model> for Transcript {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            call_id: row.call_id,
            external_id: row.external_id,
            kind: row.kind,
            track: row.track,
            speaker: row.speaker,
            text: row.text,
            start_time: row.start_time,
            end_time: row.end_time,
            confidence: row.confidence,
            language: row.language,
            words: row.words,
            data: row.data,
            is_final: row.is_final,
            created_at: row.created_at,
            updated_at: row.updated_at.unwrap_or(row.created_at),
            created_by: row.created_by,
        }
    }
}

impl Versioned for Transcript {
    fn version(&self) -> String {
        digest(self)
    }
}

/// The content of a transcript, which a client gives.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTranscript {
    /// The client's name of it. The same name again replaces the content.
    pub external_id: Option<String>,
    /// What kind of entry it is.
    pub kind: Kind,
    /// Whose voice it is, if known.
    pub track: Option<Track>,
    /// Who spoke.
    pub speaker: Private,
    /// What was said.
    pub text: Private,
    /// When it begins, in seconds from the start of the call.
    pub start_time: Option<f64>,
    /// When it ends, in seconds from the start of the call.
    pub end_time: Option<f64>,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// Its language, a BCP 47 tag.
    pub language: Option<String>,
    /// Its words: an array of objects with `text`, `startTime`, `endTime` and `confidence`.
    pub words: Option<Private<Value>>,
    /// The arguments of a tool call, or other data: an object.
    pub data: Option<Private<Value>>,
    /// Whether the recognizer is done with it.
    pub is_final: bool,
}

/// Approximate memory of a queued utterance, beside its texts.
const ROW_BYTES: usize = 256;
/// Approximate JSON of a word, beside its text.
const WORD_BYTES: usize = 64;

impl NewTranscript {
    /// What somebody said, with nothing else known of it.
    #[must_use]
    pub fn speech(speaker: &str, text: &str) -> Self {
        Self {
            external_id: None,
            kind: Kind::Speech,
            track: None,
            speaker: speaker.into(),
            text: text.into(),
            start_time: None,
            end_time: None,
            confidence: None,
            language: None,
            words: None,
            data: None,
            is_final: true,
        }
    }

    /// Approximate size in memory.
    pub(super) fn bytes(&self) -> usize {
        let words = self.words.as_ref().and_then(|words| words.expose().as_array()).map_or(0, Vec::len);
        let data = self.data.as_ref().map_or(0, |data| data.expose().to_string().len());
        ROW_BYTES + self.speaker.expose().len() + self.text.expose().len() + words * WORD_BYTES + data
    }

    /// Refuses data that is too large or too deep. `pointer` leads to the transcript.
    pub(super) fn check(&self, pointer: &str) -> Result<(), Error> {
        check_json(&format!("{pointer}/data"), self.data.as_ref().map(Private::expose))
    }

    /// A new row.
    pub(super) fn into_row(self, id: Uuid, call_id: Uuid, created_at: Timestamp, created_by: Option<String>) -> Model {
        Model {
            id,
            call_id,
            speaker: self.speaker,
            text: self.text,
            confidence: self.confidence,
            start_time: self.start_time,
            end_time: self.end_time,
            created_at,
            track: self.track,
            kind: self.kind,
            language: self.language,
            words: self.words,
            data: self.data,
            external_id: self.external_id,
            is_final: self.is_final,
            updated_at: None,
            created_by,
        }
    }
}

/// Changes to a transcript: `None` keeps a field, `Some(None)` removes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TranscriptChange {
    /// What kind of entry it is.
    pub kind: Option<Kind>,
    /// Whose voice it is.
    pub track: Option<Option<Track>>,
    /// Who spoke.
    pub speaker: Option<Private>,
    /// What was said.
    pub text: Option<Private>,
    /// When it begins, in seconds from the start of the call.
    pub start_time: Option<Option<f64>>,
    /// When it ends, in seconds from the start of the call.
    pub end_time: Option<Option<f64>>,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<Option<f64>>,
    /// Its language, a BCP 47 tag.
    pub language: Option<Option<String>>,
    /// Its words.
    pub words: Option<Option<Private<Value>>>,
    /// The arguments of a tool call, or other data: an object.
    pub data: Option<Option<Private<Value>>>,
    /// Whether the recognizer is done with it.
    pub is_final: Option<bool>,
}

/// Selects a page of a call's transcripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTranscripts {
    /// The page to return.
    pub page: Page,
    /// Only utterances of this speaker.
    pub speaker: Option<Private>,
    /// Only this track.
    pub track: Option<Track>,
    /// Only this kind.
    pub kind: Option<Kind>,
    /// Only final or only interim ones.
    pub is_final: Option<bool>,
}

impl ListTranscripts {
    /// All transcripts, a page of them.
    #[must_use]
    pub fn all(page: Page) -> Self {
        Self { page, speaker: None, track: None, kind: None, is_final: None }
    }
}

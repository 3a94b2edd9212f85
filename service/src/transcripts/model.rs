//! What an utterance is, before and after it is stored, and which of them a list has.

use entity::transcript::Model;
use uuid::Uuid;

use crate::{Page, Private, Timestamp};

/// An utterance of a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// UUIDv7, in order of arrival.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// Who spoke.
    pub speaker: Private,
    /// What was said.
    pub text: Private,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// When it begins, in seconds from the start of the call.
    pub start_time: Option<f64>,
    /// When it ends, in seconds from the start of the call.
    pub end_time: Option<f64>,
    /// When the utterance was stored.
    pub created_at: Timestamp,
}

impl From<Model> for Transcript {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            call_id: row.call_id,
            speaker: row.speaker,
            text: row.text,
            confidence: row.confidence,
            start_time: row.start_time,
            end_time: row.end_time,
            created_at: row.created_at,
        }
    }
}

/// A new utterance.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTranscript {
    /// Who spoke.
    pub speaker: Private,
    /// What was said.
    pub text: Private,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// When it begins, in seconds from the start of the call.
    pub start_time: Option<f64>,
    /// When it ends, in seconds from the start of the call.
    pub end_time: Option<f64>,
}

/// Selects a page of a call's transcripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListTranscripts {
    /// The page to return.
    pub page: Page,
    /// Only utterances of this speaker.
    pub speaker: Option<Private>,
}

//! Reads a call with the parts requested.
//!
//! A call alone is one row, and is read without a snapshot. With parts, the parts must fit the call: a recording beside
//! a status that says there is none would be a riddle.

use super::{Call, CallRef, find, part::Calls};
use crate::{
    Analytics, ComputedAnalytics, Error, ListTranscripts, Metadata, Page, RecordingFile, Transcript,
    analytics::analytics_of, limits::PART_MAX, metadata::metadata_of, transcripts::transcripts_of,
};

/// A part that can be included with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The call's recordings.
    Recordings,
    /// The first transcripts.
    Transcripts,
    /// The newest analytics snapshots.
    Analytics,
    /// The metadata.
    Metadata,
}

/// The parts of a call; `None` for those not requested.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallParts {
    /// The call's recordings.
    pub recordings: Option<Vec<RecordingFile>>,
    /// The first [`PART_MAX`] transcripts.
    pub transcripts: Option<Vec<Transcript>>,
    /// The newest [`PART_MAX`] analytics snapshots; in lists, the newest alone.
    pub analytics: Option<Vec<Analytics>>,
    /// The metadata; the inner `None` if there is none.
    pub metadata: Option<Option<Metadata>>,
    /// The computed analytics, in lists only; the inner `None` if there are none.
    pub computed: Option<Option<ComputedAnalytics>>,
}

impl Calls {
    /// A call with the parts requested, all read from one snapshot.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn get(&self, call: &CallRef, parts: &[Part]) -> Result<(Call, CallParts), Error> {
        if parts.is_empty() {
            let call = find(self.core.database.readers(), call).await?;
            return Ok((call.into(), CallParts::default()));
        }
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        let page = Page { limit: PART_MAX, offset: 0 };
        let mut found = CallParts::default();
        for part in parts {
            match part {
                Part::Recordings => found.recordings = Some(self.recordings.of_call(&snapshot, call.id).await?),
                Part::Transcripts => {
                    let list = ListTranscripts::all(page);
                    found.transcripts = Some(transcripts_of(&snapshot, call.id, &list).await?.items);
                }
                Part::Analytics => found.analytics = Some(analytics_of(&snapshot, call.id, page).await?.items),
                Part::Metadata => {
                    found.metadata = Some(metadata_of(&snapshot, call.id).await?);
                }
            }
        }
        Ok((call.into(), found))
    }
}

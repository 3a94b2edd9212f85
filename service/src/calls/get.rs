//! A call with the parts that were asked for.

use sea_orm::EntityTrait;

use super::{Call, CallRef};
use crate::{
    Analytics, Callstore, Error, ListTranscripts, Metadata, Page, RecordingFile, Transcript, analytics::analytics_of,
    limits::PART_MAX, transcripts::transcripts_of,
};

/// What can come with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Its recordings.
    Recordings,
    /// What was said, the first of it.
    Transcripts,
    /// The newest snapshots of its figures.
    Analytics,
    /// What else is known.
    Metadata,
}

/// The parts of a call; `None` where one was not asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CallParts {
    /// Its recordings.
    pub recordings: Option<Vec<RecordingFile>>,
    /// What was said, the first [`PART_MAX`].
    pub transcripts: Option<Vec<Transcript>>,
    /// Snapshots of its figures, the newest [`PART_MAX`].
    pub analytics: Option<Vec<Analytics>>,
    /// What else is known; the inner `None` where there is nothing.
    pub metadata: Option<Option<Metadata>>,
}

impl Callstore {
    /// A call and the parts asked for, all of one moment.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn get_call(&self, call: &CallRef, parts: &[Part]) -> Result<(Call, CallParts), Error> {
        if parts.is_empty() {
            let call = self.find_call(self.0.database.readers(), call).await?;
            return Ok((call, CallParts::default()));
        }
        let (snapshot, call) = self.snapshot_of(call).await?;
        let page = Page { limit: PART_MAX, offset: 0 };
        let mut found = CallParts::default();
        for part in parts {
            match part {
                Part::Recordings => found.recordings = Some(self.recordings_of(&snapshot, call.id).await?),
                Part::Transcripts => {
                    let list = ListTranscripts { page, speaker: None };
                    found.transcripts = Some(transcripts_of(&snapshot, call.id, &list).await?.items);
                }
                Part::Analytics => found.analytics = Some(analytics_of(&snapshot, call.id, page).await?.items),
                Part::Metadata => {
                    found.metadata = Some(entity::call_metadata::Entity::find_by_id(call.id).one(&snapshot).await?);
                }
            }
        }
        Ok((call, found))
    }
}

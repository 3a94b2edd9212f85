//! Recordings: the finished WAV files and what is known of them.

use std::path::PathBuf;

use entity::recording::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use entity::recording::Model as Recording;

use crate::{Callstore, Error, Track, calls::CallRef};

/// Silence that stands for audio that did not come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// Whose voice.
    #[serde(with = "track_name")]
    pub track: Track,
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
}

/// A track in JSON: by its name.
mod track_name {
    use sea_orm::Iterable;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::{Track, chunks::track_name};

    pub fn serialize<S: Serializer>(track: &Track, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(track_name(*track))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Track, D::Error> {
        let name = String::deserialize(deserializer)?;
        let track = Track::iter().find(|track| track_name(*track) == name);
        track.ok_or_else(|| D::Error::custom("no track"))
    }
}

impl Gap {
    /// The gaps of a recording.
    ///
    /// # Errors
    /// `Damaged` where the row does not hold gaps.
    pub fn all(recording: &Recording) -> Result<Vec<Self>, Error> {
        Vec::deserialize(&recording.gaps).map_err(|_| Error::Damaged("a recording's gaps"))
    }
}

/// A recording and where its file is.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingFile {
    /// What is known of it.
    pub recording: Recording,
    /// The file.
    pub path: PathBuf,
}

impl Callstore {
    /// A call's recordings: one once it is completed, if it had audio.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list_recordings(&self, call: &CallRef) -> Result<Vec<Recording>, Error> {
        let call = self.find_call(self.0.database.readers(), call).await?;
        self.recordings_of(call.id).await
    }

    /// A call's recordings, by the call's id.
    ///
    /// # Errors
    /// A failing database.
    pub async fn recordings_of(&self, call: Uuid) -> Result<Vec<Recording>, Error> {
        let rows = Entity::find().filter(Column::CallId.eq(call));
        Ok(rows.all(self.0.database.readers()).await?)
    }

    /// A recording.
    ///
    /// # Errors
    /// `RecordingNotFound`, or a failing database.
    pub async fn get_recording(&self, id: Uuid) -> Result<Recording, Error> {
        use entity::call;
        let readers = self.0.database.readers();
        let recording = Entity::find_by_id(id).one(readers).await?.ok_or(Error::RecordingNotFound)?;
        // A call that is being deleted takes its recording along.
        let visible = call::Entity::find_by_id(recording.call_id).filter(call::Column::DeletedAt.is_null());
        visible.one(readers).await?.ok_or(Error::RecordingNotFound)?;
        Ok(recording)
    }

    /// A recording and its file.
    ///
    /// # Errors
    /// As [`get_recording`](Self::get_recording).
    pub async fn recording_file(&self, id: Uuid) -> Result<RecordingFile, Error> {
        let recording = self.get_recording(id).await?;
        let path = self.0.store.locate(&recording.file_path);
        Ok(RecordingFile { recording, path })
    }
}

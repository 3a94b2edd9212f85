//! Recordings: the finished WAV files and what is known of them.

use std::ops::Range;

use entity::recording::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use uuid::Uuid;

pub use entity::recording::Model as Recording;

use crate::{AudioStream, Callstore, Error, Private, Track, calls::CallRef};

/// Silence that stands for audio that did not come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Whose voice.
    pub track: Track,
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
}

/// A gap in its row: the track's number, then both places as 64-bit floats, little-endian.
const PACKED_BYTES: usize = 17;

impl Gap {
    /// The gaps of a recording.
    ///
    /// # Errors
    /// `Damaged` where the row does not hold gaps.
    pub fn all(recording: &Recording) -> Result<Vec<Self>, Error> {
        let (gaps, rest) = recording.gaps.as_chunks::<PACKED_BYTES>();
        let gaps: Option<Vec<_>> = gaps.iter().map(Self::unpack).collect();
        gaps.filter(|_| rest.is_empty()).ok_or(Error::Damaged("a recording's gaps"))
    }

    /// Gaps as a row holds them.
    pub(crate) fn pack(gaps: impl Iterator<Item = Self>) -> Vec<u8> {
        let mut packed = Vec::new();
        for gap in gaps {
            packed.push(u8::from(gap.track == Track::Outbound));
            packed.extend(gap.start.to_le_bytes());
            packed.extend(gap.end.to_le_bytes());
        }
        packed
    }

    fn unpack(packed: &[u8; PACKED_BYTES]) -> Option<Self> {
        let (&[track], places) = packed.split_first_chunk::<1>()?;
        let (start, end) = places.split_first_chunk::<8>()?;
        let track = match track {
            0 => Track::Inbound,
            1 => Track::Outbound,
            _ => return None,
        };
        Some(Self { track, start: f64::from_le_bytes(*start), end: f64::from_le_bytes(*end.first_chunk()?) })
    }
}

/// A recording and where its file is.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingFile {
    /// What is known of it.
    pub recording: Recording,
    /// The object, as `s3://bucket/prefix/0f/ID.wav`, for who may ask the object store; none in a folder.
    pub url: Option<String>,
}

impl Callstore {
    /// A call's recordings: one once it is completed, if it had audio.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list_recordings(&self, call: &CallRef) -> Result<Vec<RecordingFile>, Error> {
        let call = self.find_call(self.0.database.readers(), call).await?;
        self.recordings_of(call.id).await
    }

    /// A call's recordings, by the call's id.
    ///
    /// # Errors
    /// A failing database.
    pub async fn recordings_of(&self, call: Uuid) -> Result<Vec<RecordingFile>, Error> {
        let rows = Entity::find().filter(Column::CallId.eq(call));
        let recordings = rows.all(self.0.database.readers()).await?;
        Ok(recordings.into_iter().map(|recording| self.locate(recording)).collect())
    }

    /// A recording.
    ///
    /// # Errors
    /// `RecordingNotFound`, or a failing database.
    pub async fn get_recording(&self, id: Uuid) -> Result<RecordingFile, Error> {
        Ok(self.get_named_recording(id).await?.0)
    }

    /// A recording, and the name that its file has for a listener: the call's `streamSid`, else the call's id.
    ///
    /// # Errors
    /// `RecordingNotFound`, or a failing database.
    pub async fn get_named_recording(&self, id: Uuid) -> Result<(RecordingFile, String), Error> {
        use entity::call;
        let readers = self.0.database.readers();
        let recording = Entity::find_by_id(id).one(readers).await?.ok_or(Error::RecordingNotFound)?;
        // A call that is being deleted takes its recording along.
        let visible = call::Entity::find_by_id(recording.call_id).filter(call::Column::DeletedAt.is_null());
        let call = visible.one(readers).await?.ok_or(Error::RecordingNotFound)?;
        let name = call.stream_sid.unwrap_or_else(|| call.id.to_string());
        Ok((self.locate(recording), name))
    }

    /// Reads a part of a recording's file; only whether it is there where `head`.
    ///
    /// # Errors
    /// A failing store, as far as it fails before the first byte.
    pub async fn read_recording(
        &self,
        recording: &Recording,
        part: Range<u64>,
        head: bool,
    ) -> Result<AudioStream, Error> {
        self.0.store.read(&recording.file_path, part, recording.size_bytes.unsigned_abs(), head).await
    }

    /// An address at which the object store gives a recording's file to anyone for five minutes, to `HEAD` alone where `head`;
    /// none with a folder.
    ///
    /// # Errors
    /// Where the store's credentials cannot be had.
    pub async fn signed_url(&self, recording: &Recording, head: bool) -> Result<Option<Private>, Error> {
        self.0.store.signed_url(&recording.file_path, head).await
    }

    fn locate(&self, recording: Recording) -> RecordingFile {
        let url = self.0.store.file_url(&recording.file_path);
        RecordingFile { recording, url }
    }
}

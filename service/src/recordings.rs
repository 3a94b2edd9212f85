//! Recordings: the finished WAV files and their metadata.
//!
//! A recording is a row and a file. The row is committed after the file was published, and removed after the file: a
//! row without a file means that somebody has touched the store, and is an error.

use std::{collections::HashMap, io, ops::Range};

use entity::recording::{Column, Entity, Model};
use futures_util::{StreamExt, TryStreamExt, stream};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use crate::{
    AudioStream, Error, Private, Timestamp, Track,
    calls::{CallRef, Visible},
    core::Core,
    crash,
    integrity::{Blocks, Findings, checked, checked_at_end},
    signer::Signing,
};

/// A finished recording of a call: a WAV file of 16-bit samples in the store.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// UUIDv7.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// Path of the file, relative to the store.
    pub file_path: String,
    /// Samples per second and channel.
    pub sample_rate_hz: u32,
    /// 2: the caller left and the agent right; 1: only one of them had audio.
    pub channels: u16,
    /// Samples per channel.
    pub frames: u64,
    /// Size of the file, in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the file, as 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Silence in place of missing audio.
    pub gaps: Gaps,
    /// Seconds of audio dropped because it overlapped earlier audio, over all tracks.
    pub overlap_seconds: f64,
    /// Number of chunks that were sent again, over all tracks.
    pub duplicates: u64,
    /// When the recording was finished.
    pub created_at: Timestamp,
}

impl From<Model> for Recording {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            call_id: row.call_id,
            file_path: row.file_path,
            sample_rate_hz: row.sample_rate.unsigned_abs(),
            channels: row.channels.unsigned_abs(),
            frames: row.frames.unsigned_abs(),
            size_bytes: row.size_bytes.unsigned_abs(),
            sha256: row.sha256,
            gaps: Gaps(row.gaps),
            overlap_seconds: row.overlap_seconds,
            duplicates: row.duplicates.unsigned_abs(),
            created_at: row.created_at,
        }
    }
}

/// Silence in place of missing audio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// The track it is in.
    pub track: Track,
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
}

/// The gaps of a recording, packed as they are stored: a bad line causes hundreds of thousands, and a download needs
/// none of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gaps(Vec<u8>);

/// Size of a packed gap: the track's number, then both times as little-endian 64-bit floats.
const PACKED_BYTES: usize = 17;

impl Gaps {
    /// The gaps, in order.
    ///
    /// # Errors
    /// `Damaged` if the stored gaps are not valid.
    pub fn unpack(&self) -> Result<Vec<Gap>, Error> {
        let (gaps, rest) = self.0.as_chunks::<PACKED_BYTES>();
        let gaps: Option<Vec<_>> = gaps.iter().map(Gap::unpack).collect();
        gaps.filter(|_| rest.is_empty()).ok_or(Error::Damaged("a recording's gaps"))
    }

    /// Packs gaps for the recording's row.
    pub(crate) fn pack(gaps: impl Iterator<Item = Gap>) -> Vec<u8> {
        let mut packed = Vec::new();
        for gap in gaps {
            packed.push(u8::from(gap.track == Track::Outbound));
            packed.extend(gap.start.to_le_bytes());
            packed.extend(gap.end.to_le_bytes());
        }
        packed
    }
}

impl Gap {
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

/// A recording and the location of its file.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingFile {
    /// The recording's metadata.
    pub recording: Recording,
    /// The object's address, such as `s3://bucket/prefix/0f/ID.wav`, for clients with access to the object store;
    /// `None` if recordings are kept in a folder.
    pub url: Option<String>,
}

/// Operations on recordings, and on links to them.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use std::time::Duration;
///
/// use service::{Author, CallRef, NewCall, NewChunk, Track};
///
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// let audio = vec![0xFF; 160];
/// let chunk = NewChunk { track: Track::Inbound, sequence: None, timestamp_ms: None, audio, format: None };
/// callstore.chunks.add(&call, chunk, None).await?;
/// callstore.calls.end(&call, None, Duration::from_secs(30), None).await?;
///
/// let file = callstore.recordings.list(&call).await?.remove(0);
/// // 20 ms, as samples of 16 bits at 16 kHz, after a header of 44 bytes.
/// assert_eq!((file.recording.frames, file.recording.size_bytes), (320, 684));
/// let link = callstore.recordings.create_link(file.recording.id, Duration::from_secs(300)).await?;
/// callstore.recordings.check_link(file.recording.id, &link.expires, link.signature.expose()).await?;
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Recordings {
    pub(crate) core: Core,
    pub(crate) signing: Signing,
    /// Damaged recordings that were logged lately.
    pub(crate) findings: Findings,
}

impl Recordings {
    /// A call's recordings: one if the call is completed and had audio, else none.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list(&self, call: &CallRef) -> Result<Vec<RecordingFile>, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        Ok(self.of_call(&snapshot, call.id).await?)
    }

    /// A call's recordings, by the call's id. Does not check that the call exists.
    pub(crate) async fn of_call(
        &self,
        connection: &impl ConnectionTrait,
        call: Uuid,
    ) -> Result<Vec<RecordingFile>, DbErr> {
        let recordings = Entity::find().filter(Column::CallId.eq(call)).all(connection).await?;
        Ok(recordings.into_iter().map(|row| self.locate(row)).collect())
    }

    /// The recordings of many calls, by the call's id. Calls without one are absent.
    pub(crate) async fn of_calls(
        &self,
        connection: &impl ConnectionTrait,
        calls: &[Uuid],
    ) -> Result<HashMap<Uuid, Vec<RecordingFile>>, DbErr> {
        let rows = Entity::find().filter(Column::CallId.is_in(calls.iter().copied())).all(connection).await?;
        let mut recordings: HashMap<Uuid, Vec<RecordingFile>> = HashMap::new();
        for row in rows {
            recordings.entry(row.call_id).or_default().push(self.locate(row));
        }
        Ok(recordings)
    }

    /// A recording by its id.
    ///
    /// # Errors
    /// `RecordingNotFound`, or a failing database.
    pub async fn get(&self, id: Uuid) -> Result<RecordingFile, Error> {
        Ok(self.get_named(id).await?.0)
    }

    /// A recording and the name under which a listener saves it: the call's `streamSid`, else the call's id.
    ///
    /// # Errors
    /// `RecordingNotFound`, or a failing database.
    pub async fn get_named(&self, id: Uuid) -> Result<(RecordingFile, String), Error> {
        use entity::call;
        let readers = self.core.database.readers();
        let recording = Entity::find_by_id(id).one(readers).await?.ok_or(Error::RecordingNotFound)?;
        // A call that is being deleted hides its recording.
        let visible = call::Entity::find_by_id(recording.call_id).visible();
        let call = visible.one(readers).await?.ok_or(Error::RecordingNotFound)?;
        let name = call.stream_sid.unwrap_or_else(|| call.id.to_string());
        Ok((self.locate(recording), name))
    }

    /// Reads a range of a recording's file, and checks it: of a block that differs from its hash no byte is returned.
    /// With `head`, only checks that the file is there.
    ///
    /// A recording whose blocks have no hashes yet is checked if it is read as a whole, before its last block.
    ///
    /// # Errors
    /// `RecordingNotFound` if the call was deleted since the recording was looked up, `RecordingDamaged`,
    /// `RecordingMissing`, or a store that fails before the first byte. Later failures end the stream.
    pub async fn read(&self, recording: &Recording, part: Range<u64>, head: bool) -> Result<AudioStream, Error> {
        crash::hold("recording.read").await;
        let read = self.read_checked(recording, part, head).await;
        if let Err(error) = &read {
            self.get(recording.id).await?;
            self.findings.note((recording.id, recording.call_id), error, self.core.now());
        }
        read
    }

    async fn read_checked(&self, recording: &Recording, part: Range<u64>, head: bool) -> Result<AudioStream, Error> {
        let (path, size, sha256) = (&recording.file_path, recording.size_bytes, &recording.sha256);
        let read = |part: Range<u64>| self.core.store.read(path, part, size, head);
        if head {
            return read(part).await;
        }
        let blocks = Blocks::of(self.core.database.readers(), recording.id, (size, sha256), &part).await?;
        let mut audio = match blocks {
            Some(blocks) => checked(read(blocks.bytes()).await?, blocks, part),
            None if part == (0..size) => checked_at_end(read(part).await?, size, sha256.clone()),
            None => return read(part).await,
        };
        // The response begins only once there is something to send.
        let first = audio.try_next().await?;
        let (this, about) = (self.clone(), (recording.id, recording.call_id));
        let rest = audio.inspect_err(move |error| this.findings.note(about, error, this.core.now()));
        let rest = rest.map_err(|error| io::Error::other(error.to_string()));
        Ok(stream::iter(first.map(Ok)).chain(rest).boxed())
    }

    /// A URL at which the object store serves a recording's file to anyone for five minutes, only for `HEAD` if `head`;
    /// `None` if recordings are kept in a folder.
    ///
    /// # Errors
    /// When the store's credentials cannot be obtained.
    pub async fn signed_url(&self, recording: &Recording, head: bool) -> Result<Option<Private>, Error> {
        self.core.store.signed_url(&recording.file_path, head).await
    }

    fn locate(&self, row: Model) -> RecordingFile {
        let url = self.core.store.file_url(&row.file_path);
        RecordingFile { recording: row.into(), url }
    }
}

//! Recordings on the wire.

use serde::Serialize;
use service::audio::number::real;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{chunks::model::Track, problem::Problem, wire::Time};

/// A finished recording.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Recording {
    /// The recording's id, a UUIDv7.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// The file's path in the store.
    pub file_path: String,
    /// The object's URL, such as `s3://bucket/prefix/0f/ID.wav`; null if the service stores files locally.
    #[schema(required)]
    pub file_url: Option<String>,
    /// The file's format.
    pub format: Format,
    /// The encoding of the samples.
    pub codec: Codec,
    /// Samples per second.
    pub sample_rate: u32,
    /// 2: the caller left and the agent right; 1: only one of them had audio.
    pub channels: u32,
    /// Length in seconds.
    pub duration: f64,
    /// Size of the file in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Silence in place of missing audio.
    pub gaps: Vec<Gap>,
    /// Seconds of audio dropped because other audio had the same position, over all tracks.
    pub overlap_seconds: f64,
    /// Number of repeated chunks, over all tracks.
    pub duplicates: u64,
    /// When the recording was finished.
    pub created_at: Time,
}

/// A file format.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    Wav,
}

/// How samples are encoded: 16-bit linear PCM.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Codec {
    Pcm,
}

/// Silence in place of missing audio.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Gap {
    /// The track.
    pub track: Track,
    /// Where the gap begins, in seconds.
    pub start: f64,
    /// Where the gap ends, in seconds.
    pub end: f64,
}

impl Recording {
    /// A stored recording.
    pub(crate) fn new(file: service::RecordingFile) -> Result<Self, Problem> {
        let service::RecordingFile { recording, url } = file;
        let gaps = recording.gaps.unpack()?;
        Ok(Self {
            id: recording.id,
            call_id: recording.call_id,
            file_path: recording.file_path,
            file_url: url,
            format: Format::Wav,
            codec: Codec::Pcm,
            sample_rate: recording.sample_rate_hz,
            channels: u32::from(recording.channels),
            duration: real(recording.frames) / f64::from(recording.sample_rate_hz),
            size_bytes: recording.size_bytes,
            sha256: recording.sha256,
            gaps: gaps.into_iter().map(Into::into).collect(),
            overlap_seconds: recording.overlap_seconds,
            duplicates: recording.duplicates,
            created_at: Time(recording.created_at),
        })
    }

    /// The recording of the sample call.
    #[must_use]
    pub(crate) fn sample() -> Self {
        let call_id = Uuid::from_u128(0x0190_5f3c_2b7a_7c11_9d4e_5a6b_7c8d_9e0f);
        Self {
            id: Uuid::from_u128(0x0190_5f3c_a4f1_7d22_8e5f_6b7c_8d9e_0f10),
            call_id,
            file_path: format!("0f/{call_id}.wav"),
            file_url: None,
            format: Format::Wav,
            codec: Codec::Pcm,
            sample_rate: 16_000,
            channels: 2,
            duration: 30.609,
            size_bytes: 1_959_020,
            sha256: "6cf041d9907e65e82a3c30e78beee293bf2ee7e6526694b5ef88209e43d3a397".to_owned(),
            gaps: vec![Gap { track: Track::Inbound, start: 0.0, end: 0.148 }],
            overlap_seconds: 0.0,
            duplicates: 0,
            created_at: Time::sample_after(31),
        }
    }
}

impl From<service::Gap> for Gap {
    fn from(gap: service::Gap) -> Self {
        Self { track: gap.track.into(), start: gap.start, end: gap.end }
    }
}

//! Table `recording`: the finished WAV files in the store.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `recording`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
#[sea_orm(table_name = "recording")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The call's id. Unique: a call has one recording.
    pub call_id: Uuid,
    /// Path of the file, relative to the store.
    pub file_path: String,
    /// Sample rate, in hertz.
    pub sample_rate: i32,
    /// 1 or 2.
    pub channels: i16,
    /// Samples per channel.
    pub frames: i64,
    /// Size of the file in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the file, as 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Silence inserted for missing audio, 17 bytes per gap, packed by `service::recordings`. A bad line can cause
    /// hundreds of thousands of gaps.
    pub gaps: Vec<u8>,
    /// Seconds of audio dropped because it overlapped earlier audio, over all tracks.
    pub overlap_seconds: f64,
    /// Number of chunks that were sent again, over all tracks.
    pub duplicates: i64,
    /// When the recording was finished.
    pub created_at: Timestamp,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

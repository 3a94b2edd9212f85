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
    /// The call; unique: a call has one recording.
    pub call_id: Uuid,
    /// The file, relative to the store.
    pub file_path: String,
    /// Samples a second.
    pub sample_rate: i32,
    /// 1 or 2.
    pub channels: i16,
    /// Samples in each channel.
    pub frames: i64,
    /// The file's length in bytes.
    pub size_bytes: i64,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Silence that was put in for lost audio: 17 bytes a gap, packed by `service::recordings`. A bad line makes hundreds
    /// of thousands of them.
    pub gaps: Vec<u8>,
    /// Audio that was dropped since its place was taken, in seconds, all tracks together.
    pub overlap_seconds: f64,
    /// How many chunks came again, all tracks together.
    pub duplicates: i64,
    /// When the recording was finished.
    pub created_at: Timestamp,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

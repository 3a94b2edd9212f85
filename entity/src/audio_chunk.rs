//! Table `audio_chunk`: the audio of calls that have no recording yet, as it came.

use sea_orm::entity::prelude::*;

use crate::call_track::Track;

/// A row of `audio_chunk`: the frames `first_sequence..=last_sequence` of a call's track.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audio_chunk")]
pub struct Model {
    /// The call.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// Whose voice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub track: Track,
    /// The sequence number of the row's first frame.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_sequence: i32,
    /// The sequence number of the row's last frame.
    pub last_sequence: i32,
    /// Where the row's first frame stands: milliseconds since the start of the stream.
    pub timestamp: Option<i32>,
    /// The codec's bytes.
    pub data: Vec<u8>,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

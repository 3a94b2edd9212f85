//! Table `audio_chunk`: the audio of calls without a recording, as received.

use sea_orm::entity::prelude::*;

use crate::call_track::Track;

/// A row of `audio_chunk`: the chunks `first_sequence..=last_sequence` of a call's track.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audio_chunk")]
pub struct Model {
    /// The call's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// Whose voice it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub track: Track,
    /// Sequence number of the row's first chunk.
    #[sea_orm(primary_key, auto_increment = false)]
    pub first_sequence: i32,
    /// Sequence number of the row's last chunk.
    pub last_sequence: i32,
    /// Position of the row's first chunk, in milliseconds since the start of the stream.
    pub timestamp: Option<i32>,
    /// The audio in the call's codec.
    pub data: Vec<u8>,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

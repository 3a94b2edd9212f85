//! Table `computed_analytics`: what the service computes from the recordings of calls, at most one row per call.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `computed_analytics`. It is inserted in the transaction that completes its call; calls that were completed
/// by a version without this table have a row once `callstore analyze` has made it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "computed_analytics")]
pub struct Model {
    /// The call's id.
    #[sea_orm(primary_key, auto_increment = false)]
    pub call_id: Uuid,
    /// The recording that was analyzed. The row outlives a recording that is deleted without its call.
    pub recording_id: Uuid,
    /// The algorithm that found the speech, with its version.
    pub algorithm: String,
    /// When the speech was found.
    pub computed_at: Timestamp,
    /// Length of the recording, in milliseconds.
    pub duration_ms: i64,
    /// How long the parties speak, in milliseconds: the sum over both.
    pub talk_time_ms: i64,
    /// How long nobody speaks, from the first word to the last, in milliseconds.
    pub silence_time_ms: i64,
    /// How often one party interrupts the other.
    pub interruptions: i32,
    /// The median of the times that the agent takes to respond, in milliseconds; null if it never responds.
    pub response_latency_ms: Option<i64>,
    /// The caller's segments of speech, packed by `audio::speech`; null without an inbound track.
    pub inbound_segments: Option<Vec<u8>>,
    /// The agent's segments of speech, packed by `audio::speech`; null without an outbound track.
    pub outbound_segments: Option<Vec<u8>>,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

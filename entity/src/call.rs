//! Table `call`: one row a call, from `startCall` until it is deleted.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Private, Timestamp};

/// Where a call stands; `service::calls` draws the moves between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Status {
    /// It takes chunks.
    Active,
    /// It has ended and its recording is being made.
    Finalizing,
    /// It has ended and everything of it is final.
    Completed,
    /// It has ended and its recording could not be made; its chunks are kept.
    Failed,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Direction {
    /// The caller called the agent.
    Inbound,
    /// The agent called.
    Outbound,
}

/// What ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "snake_case")]
pub enum EndReason {
    /// `endCall`.
    Api,
    /// The media stream said `stop`.
    StreamStop,
    /// The media stream's socket went away and did not come back.
    StreamDisconnect,
    /// Nothing was written to the call for too long.
    IdleTimeout,
    /// The call lasted longer than allowed.
    MaxDuration,
}

/// How a call's chunks are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Encoding {
    /// G.711 mu-law.
    Mulaw,
    /// G.711 A-law.
    Alaw,
    /// 16-bit linear PCM, little-endian.
    Pcm16,
}

/// A row of `call`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "call")]
pub struct Model {
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The media stream's name; unique; none once the call is being deleted.
    pub stream_sid: Option<String>,
    /// The phone call's name at the carrier; unique where given.
    pub call_sid: Option<String>,
    /// Who called.
    pub caller: Private,
    /// Who answered.
    pub agent: Option<Private>,
    /// Who called whom.
    pub direction: Option<Direction>,
    /// How the chunks are encoded.
    pub encoding: Encoding,
    /// Samples a second of the chunks.
    pub sample_rate: i32,
    /// When the call began.
    pub start_time: Timestamp,
    /// When it ended.
    pub end_time: Option<Timestamp>,
    /// `end_time - start_time`.
    pub duration_ms: Option<i64>,
    /// Where the call stands.
    pub status: Status,
    /// What ended it.
    pub end_reason: Option<EndReason>,
    /// Why it failed, a code.
    pub failure_code: Option<String>,
    /// Why it failed, a sentence.
    pub failure_detail: Option<String>,
    /// When something was last written to it, give or take a few seconds; none if it never had a chunk or a stream.
    pub last_write_at: Option<Timestamp>,
    /// When its stream's socket went away, until something is written again.
    pub disconnected_at: Option<Timestamp>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
    /// When the call was deleted: hidden from every reader, its parts being removed.
    pub deleted_at: Option<Timestamp>,
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

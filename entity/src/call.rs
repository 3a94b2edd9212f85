//! Table `call`: one row per call, from `startCall` until it is deleted.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Private, Timestamp};

/// A call's status. `service::calls` draws the transitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Status {
    /// The call accepts chunks.
    Active,
    /// The call has ended, and its recording is being made.
    Finalizing,
    /// The call has ended, and all its audio is final.
    Completed,
    /// The call has ended, and its recording could not be made. Its chunks are kept.
    Failed,
}

/// Direction of the phone call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Direction {
    /// The caller called the agent.
    Inbound,
    /// The agent made the call.
    Outbound,
}

/// What ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(32))", rename_all = "snake_case")]
pub enum EndReason {
    /// An `endCall` request.
    Api,
    /// The media stream's `stop` message.
    StreamStop,
    /// The media stream's socket closed and did not come back.
    StreamDisconnect,
    /// Nothing was written to the call for too long.
    IdleTimeout,
    /// The call lasted longer than allowed.
    MaxDuration,
}

/// Encoding of a call's chunks.
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
    /// The media stream's id. Unique; `None` once the call is being deleted.
    pub stream_sid: Option<String>,
    /// The carrier's id of the phone call. Unique if present.
    pub call_sid: Option<String>,
    /// Who called.
    pub caller: Private,
    /// Who answered.
    pub agent: Option<Private>,
    /// Direction of the phone call.
    pub direction: Option<Direction>,
    /// Encoding of the chunks.
    pub encoding: Encoding,
    /// Sample rate of the chunks, in hertz.
    pub sample_rate: i32,
    /// When the call began.
    pub start_time: Timestamp,
    /// When the call ended.
    pub end_time: Option<Timestamp>,
    /// `end_time - start_time`.
    pub duration_ms: Option<i64>,
    /// The call's status.
    pub status: Status,
    /// What ended the call.
    pub end_reason: Option<EndReason>,
    /// Code of the failure.
    pub failure_code: Option<String>,
    /// Description of the failure.
    pub failure_detail: Option<String>,
    /// When the call was last written to, accurate to some seconds; `None` if it never had a chunk or a stream.
    pub last_write_at: Option<Timestamp>,
    /// When the last socket of its stream closed; cleared by the next write.
    pub disconnected_at: Option<Timestamp>,
    /// When the row was created.
    pub created_at: Timestamp,
    /// When the row was last changed.
    pub updated_at: Timestamp,
    /// When the call was deleted. It is hidden from readers while its rows and file are being removed.
    pub deleted_at: Option<Timestamp>,
    /// The family of the API key that started the call; `None` if no key did.
    pub owner_id: Option<Uuid>,
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Table `transcript`: what was said, one row per utterance.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

use crate::{Private, Timestamp, call_track::Track};

/// What kind of entry of a transcript it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, EnumIter, DeriveActiveEnum, Serialize, Deserialize)]
#[sea_orm(rs_type = "i16", db_type = "SmallInteger")]
pub enum Kind {
    /// Somebody spoke.
    #[default]
    #[sea_orm(num_value = 0)]
    Speech,
    /// The agent called a tool.
    #[sea_orm(num_value = 1)]
    ToolCall,
    /// A tool answered.
    #[sea_orm(num_value = 2)]
    ToolResult,
    /// Anything else, such as a key press.
    #[sea_orm(num_value = 3)]
    Note,
}

/// A row of `transcript`.
#[derive(Clone, Debug, PartialEq, DeriveEntityModel, Serialize, Deserialize)]
#[sea_orm(table_name = "transcript")]
pub struct Model {
    /// UUIDv7, in order of arrival.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// Who spoke.
    pub speaker: Private,
    /// What was said.
    #[sea_orm(column_type = "Text")]
    pub text: Private,
    /// The recognizer's confidence, 0 to 1.
    pub confidence: Option<f64>,
    /// When it begins, in seconds from the start of the call.
    pub start_time: Option<f64>,
    /// When it ends, in seconds from the start of the call.
    pub end_time: Option<f64>,
    /// When the utterance was stored.
    pub created_at: Timestamp,
    /// Whose voice it is, if known.
    #[serde(default)]
    pub track: Option<Track>,
    /// What kind of entry it is.
    #[serde(default)]
    pub kind: Kind,
    /// Its language, a BCP 47 tag.
    #[serde(default)]
    pub language: Option<String>,
    /// Its words: a JSON array of objects with `text`, `startTime`, `endTime` and `confidence`.
    #[serde(default)]
    pub words: Option<Private<Json>>,
    /// The arguments of a tool call, or other data: a JSON object.
    #[serde(default)]
    pub data: Option<Private<Json>>,
    /// The client's name of it, unique in its call.
    #[serde(default)]
    pub external_id: Option<String>,
    /// Whether the recognizer is done with it.
    #[serde(default = "yes")]
    pub is_final: bool,
    /// When it last changed. NULL if it never did.
    #[serde(default)]
    pub updated_at: Option<Timestamp>,
    /// The API key that wrote it, or `token:` and the key that made the call token; `None` without a key.
    pub created_by: Option<String>,
}

/// Responses stored before a transcript could be an interim result do not say that it is final.
const fn yes() -> bool {
    true
}

/// Queries write their joins explicitly, so no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

//! Table `audit_entry`: who read, changed or administered what, one row per request. Database triggers
//! refuse updates, and deletes of rows that were not exported.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// Type of caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Actor {
    /// A client with an API key.
    Key,
    /// A client with a call token; its entry has the key that made the token.
    Token,
    /// A client with a link.
    Link,
    /// Twilio, identified by its signature.
    Twilio,
    /// Plivo, identified by its signature.
    Plivo,
    /// Vonage, identified by its signature.
    Vonage,
    /// Genesys, identified by its signature.
    Genesys,
    /// A user of the command line.
    Command,
    /// An anonymous client: no key was required.
    Anyone,
    /// The service itself.
    Service,
}

/// A row of `audit_entry`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// UUIDv7, in order of creation.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the request was answered.
    pub created_at: Timestamp,
    /// Type of caller.
    pub actor: Actor,
    /// The key's id, if the caller used a key.
    pub key_id: Option<Uuid>,
    /// Address of the peer; `None` for the command line.
    pub address: Option<String>,
    /// The client's address as a proxy forwarded it, if any. It can be forged.
    pub forwarded_for: Option<String>,
    /// What was requested: an operationId.
    pub operation: String,
    /// The path of the request, or of the resource it created.
    pub resource: String,
    /// Status of the response; 0 for the command line.
    pub status: i16,
    /// The request's id, which clients choose and may repeat; `None` for the command line.
    pub request_id: Option<String>,
    /// How many requests the row stands for. The other fields are those of the last.
    pub count: i32,
    /// The service's own id of the request.
    pub server_request_id: Option<Uuid>,
}

/// Entries outlive what they refer to, so there are no foreign keys.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

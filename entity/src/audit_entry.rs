//! Table `audit_entry`: who has read, changed or administered what, a row a request. Rows are added and never changed or
//! removed; the database refuses it.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// Who has asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "String(StringLen::N(16))", rename_all = "snake_case")]
pub enum Actor {
    /// Whoever sent an API key.
    Key,
    /// Whoever had a link.
    Link,
    /// Twilio, by its signature.
    Twilio,
    /// Whoever uses the service's command line.
    Command,
    /// Anyone: no key was asked for.
    Anyone,
}

/// A row of `audit_entry`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "audit_entry")]
pub struct Model {
    /// UUIDv7, in the order in which entries were made.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the request was answered.
    pub created_at: Timestamp,
    /// Who asked.
    pub actor: Actor,
    /// The key's id, where it was a key.
    pub key_id: Option<Uuid>,
    /// The address of the connection's other end; none for the command line.
    pub address: Option<String>,
    /// What a proxy says of the address before it, if anything; anyone can say so.
    pub forwarded_for: Option<String>,
    /// What was asked for: an operationId.
    pub operation: String,
    /// Of what: the path, or that of what was made.
    pub resource: String,
    /// How it was answered: the status, 0 for the command line.
    pub status: i16,
    /// The request's id, as in the log; none for the command line.
    pub request_id: Option<String>,
}

/// Entries outlive what they are about.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

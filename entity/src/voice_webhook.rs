//! Table `voice_webhook`: signed requests of Twilio that were answered with a stream's token, and handshakes of other
//! platforms that were used. No signature can be read from it.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `voice_webhook`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "voice_webhook")]
pub struct Model {
    /// The random part of the token, or the code of the handshake. Follows from what was signed and the service's
    /// secret.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Uuid,
    /// When the request first came; its token expires some minutes later.
    pub created_at: Timestamp,
    /// When the row may be deleted.
    pub forget_at: Timestamp,
}

/// Requests do not belong to another table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

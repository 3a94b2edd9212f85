//! Table `idempotency_key`: outcomes of requests with an `Idempotency-Key`, kept for 24 hours. Without the client
//! neither the key nor the outcome can be read: the key is hashed, and the outcome is sealed with a key derived from
//! it.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `idempotency_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// SHA-256 of the caller and the Idempotency-Key.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// SHA-256 of the request; empty once its call is deleted.
    pub fingerprint: Vec<u8>,
    /// The sealed outcome, followed by its nonce; empty once the call is deleted.
    pub outcome: Vec<u8>,
    /// When the row expires and the Idempotency-Key may be used again.
    pub forget_at: Timestamp,
    /// The call that the request was about, if any. No foreign key: the row outlives the call.
    pub call_id: Option<Uuid>,
}

/// Requests do not belong to another table.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

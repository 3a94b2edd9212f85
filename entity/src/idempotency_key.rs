//! Table `idempotency_key`: requests that clients have named so that they can send them again, for a day. Neither the name
//! nor the outcome can be read without the client: one is a hash, the other is sealed with a key made of the name.

use sea_orm::entity::prelude::*;

use crate::Timestamp;

/// A row of `idempotency_key`.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency_key")]
pub struct Model {
    /// SHA-256 of who asked and of the request's name.
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: Vec<u8>,
    /// SHA-256 of what was asked.
    pub fingerprint: Vec<u8>,
    /// What came of it: a nonce and what is sealed with it.
    pub outcome: Vec<u8>,
    /// From when on the name is free again.
    pub forget_at: Timestamp,
}

/// Requests belong to nothing.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

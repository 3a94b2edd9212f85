//! Table `setting`: what the service has decided once for all, a row a decision.

use sea_orm::entity::prelude::*;

/// A row of `setting`. It can hold a secret, so that it is not printed.
#[derive(Clone, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "setting")]
pub struct Model {
    /// What was decided.
    #[sea_orm(primary_key, auto_increment = false)]
    pub name: String,
    /// How.
    pub value: Vec<u8>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Model").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Queries join by hand; no relation is declared.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

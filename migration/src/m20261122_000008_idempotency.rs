//! Table `idempotency_key`, for the outcomes of requests with an `Idempotency-Key`.

use sea_orm_migration::prelude::*;

use crate::column::time;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = Table::create()
            .table("idempotency_key")
            .col(ColumnDef::new("id").binary_len(32).not_null().primary_key())
            .col(ColumnDef::new("fingerprint").binary_len(32).not_null())
            .col(ColumnDef::new("outcome").blob().not_null())
            .col(time("forget_at").not_null())
            .take();
        manager.create_table(keys).await?;
        let index =
            Index::create().name("idempotency_key_forget_at_idx").table("idempotency_key").col("forget_at").take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("idempotency_key").take()).await
    }
}

//! Table `api_key`.

use sea_orm_migration::prelude::*;

use crate::column::{id, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let keys = Table::create()
            .table("api_key")
            .col(id(manager, "id").primary_key())
            .col(string("label", 128))
            .col(string("scope", 16).not_null())
            .col(ColumnDef::new("hash").binary_len(32).not_null().unique_key())
            .col(time("created_at").not_null())
            .col(time("expires_at"))
            .col(time("revoked_at"))
            .take();
        manager.create_table(keys).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("api_key").take()).await
    }
}

//! Tables `setting`, for values that the service chooses once, and `stream_token`, for used tokens of media streams.

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
        let settings = Table::create()
            .table("setting")
            .col(string("name", 64).not_null().primary_key())
            .col(ColumnDef::new("value").blob().not_null())
            .take();
        manager.create_table(settings).await?;
        let tokens = Table::create()
            .table("stream_token")
            .col(id(manager, "id").primary_key())
            .col(string("stream_sid", 128).not_null())
            .col(time("forget_at").not_null())
            .take();
        manager.create_table(tokens).await?;
        let index = Index::create().name("stream_token_forget_at_idx").table("stream_token").col("forget_at").take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["stream_token", "setting"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

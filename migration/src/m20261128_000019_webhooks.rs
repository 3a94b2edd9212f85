//! Table `voice_webhook`, for signed requests of Twilio that were answered with a stream's token.

use sea_orm_migration::prelude::*;

use crate::column::{id, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let webhooks = Table::create()
            .table("voice_webhook")
            .col(id(manager, "id").primary_key())
            .col(time("created_at").not_null())
            .col(time("forget_at").not_null())
            .take();
        manager.create_table(webhooks).await?;
        let index = Index::create().name("voice_webhook_forget_at_idx").table("voice_webhook").col("forget_at").take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("voice_webhook").take()).await
    }
}

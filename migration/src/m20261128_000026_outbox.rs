//! Table `outbox`, for events that readers follow.

use sea_orm_migration::prelude::*;

use crate::column::{id, number, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let outbox = Table::create()
            .table("outbox")
            .col(number(manager, "position"))
            .col(time("created_at").not_null())
            .col(string("kind", 32).not_null())
            .col(id(manager, "call_id"))
            .col(ColumnDef::new("data").json_binary().not_null())
            .take();
        manager.create_table(outbox).await?;
        let of_call =
            Index::create().name("outbox_call_id_position_idx").table("outbox").col("call_id").col("position").take();
        manager.create_index(of_call).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("outbox").take()).await
    }
}

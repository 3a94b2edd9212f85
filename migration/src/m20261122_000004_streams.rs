//! Table `call_event`, and columns of `call` on the activity of its streams.

use sea_orm_migration::prelude::*;

use crate::column::{call_reference, id, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns that are updated while a call is written to.
const TIMES: [&str; 2] = ["last_write_at", "disconnected_at"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in TIMES {
            manager.alter_table(Table::alter().table("call").add_column(time(column)).take()).await?;
        }
        let events = Table::create()
            .table("call_event")
            .col(id(manager, "id").primary_key())
            .col(id(manager, "call_id"))
            .col(string("type", 16).not_null())
            .col(ColumnDef::new("track").small_integer())
            .col(string("digit", 16))
            .col(string("name", 256))
            .col(ColumnDef::new("position_ms").integer().not_null())
            .col(time("created_at").not_null())
            .foreign_key(&mut call_reference("call_event"))
            .take();
        manager.create_table(events).await?;
        let index =
            Index::create().name("call_event_call_id_id_idx").table("call_event").col("call_id").col("id").take();
        manager.create_index(index).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("call_event").take()).await?;
        for column in TIMES {
            manager.alter_table(Table::alter().table("call").drop_column(column).take()).await?;
        }
        Ok(())
    }
}

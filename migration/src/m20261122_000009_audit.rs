//! Table `audit_entry`: who read, changed or administered what. The database refuses to update or delete its rows.

use sea_orm_migration::prelude::*;

use crate::column::{drop_refusal, id, only_inserted, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let entries = Table::create()
            .table("audit_entry")
            .col(id(manager, "id").primary_key())
            .col(time("created_at").not_null())
            .col(string("actor", 16).not_null())
            .col(id(manager, "key_id").null())
            .col(string("address", 64))
            .col(string("forwarded_for", 256))
            .col(string("operation", 64).not_null())
            .col(string("resource", 512).not_null())
            .col(ColumnDef::new("status").small_integer().not_null())
            .col(string("request_id", 128))
            .take();
        manager.create_table(entries).await?;
        let index =
            Index::create().name("audit_entry_created_at_idx").table("audit_entry").col("created_at").col("id").take();
        manager.create_index(index).await?;
        for statement in only_inserted(manager, "audit_entry") {
            manager.get_connection().execute_unprepared(&statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("audit_entry").take()).await?;
        drop_refusal(manager, "audit_entry").await
    }
}

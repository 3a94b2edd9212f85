//! Which key may do what, and who wrote what: limits, last use and rotation of keys, the owner of a call, and the key
//! behind transcripts, analytics and metadata.

use sea_orm_migration::prelude::*;

use crate::column::{optional_id, string, time};

/// Columns for the id of a key, with a mark that tells call tokens apart.
const AUTHORED: [&str; 3] = ["transcript", "analytics", "call_metadata"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for column in key_columns(manager) {
            add(manager, "api_key", column).await?;
        }
        add(manager, "call", optional_id(manager, "owner_id")).await?;
        for table in AUTHORED {
            add(manager, table, string("created_by", 64)).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in AUTHORED {
            remove(manager, table, "created_by").await?;
        }
        remove(manager, "call", "owner_id").await?;
        for column in ["replaced_by", "last_used_at", "allowed_networks", "own_calls_only", "family_id"] {
            remove(manager, "api_key", column).await?;
        }
        Ok(())
    }
}

fn key_columns(manager: &SchemaManager<'_>) -> [ColumnDef; 5] {
    [
        optional_id(manager, "family_id"),
        ColumnDef::new("own_calls_only").boolean().not_null().default(false).take(),
        ColumnDef::new("allowed_networks").text().take(),
        time("last_used_at"),
        optional_id(manager, "replaced_by"),
    ]
}

/// Adds a column. SQLite takes one column per statement.
async fn add(manager: &SchemaManager<'_>, table: &'static str, column: ColumnDef) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).add_column(column).take()).await
}

async fn remove(manager: &SchemaManager<'_>, table: &'static str, column: &'static str) -> Result<(), DbErr> {
    manager.alter_table(Table::alter().table(table).drop_column(column).take()).await
}

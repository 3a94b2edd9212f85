//! Columns that name the call of an idempotent request and of a stream's token, so that both are deleted with the call.

use sea_orm_migration::prelude::*;

use crate::column::optional_id;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The tables, each with the index of its new column.
const TABLES: [(&str, &str); 2] =
    [("idempotency_key", "idempotency_key_call_id_idx"), ("stream_token", "stream_token_call_id_idx")];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, index) in TABLES {
            let column = &mut optional_id(manager, "call_id");
            manager.alter_table(Table::alter().table(table).add_column(column).take()).await?;
            manager.create_index(Index::create().name(index).table(table).col("call_id").take()).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for (table, index) in TABLES {
            manager.drop_index(Index::drop().name(index).table(table).to_owned()).await?;
            manager.alter_table(Table::alter().table(table).drop_column("call_id").take()).await?;
        }
        Ok(())
    }
}

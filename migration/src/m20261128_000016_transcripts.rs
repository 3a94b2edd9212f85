//! Columns of `transcript` for what recognizers return, and the index that finds an utterance by its client's name.

use sea_orm_migration::prelude::*;

use crate::column::{string, time};

const TABLE: &str = "transcript";
const INDEX: &str = "transcript_call_id_external_id_idx";
const COLUMNS: [&str; 8] = ["track", "kind", "language", "words", "data", "external_id", "is_final", "updated_at"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column per statement. None of them rewrites the table.
        for column in [
            ColumnDef::new("track").small_integer().take(),
            ColumnDef::new("kind").small_integer().not_null().default(0).take(),
            string("language", 35),
            ColumnDef::new("words").json_binary().take(),
            ColumnDef::new("data").json_binary().take(),
            string("external_id", 128),
            ColumnDef::new("is_final").boolean().not_null().default(true).take(),
            time("updated_at"),
        ] {
            manager.alter_table(Table::alter().table(TABLE).add_column(column).take()).await?;
        }
        // Most utterances have no such name and take no room in the index.
        let index =
            format!("CREATE UNIQUE INDEX {INDEX} ON {TABLE} (call_id, external_id) WHERE external_id IS NOT NULL");
        manager.get_connection().execute_unprepared(&index).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_index(Index::drop().name(INDEX).table(TABLE).to_owned()).await?;
        for column in COLUMNS {
            manager.alter_table(Table::alter().table(TABLE).drop_column(column).take()).await?;
        }
        Ok(())
    }
}

//! On SQLite, rows of `audio_chunk` lie as they come, and an index has their keys. In the order of their key, with a KiB of each in the
//! tree that leads to it, four fitted into a page of that tree: every new row was looked for through many pages and moved others.
//! Nor does each look its call up any more: a statement that may still be refused keeps what would undo it, page by page.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::m20261122_000002_audio::{chunks, clustered_chunks};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        rebuild(manager, chunks(manager)).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        rebuild(manager, clustered_chunks(manager)).await
    }
}

/// Moves all rows into a table that is made otherwise.
async fn rebuild(manager: &SchemaManager<'_>, table: TableCreateStatement) -> Result<(), DbErr> {
    if manager.get_database_backend() != DatabaseBackend::Sqlite {
        return Ok(());
    }
    let connection = manager.get_connection();
    connection.execute_unprepared("ALTER TABLE audio_chunk RENAME TO audio_chunk_before").await?;
    manager.create_table(table).await?;
    let columns = "call_id, track, first_sequence, last_sequence, timestamp, data";
    let copy = format!("INSERT INTO audio_chunk ({columns}) SELECT {columns} FROM audio_chunk_before");
    connection.execute_unprepared(&copy).await?;
    connection.execute_unprepared("DROP TABLE audio_chunk_before").await.map(drop)
}

//! On SQLite, stores the rows of `audio_chunk` in order of arrival, with an index of their keys.
//!
//!
//! In key order, the b-tree held a KiB of each row, so only four rows fitted on a page. Every insert searched many
//! pages and moved other rows. The rows also lose their foreign key: with it, SQLite keeps an undo copy of each page
//! while a statement may still fail.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::m20261122_000002_audio::{chunks, clustered_chunks};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

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

/// Rebuilds the table with another layout, keeping all rows.
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

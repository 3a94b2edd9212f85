//! Tables `audio_chunk`, `call_track` and `recording`.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::column::{call_reference, id, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// The table of chunks. It has no foreign key: the writer has already looked the call up.
pub(crate) fn chunks(manager: &SchemaManager<'_>) -> TableCreateStatement {
    Table::create()
        .table("audio_chunk")
        .col(id(manager, "call_id"))
        .col(ColumnDef::new("track").small_integer().not_null())
        .col(ColumnDef::new("first_sequence").integer().not_null())
        .col(ColumnDef::new("last_sequence").integer().not_null())
        .col(ColumnDef::new("timestamp").integer())
        .col(ColumnDef::new("data").blob().not_null())
        .primary_key(Index::create().col("call_id").col("track").col("first_sequence"))
        .take()
}

/// The same table stored in key order, with a foreign key to the call, where the database can do so (SQLite).
pub(crate) fn clustered_chunks(manager: &SchemaManager<'_>) -> TableCreateStatement {
    let mut chunks = chunks(manager);
    if manager.get_database_backend() == DatabaseBackend::Sqlite {
        chunks.foreign_key(&mut call_reference("audio_chunk")).extra("WITHOUT ROWID");
    }
    chunks
}

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(clustered_chunks(manager)).await?;

        let tracks = Table::create()
            .table("call_track")
            .col(id(manager, "call_id"))
            .col(ColumnDef::new("track").small_integer().not_null())
            .col(ColumnDef::new("duplicates").big_integer().not_null())
            .col(ColumnDef::new("summary").json_binary())
            .primary_key(Index::create().col("call_id").col("track"))
            .foreign_key(&mut call_reference("call_track"))
            .take();
        manager.create_table(tracks).await?;

        let recordings = Table::create()
            .table("recording")
            .col(id(manager, "id").primary_key())
            .col(id(manager, "call_id").unique_key())
            .col(ColumnDef::new("file_path").text().not_null())
            .col(ColumnDef::new("sample_rate").integer().not_null())
            .col(ColumnDef::new("channels").small_integer().not_null())
            .col(ColumnDef::new("frames").big_integer().not_null())
            .col(ColumnDef::new("size_bytes").big_integer().not_null())
            .col(string("sha256", 64).not_null())
            .col(ColumnDef::new("gaps").blob().not_null())
            .col(ColumnDef::new("overlap_seconds").double().not_null())
            .col(ColumnDef::new("duplicates").big_integer().not_null())
            .col(time("created_at").not_null())
            .foreign_key(&mut call_reference("recording"))
            .take();
        manager.create_table(recordings).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["recording", "call_track", "audio_chunk"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

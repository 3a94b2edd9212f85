//! Table `chunk_journal`: acknowledged chunks that are not in `audio_chunk` yet. Drops an index of `transcript`.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const SPEAKER_INDEX: &str = "transcript_call_id_speaker_start_time_id_idx";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let journal = Table::create()
            .table("chunk_journal")
            .col(ColumnDef::new("id").big_integer().not_null().primary_key())
            .col(ColumnDef::new("data").blob().not_null())
            .take();
        manager.create_table(journal).await?;
        // A call has few utterances, so those of one speaker need no index of their own.
        manager.drop_index(Index::drop().name(SPEAKER_INDEX).table("transcript").to_owned()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut index = Index::create();
        index.name(SPEAKER_INDEX).table("transcript").col("call_id").col("speaker").col("start_time").col("id");
        manager.create_index(index.take()).await?;
        manager.drop_table(Table::drop().table("chunk_journal").take()).await
    }
}

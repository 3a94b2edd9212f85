//! Table `recording_check`: what the bytes of recordings must be, and when they were last compared.

use sea_orm_migration::prelude::*;

use crate::column::{id, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let recording = ForeignKey::create()
            .name("recording_check_recording_id_fkey")
            .from("recording_check", "recording_id")
            .to("recording", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .take();
        let checks = Table::create()
            .table("recording_check")
            .col(id(manager, "recording_id").primary_key())
            .col(ColumnDef::new("block_hashes").blob().not_null())
            .col(time("checked_at").not_null())
            .foreign_key(&mut { recording })
            .take();
        manager.create_table(checks).await?;
        let by_time = Index::create()
            .name("recording_check_checked_at_idx")
            .table("recording_check")
            .col("checked_at")
            .col("recording_id")
            .take();
        manager.create_index(by_time).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("recording_check").take()).await
    }
}

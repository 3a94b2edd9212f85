//! Table `computed_analytics`: what the service computes from a call's recording.

use sea_orm_migration::prelude::*;

use crate::column::{call_reference, id, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let milliseconds = |name| ColumnDef::new(name).big_integer().take();
        let table = Table::create()
            .table("computed_analytics")
            .col(id(manager, "call_id").primary_key())
            .col(id(manager, "recording_id"))
            .col(string("algorithm", 32).not_null())
            .col(time("computed_at").not_null())
            .col(milliseconds("duration_ms").not_null())
            .col(milliseconds("talk_time_ms").not_null())
            .col(milliseconds("silence_time_ms").not_null())
            .col(ColumnDef::new("interruptions").integer().not_null())
            .col(milliseconds("response_latency_ms"))
            .col(ColumnDef::new("inbound_segments").blob())
            .col(ColumnDef::new("outbound_segments").blob())
            .foreign_key(&mut call_reference("computed_analytics"))
            .take();
        manager.create_table(table).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("computed_analytics").take()).await
    }
}

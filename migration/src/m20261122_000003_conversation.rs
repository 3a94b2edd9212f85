//! Tables `transcript`, `analytics` and `call_metadata`, with an index for each way to list them.

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
        let transcripts = Table::create()
            .table("transcript")
            .col(id(manager, "id").primary_key())
            .col(id(manager, "call_id"))
            .col(string("speaker", 128).not_null())
            .col(ColumnDef::new("text").text().not_null())
            .col(ColumnDef::new("confidence").double())
            .col(ColumnDef::new("start_time").double())
            .col(ColumnDef::new("end_time").double())
            .col(time("created_at").not_null())
            .foreign_key(&mut call_reference("transcript"))
            .take();
        manager.create_table(transcripts).await?;

        let analytics = Table::create()
            .table("analytics")
            .col(id(manager, "id").primary_key())
            .col(id(manager, "call_id"))
            .col(string("sentiment", 16))
            .col(ColumnDef::new("sentiment_score").double())
            .col(ColumnDef::new("talk_time").double())
            .col(ColumnDef::new("silence_time").double())
            .col(ColumnDef::new("interruptions").integer())
            .col(ColumnDef::new("average_latency_ms").double())
            .col(ColumnDef::new("metrics").json_binary())
            .col(time("snapshot_time").not_null())
            .col(time("created_at").not_null())
            .foreign_key(&mut call_reference("analytics"))
            .take();
        manager.create_table(analytics).await?;

        let metadata = Table::create()
            .table("call_metadata")
            .col(id(manager, "call_id").primary_key())
            .col(string("language", 128))
            .col(string("region", 128))
            .col(string("device_type", 128))
            .col(string("network_quality", 128))
            .col(ColumnDef::new("custom_data").json_binary())
            .col(time("created_at").not_null())
            .col(time("updated_at").not_null())
            .foreign_key(&mut call_reference("call_metadata"))
            .take();
        manager.create_table(metadata).await?;

        let lists: [(&str, &[&str]); 3] = [
            ("transcript", &["call_id", "start_time", "id"]),
            ("transcript", &["call_id", "speaker", "start_time", "id"]),
            ("analytics", &["call_id", "snapshot_time", "id"]),
        ];
        for (table, columns) in lists {
            let mut index = Index::create();
            index.table(table).name(format!("{table}_{}_idx", columns.join("_")));
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["call_metadata", "analytics", "transcript"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

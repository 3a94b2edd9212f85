//! Tables `webhook` and `delivery`, for endpoints that are told of events.

use sea_orm_migration::prelude::*;

use crate::column::{id, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let webhook = Table::create()
            .table("webhook")
            .col(id(manager, "id").primary_key())
            .col(ColumnDef::new("url").text().not_null())
            .col(string("description", 256))
            .col(ColumnDef::new("types").text())
            .col(ColumnDef::new("include_data").boolean().not_null())
            .col(ColumnDef::new("enabled").boolean().not_null())
            .col(string("disabled_reason", 16))
            .col(ColumnDef::new("secret").binary().not_null())
            .col(ColumnDef::new("previous_secret").binary())
            .col(time("previous_until"))
            .col(ColumnDef::new("position").big_integer().not_null())
            .col(time("failing_since"))
            .col(time("paused_until"))
            .col(time("created_at").not_null())
            .col(time("updated_at").not_null())
            .take();
        manager.create_table(webhook).await?;
        let delivery = Table::create()
            .table("delivery")
            .col(id(manager, "id").primary_key())
            .col(id(manager, "webhook_id"))
            .col(ColumnDef::new("position").big_integer().not_null())
            .col(time("event_at").not_null())
            .col(string("kind", 32).not_null())
            .col(id(manager, "call_id"))
            .col(ColumnDef::new("data").json_binary().not_null())
            .col(string("status", 16).not_null())
            .col(ColumnDef::new("tries").integer().not_null())
            .col(time("next_at").not_null())
            .col(ColumnDef::new("attempts").json_binary().not_null())
            .col(time("created_at").not_null())
            .foreign_key(
                ForeignKey::create()
                    .name("delivery_webhook_id_fkey")
                    .from("delivery", "webhook_id")
                    .to("webhook", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .take();
        manager.create_table(delivery).await?;
        let once = Index::create()
            .name("delivery_webhook_id_position_idx")
            .table("delivery")
            .col("webhook_id")
            .col("position")
            .unique()
            .take();
        manager.create_index(once).await?;
        for (name, columns) in [
            ("delivery_webhook_id_id_idx", &["webhook_id", "id"][..]),
            ("delivery_webhook_id_status_id_idx", &["webhook_id", "status", "id"]),
            ("delivery_webhook_id_status_next_at_idx", &["webhook_id", "status", "next_at"]),
            ("delivery_call_id_webhook_id_position_idx", &["call_id", "webhook_id", "position"]),
        ] {
            let mut index = Index::create().name(name).table("delivery").take();
            for column in columns {
                index.col(*column);
            }
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("delivery").take()).await?;
        manager.drop_table(Table::drop().table("webhook").take()).await
    }
}

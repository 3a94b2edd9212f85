//! Table `call`, with an index for each way to list calls.

use sea_orm_migration::prelude::*;

use crate::column::{id, string, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

/// Columns by which a list of calls can be filtered and which have no unique index.
const FILTERS: [&str; 4] = ["status", "caller", "agent", "direction"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("call")
            .col(id(manager, "id").primary_key())
            .col(string("stream_sid", 128))
            .col(string("call_sid", 128))
            .col(string("caller", 128).not_null())
            .col(string("agent", 128))
            .col(string("direction", 16))
            .col(string("encoding", 16).not_null())
            .col(ColumnDef::new("sample_rate").integer().not_null())
            .col(time("start_time").not_null())
            .col(time("end_time"))
            .col(ColumnDef::new("duration_ms").big_integer())
            .col(string("status", 16).not_null())
            .col(string("end_reason", 32))
            .col(string("failure_code", 64))
            .col(ColumnDef::new("failure_detail").text())
            .col(time("created_at").not_null())
            .col(time("updated_at").not_null())
            .col(time("deleted_at"))
            .take();
        manager.create_table(table).await?;

        for column in ["stream_sid", "call_sid"] {
            let index = Index::create().name(format!("call_{column}_key")).table("call").col(column).unique().take();
            manager.create_index(index).await?;
        }
        // The second range column allows filtering a page within the index alone.
        for (sort, other) in [("start_time", "duration_ms"), ("duration_ms", "start_time")] {
            for filter in [None].into_iter().chain(FILTERS.map(Some)) {
                manager.create_index(list_index(filter, sort, other)).await?;
            }
        }
        let deleted = Index::create()
            .name("call_deleted_at_idx")
            .table("call")
            .col("deleted_at")
            .and_where(Expr::col("deleted_at").is_not_null())
            .take();
        manager.create_index(deleted).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("call").take()).await
    }
}

/// An index over the visible calls, ordered by `sort` within each value of `filter`.
fn list_index(filter: Option<&'static str>, sort: &'static str, other: &'static str) -> IndexCreateStatement {
    let mut index = Index::create();
    match filter {
        Some(filter) => index.name(format!("call_{filter}_{sort}_idx")).col(filter),
        None => index.name(format!("call_{sort}_idx")),
    };
    index.table("call").col(sort).col("id").col(other).and_where(Expr::col("deleted_at").is_null()).take()
}

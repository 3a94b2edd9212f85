//! Table `lease`: which node does which cluster-wide job, and until when.

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
        let leases = Table::create()
            .table("lease")
            .col(string("name", 64).not_null().primary_key())
            .col(id(manager, "holder"))
            .col(time("until").not_null())
            .take();
        manager.create_table(leases).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.drop_table(Table::drop().table("lease").take()).await
    }
}

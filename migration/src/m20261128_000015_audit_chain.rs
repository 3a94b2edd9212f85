//! The hash chain over `audit_entry`: `audit_pending` lists entries that are not yet in it, `audit_seal` is the chain,
//! and `audit_export` says what was exported. The database refuses to remove entries that were not. Earlier entries
//! join the chain after the start; the migration only lists their ids.

use sea_orm_migration::prelude::*;

use crate::column::{drop_refusal, id, is_sqlite, only_inserted, run, time};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

const ENTRY_REFUSED: &str = "rows of audit_entry are neither changed nor removed before they are exported";
const SEAL_REFUSED: &str = "rows of audit_seal are neither changed nor removed before their entry";
const EXPORT_REFUSED: &str = "rows of audit_export are neither changed nor removed";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let count = ColumnDef::new("count").integer().not_null().default(1).take();
        for column in [count, id(manager, "server_request_id").null().take()] {
            manager.alter_table(Table::alter().table("audit_entry").add_column(column).take()).await?;
        }
        let pending = Table::create().table("audit_pending").col(id(manager, "id").primary_key()).take();
        let seal = Table::create()
            .table("audit_seal")
            .col(ColumnDef::new("position").big_integer().not_null().primary_key())
            .col(id(manager, "entry_id"))
            .col(ColumnDef::new("hash").binary_len(32).not_null())
            .take();
        let export = Table::create()
            .table("audit_export")
            .col(ColumnDef::new("position").big_integer().not_null().primary_key())
            .col(ColumnDef::new("hash").binary_len(32).not_null())
            .col(time("created_at").not_null())
            .take();
        for table in [pending, seal, export] {
            manager.create_table(table).await?;
        }
        let index = Index::create().name("audit_seal_entry_id_key").table("audit_seal").col("entry_id").unique().take();
        manager.create_index(index).await?;
        run(manager, &["INSERT INTO audit_pending (id) SELECT id FROM audit_entry".to_owned()]).await?;
        let statements = if is_sqlite(manager) { sqlite() } else { postgres() };
        run(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if is_sqlite(manager) {
            let names = ["pending", "no_UPDATE", "no_DELETE", "no_INSERT"];
            run(manager, &names.map(|name| format!("DROP TRIGGER audit_entry_{name}"))).await?;
        } else {
            let triggers = ["pending", "only_inserted", "kept"];
            run(manager, &triggers.map(|name| format!("DROP TRIGGER audit_entry_{name} ON audit_entry"))).await?;
            drop_refusal(manager, "audit_entry").await?;
        }
        for table in ["audit_export", "audit_seal", "audit_pending"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        if !is_sqlite(manager) {
            let functions = ["entry_wait", "entry_keep", "seal_keep", "seal_refuse", "export_refuse"];
            run(manager, &functions.map(|name| format!("DROP FUNCTION audit_{name}()"))).await?;
        }
        run(manager, &["count", "server_request_id"].map(|name| format!("ALTER TABLE audit_entry DROP COLUMN {name}")))
            .await?;
        run(manager, &only_inserted(manager, "audit_entry")).await
    }
}

/// Entries that were exported, and links before the last exported one, may be deleted.
const ENTRY_STAYS: &str = "NOT EXISTS (SELECT 1 FROM audit_seal s WHERE s.entry_id = OLD.id \
    AND s.position <= (SELECT MAX(position) FROM audit_export))";
const SEAL_STAYS: &str = "OLD.position >= COALESCE((SELECT MAX(position) FROM audit_export), 0)";

fn sqlite() -> Vec<String> {
    let refuse = |name: &str, change: &str, table: &str, when: &str, why: &str| {
        let when = if when.is_empty() { String::new() } else { format!("WHEN {when} ") };
        format!(
            "CREATE TRIGGER {table}_{name} BEFORE {change} ON {table} {when}BEGIN SELECT RAISE(ABORT, '{why}'); END"
        )
    };
    let again = |table: &str| format!("EXISTS (SELECT 1 FROM {table} WHERE position = NEW.position)");
    vec![
        "DROP TRIGGER audit_entry_no_DELETE".to_owned(),
        refuse("no_DELETE", "DELETE", "audit_entry", ENTRY_STAYS, ENTRY_REFUSED),
        "CREATE TRIGGER audit_entry_pending AFTER INSERT ON audit_entry \
            BEGIN INSERT INTO audit_pending (id) VALUES (NEW.id); END"
            .to_owned(),
        refuse("no_UPDATE", "UPDATE", "audit_seal", "", SEAL_REFUSED),
        refuse("no_DELETE", "DELETE", "audit_seal", SEAL_STAYS, SEAL_REFUSED),
        // INSERT OR REPLACE deletes a row without firing the DELETE trigger.
        refuse("no_INSERT", "INSERT", "audit_seal", &again("audit_seal"), SEAL_REFUSED),
        refuse("no_UPDATE", "UPDATE", "audit_export", "", EXPORT_REFUSED),
        refuse("no_DELETE", "DELETE", "audit_export", "", EXPORT_REFUSED),
        refuse("no_INSERT", "INSERT", "audit_export", &again("audit_export"), EXPORT_REFUSED),
    ]
}

fn postgres() -> Vec<String> {
    let function = |name: &str, body: &str| {
        format!("CREATE FUNCTION audit_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$")
    };
    let raise = |why: &str| format!("RAISE EXCEPTION '{why}';");
    let keep = |stays: &str, why: &str| format!("IF {stays} THEN {} END IF; RETURN OLD;", raise(why));
    let trigger = |name: &str, when: &str, table: &str, each: &str, function: &str| {
        format!(
            "CREATE TRIGGER audit_{table}_{name} {when} ON audit_{table} FOR EACH {each} EXECUTE FUNCTION \
             audit_{function}()"
        )
    };
    vec![
        function("entry_wait", "INSERT INTO audit_pending (id) VALUES (NEW.id); RETURN NEW;"),
        function("entry_keep", &keep(ENTRY_STAYS, ENTRY_REFUSED)),
        function("seal_keep", &keep(SEAL_STAYS, SEAL_REFUSED)),
        function("seal_refuse", &raise(SEAL_REFUSED)),
        function("export_refuse", &raise(EXPORT_REFUSED)),
        "DROP TRIGGER audit_entry_only_inserted ON audit_entry".to_owned(),
        trigger("only_inserted", "BEFORE UPDATE OR TRUNCATE", "entry", "STATEMENT", "entry_refuse"),
        trigger("kept", "BEFORE DELETE", "entry", "ROW", "entry_keep"),
        trigger("pending", "AFTER INSERT", "entry", "ROW", "entry_wait"),
        trigger("only_inserted", "BEFORE UPDATE OR TRUNCATE", "seal", "STATEMENT", "seal_refuse"),
        trigger("kept", "BEFORE DELETE", "seal", "ROW", "seal_keep"),
        trigger("only_inserted", "BEFORE UPDATE OR DELETE OR TRUNCATE", "export", "STATEMENT", "export_refuse"),
    ]
}

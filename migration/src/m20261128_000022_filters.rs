//! What lists of calls are filtered by and other tables hold, copied to the call's row by triggers, with an index for
//! each way to list. A filter on another table could not be answered in the order of an index.

use sea_orm_migration::prelude::*;

use crate::column::{is_sqlite, run, string};

/// Columns copied from `call_metadata`.
const METADATA: [&str; 3] = ["language", "region", "device_type"];
/// Columns copied from `computed_analytics`.
const ANALYTICS: [&str; 2] = ["talk_time_ms", "response_latency_ms"];
/// Columns that a list is filtered by for equality. Where they are null, they take no room in their indexes.
const EQUAL: [&str; 5] = ["end_reason", "language", "region", "device_type", "has_recording"];
const RECORDING: &str = "has_recording";
/// The index that finds callers by the beginning of their name, whatever the collation of the database.
const PREFIX: &str = "call_caller_pattern_idx";

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut columns: Vec<_> = METADATA.map(|name| string(name, 128)).into();
        columns.extend(ANALYTICS.map(|name| ColumnDef::new(name).big_integer().take()));
        columns.push(ColumnDef::new(RECORDING).boolean().not_null().default(false).take());
        for column in columns {
            manager.alter_table(Table::alter().table("call").add_column(column).take()).await?;
        }
        let mut statements: Vec<_> = COPIED
            .iter()
            .map(|copied| {
                let (table, copy) = (copied.table, copied.assigned("m"));
                format!("UPDATE call SET {copy} FROM {table} m WHERE m.call_id = call.id")
            })
            .collect();
        statements.push("UPDATE call SET has_recording = TRUE WHERE id IN (SELECT call_id FROM recording)".to_owned());
        for column in EQUAL {
            let filled = if column == RECORDING { String::new() } else { format!(" AND {column} IS NOT NULL") };
            for (sort, other) in [("start_time", "duration_ms"), ("duration_ms", "start_time")] {
                statements.push(format!(
                    "CREATE INDEX call_{column}_{sort}_idx ON call ({column}, {sort}, id, {other}) \
                     WHERE deleted_at IS NULL{filled}"
                ));
            }
        }
        for column in ANALYTICS {
            statements.push(format!(
                "CREATE INDEX call_{column}_idx ON call ({column}) WHERE deleted_at IS NULL AND {column} IS NOT NULL"
            ));
        }
        if is_sqlite(manager) {
            statements.extend(sqlite());
        } else {
            let pattern = "(caller text_pattern_ops, start_time, id) WHERE deleted_at IS NULL";
            statements.push(format!("CREATE INDEX {PREFIX} ON call {pattern}"));
            statements.extend(postgres());
        }
        run(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut statements = Vec::new();
        for table in COPIED.iter().map(|copied| copied.table).chain(["recording"]) {
            if is_sqlite(manager) {
                let changes: &[&str] =
                    if table == "recording" { &["INSERT", "DELETE"] } else { &["INSERT", "UPDATE", "DELETE"] };
                statements.extend(changes.iter().map(|change| format!("DROP TRIGGER {table}_copy_{change}")));
            } else {
                statements.push(format!("DROP TRIGGER {table}_copy ON {table}"));
                statements.push(format!("DROP FUNCTION {table}_copy()"));
            }
        }
        if !is_sqlite(manager) {
            statements.push(format!("DROP INDEX {PREFIX}"));
        }
        for column in EQUAL {
            statements.extend(["start_time", "duration_ms"].map(|sort| format!("DROP INDEX call_{column}_{sort}_idx")));
        }
        statements.extend(ANALYTICS.map(|column| format!("DROP INDEX call_{column}_idx")));
        run(manager, &statements).await?;
        for column in METADATA.into_iter().chain(ANALYTICS).chain([RECORDING]) {
            manager.alter_table(Table::alter().table("call").drop_column(column).take()).await?;
        }
        Ok(())
    }
}

/// Another table whose columns are copied to the call's row.
struct Copied {
    table: &'static str,
    columns: &'static [&'static str],
}

const COPIED: [Copied; 2] = [
    Copied { table: "call_metadata", columns: &METADATA },
    Copied { table: "computed_analytics", columns: &ANALYTICS },
];

impl Copied {
    fn each(&self, separator: &str, of: impl Fn(&str) -> String) -> String {
        self.columns.iter().map(|name| of(name)).collect::<Vec<_>>().join(separator)
    }

    fn assigned(&self, row: &str) -> String {
        self.each(", ", |name| format!("{name} = {row}.{name}"))
    }

    fn emptied(&self) -> String {
        self.each(", ", |name| format!("{name} = NULL"))
    }
}

fn sqlite() -> Vec<String> {
    let mut triggers = Vec::new();
    let mut trigger = |table: &str, change: &str, of: &str, work: &str| {
        triggers.push(format!("CREATE TRIGGER {table}_copy_{change} AFTER {change} {of} ON {table} BEGIN {work}; END"));
    };
    for copied in COPIED {
        let differs = copied.each(" OR ", |name| format!("{name} IS NOT NEW.{name}"));
        let copy = format!("UPDATE call SET {} WHERE id = NEW.call_id AND ({differs})", copied.assigned("NEW"));
        trigger(copied.table, "INSERT", "", &copy);
        trigger(copied.table, "UPDATE", &format!("OF {}", copied.columns.join(", ")), &copy);
        let empty = format!("UPDATE call SET {} WHERE id = OLD.call_id", copied.emptied());
        trigger(copied.table, "DELETE", "", &empty);
    }
    trigger("recording", "INSERT", "", "UPDATE call SET has_recording = TRUE WHERE id = NEW.call_id");
    trigger("recording", "DELETE", "", "UPDATE call SET has_recording = FALSE WHERE id = OLD.call_id");
    triggers
}

fn postgres() -> Vec<String> {
    let mut statements = Vec::new();
    let mut trigger = |table: &str, changes: &str, removed: &str, written: &str| {
        statements.push(format!(
            "CREATE FUNCTION {table}_copy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF TG_OP = 'DELETE' THEN UPDATE call SET {removed} WHERE id = OLD.call_id; \
             ELSE UPDATE call SET {written}; END IF; RETURN NULL; END $$"
        ));
        statements.push(format!(
            "CREATE TRIGGER {table}_copy AFTER {changes} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_copy()"
        ));
    };
    for copied in COPIED {
        let differs = copied.each(" OR ", |name| format!("{name} IS DISTINCT FROM NEW.{name}"));
        let written = format!("{} WHERE id = NEW.call_id AND ({differs})", copied.assigned("NEW"));
        let changes = format!("INSERT OR DELETE OR UPDATE OF {}", copied.columns.join(", "));
        trigger(copied.table, &changes, &copied.emptied(), &written);
    }
    trigger("recording", "INSERT OR DELETE", "has_recording = FALSE", "has_recording = TRUE WHERE id = NEW.call_id");
    statements
}

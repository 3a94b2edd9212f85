//! Tables `stats_slot`, what statistics need of the calls of three hours each, and `stats_mark`, the slots that changed
//! since. Triggers add the marks, so that no change of a call can go by. All slots of earlier calls begin marked; the
//! service builds them after the start.

use sea_orm_migration::prelude::*;

use crate::column::{is_sqlite, run, time};

/// Length of a slot, in milliseconds.
const SLOT_MS: u32 = 10_800_000;
/// What statistics need of a call's row.
const COLUMNS: [&str; 8] =
    ["agent", "direction", "start_time", "duration_ms", "status", "end_reason", "language", "deleted_at"];
/// Columns whose earlier value must not stay anywhere once it is replaced.
const NAMES: [&str; 2] = ["agent", "language"];

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let slots = Table::create()
            .table("stats_slot")
            .col(time("start_time").not_null().primary_key())
            .col(ColumnDef::new("data").blob().not_null())
            .take();
        manager.create_table(slots).await?;
        let id = if is_sqlite(manager) { "INTEGER" } else { "bigint GENERATED ALWAYS AS IDENTITY" };
        let mut statements = vec![
            format!("CREATE TABLE stats_mark (id {id} PRIMARY KEY, slot bigint NOT NULL, erases boolean NOT NULL)"),
            format!(
                "INSERT INTO stats_mark (slot, erases) SELECT DISTINCT {}, FALSE FROM call WHERE deleted_at IS NULL",
                slot("call")
            ),
        ];
        statements.extend(if is_sqlite(manager) { sqlite() } else { postgres() });
        run(manager, &statements).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut statements = Vec::new();
        for table in ["call", "computed_analytics"] {
            if is_sqlite(manager) {
                let changes = ["INSERT", "UPDATE", "DELETE"];
                statements.extend(changes.map(|change| format!("DROP TRIGGER {table}_mark_{change}")));
            } else {
                statements.push(format!("DROP TRIGGER {table}_mark ON {table}"));
                statements.push(format!("DROP FUNCTION {table}_mark()"));
            }
        }
        run(manager, &statements).await?;
        for table in ["stats_mark", "stats_slot"] {
            manager.drop_table(Table::drop().table(table).take()).await?;
        }
        Ok(())
    }
}

/// The slot of a row of `call`.
fn slot(row: &str) -> String {
    format!("{row}.start_time - {row}.start_time % {SLOT_MS}")
}

fn mark(row: &str, erases: &str, condition: &str) -> String {
    format!("INSERT INTO stats_mark (slot, erases) SELECT {}, {erases} WHERE {condition}", slot(row))
}

/// Marks the slot of the call of computed analytics.
fn mark_of(row: &str) -> String {
    format!(
        "INSERT INTO stats_mark (slot, erases) SELECT {}, FALSE FROM call \
         WHERE call.id = {row}.call_id AND call.deleted_at IS NULL",
        slot("call")
    )
}

/// Whether an update changes what statistics need of a call that is not deleted, and whether it erases a name.
fn changed(differs: &str) -> (String, String) {
    let changed = COLUMNS.map(|column| format!("OLD.{column} {differs} NEW.{column}")).join(" OR ");
    let erased = NAMES.map(|name| format!("(OLD.{name} IS NOT NULL AND OLD.{name} {differs} NEW.{name})")).join(" OR ");
    (format!("OLD.deleted_at IS NULL AND ({changed})"), format!("(NEW.deleted_at IS NOT NULL OR {erased})"))
}

const MOVED: &str = "OLD.start_time <> NEW.start_time";

fn sqlite() -> Vec<String> {
    let (changed, erases) = changed("IS NOT");
    let (columns, moved) = (COLUMNS.join(", "), mark("OLD", "TRUE", MOVED));
    let mut triggers = vec![
        format!("CREATE TRIGGER call_mark_INSERT AFTER INSERT ON call BEGIN {}; END", mark("NEW", "FALSE", "TRUE")),
        format!(
            "CREATE TRIGGER call_mark_UPDATE AFTER UPDATE OF {columns} ON call WHEN {changed} \
             BEGIN {}; {moved}; END",
            mark("NEW", &erases, "TRUE")
        ),
        format!(
            "CREATE TRIGGER call_mark_DELETE AFTER DELETE ON call BEGIN {}; END",
            mark("OLD", "TRUE", "OLD.deleted_at IS NULL")
        ),
    ];
    for (change, row) in [("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")] {
        triggers.push(format!(
            "CREATE TRIGGER computed_analytics_mark_{change} AFTER {change} ON computed_analytics BEGIN {}; END",
            mark_of(row)
        ));
    }
    triggers
}

fn postgres() -> Vec<String> {
    let (changed, erases) = changed("IS DISTINCT FROM");
    let columns = COLUMNS.join(", ");
    let call = format!(
        "IF TG_OP = 'INSERT' THEN {}; ELSIF TG_OP = 'DELETE' THEN {}; ELSIF {changed} THEN {}; {}; END IF;",
        mark("NEW", "FALSE", "TRUE"),
        mark("OLD", "TRUE", "OLD.deleted_at IS NULL"),
        mark("NEW", &erases, "TRUE"),
        mark("OLD", "TRUE", MOVED),
    );
    let computed = format!("IF TG_OP = 'DELETE' THEN {}; ELSE {}; END IF;", mark_of("OLD"), mark_of("NEW"));
    let changes = format!("INSERT OR DELETE OR UPDATE OF {columns}");
    [("call", changes.as_str(), call), ("computed_analytics", "INSERT OR DELETE OR UPDATE", computed)]
        .into_iter()
        .flat_map(|(table, changes, work)| {
            [
                format!(
                    "CREATE FUNCTION {table}_mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {work} \
                     RETURN NULL; END $$"
                ),
                format!(
                    "CREATE TRIGGER {table}_mark AFTER {changes} ON {table} FOR EACH ROW \
                     EXECUTE FUNCTION {table}_mark()"
                ),
            ]
        })
        .collect()
}

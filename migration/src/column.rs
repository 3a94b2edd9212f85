//! Column types, and everything else in the schema that differs between databases.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

pub(crate) fn is_sqlite(manager: &SchemaManager<'_>) -> bool {
    manager.get_database_backend() == DatabaseBackend::Sqlite
}

/// Runs statements in their order.
pub(crate) async fn run(manager: &SchemaManager<'_>, statements: &[String]) -> Result<(), DbErr> {
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}

/// An id column: `uuid` on PostgreSQL, sixteen bytes on SQLite.
pub(crate) fn id(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    optional_id(manager, name).not_null().take()
}

/// An id column that may be null.
pub(crate) fn optional_id(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    if is_sqlite(manager) {
        column.binary_len(16)
    } else {
        column.uuid()
    };
    column.take()
}

/// The key of a table whose rows are numbered from 1. On SQLite a row without a number gets the next one.
pub(crate) fn number(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    if is_sqlite(manager) {
        // The type of SQLite's own row numbers.
        column.custom("integer")
    } else {
        column.big_integer()
    };
    column.not_null().primary_key().take()
}

/// A time column: milliseconds since 1970 (`entity::Timestamp`).
pub(crate) fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}

/// A string column of at most `length` characters.
pub(crate) fn string(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).take()
}

/// A foreign key to `call`. Deleting the call deletes the row.
pub(crate) fn call_reference(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_call_id_fkey"))
        .from(table, "call_id")
        .to("call", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// Drops what [`only_inserted`] created and dropping the table left behind.
pub(crate) async fn drop_refusal(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    if is_sqlite(manager) {
        return Ok(());
    }
    manager.get_connection().execute_unprepared(&format!("DROP FUNCTION {table}_refuse()")).await.map(drop)
}

/// Statements that make the database refuse updates and deletes in a table.
pub(crate) fn only_inserted(manager: &SchemaManager<'_>, table: &str) -> Vec<String> {
    let why = format!("rows of {table} are neither changed nor removed");
    if is_sqlite(manager) {
        // INSERT OR REPLACE deletes a row without firing the DELETE trigger.
        [
            ("UPDATE", ""),
            ("DELETE", ""),
            ("INSERT", &*format!("WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) ")),
        ]
        .map(|(change, when)| {
            format!(
                "CREATE TRIGGER {table}_no_{change} BEFORE {change} ON {table} {when}\
                 BEGIN SELECT RAISE(ABORT, '{why}'); END"
            )
        })
        .to_vec()
    } else {
        vec![
            format!(
                "CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ \
                 BEGIN RAISE EXCEPTION '{why}'; END $$"
            ),
            format!(
                "CREATE TRIGGER {table}_only_inserted BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
            ),
        ]
    }
}

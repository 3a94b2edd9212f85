//! The types of columns, and all that differs in a schema from one database to the other.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

/// An id: `uuid`, or on SQLite the sixteen bytes.
pub fn id(manager: &SchemaManager<'_>, name: &'static str) -> ColumnDef {
    let mut column = ColumnDef::new(name);
    match manager.get_database_backend() {
        DatabaseBackend::Sqlite => column.binary_len(16),
        _ => column.uuid(),
    };
    column.not_null().take()
}

/// A moment: milliseconds since 1970 (`entity::Timestamp`).
pub fn time(name: &'static str) -> ColumnDef {
    ColumnDef::new(name).big_integer().take()
}

/// A string of at most `length` characters.
pub fn string(name: &'static str, length: u32) -> ColumnDef {
    ColumnDef::new(name).string_len(length).take()
}

/// A reference to the call that a row belongs to: the row goes when the call goes.
pub fn call_reference(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_call_id_fkey"))
        .from(table, "call_id")
        .to("call", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .take()
}

/// Drops what [`only_inserted`] has made and did not go with the table.
pub async fn drop_refusal(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    match manager.get_database_backend() {
        DatabaseBackend::Sqlite => Ok(()),
        _ => manager.get_connection().execute_unprepared(&format!("DROP FUNCTION {table}_refuse()")).await.map(drop),
    }
}

/// What has the database refuse to change or remove rows of a table.
pub fn only_inserted(manager: &SchemaManager<'_>, table: &str) -> Vec<String> {
    let why = format!("rows of {table} are neither changed nor removed");
    match manager.get_database_backend() {
        // INSERT OR REPLACE removes a row without asking the trigger of DELETE.
        DatabaseBackend::Sqlite => [
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
        .to_vec(),
        _ => vec![
            format!(
                "CREATE FUNCTION {table}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ \
                 BEGIN RAISE EXCEPTION '{why}'; END $$"
            ),
            format!(
                "CREATE TRIGGER {table}_only_inserted BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} \
                 FOR EACH STATEMENT EXECUTE FUNCTION {table}_refuse()"
            ),
        ],
    }
}

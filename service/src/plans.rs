//! Helpers for tests of SQLite query plans.

use sea_orm::{ConnectionTrait, DbBackend, EntityTrait, QueryTrait, Select, Statement};
use tempfile::TempDir;

use crate::Database;

/// A migrated database in a temporary folder.
pub(crate) async fn database() -> (Database, TempDir) {
    use migration::{Migrator, MigratorTrait};
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}", folder.path().join("callstore.db").display()).parse().unwrap();
    let database = Database::open(&url).await.unwrap();
    Migrator::up(database.writer(), None).await.unwrap();
    (database, folder)
}

/// The steps of a query's plan.
pub(crate) async fn plan<E: EntityTrait>(database: &Database, select: Select<E>) -> Vec<String> {
    let Statement { sql, values, db_backend } = select.build(DbBackend::Sqlite);
    let explain = Statement { sql: format!("EXPLAIN QUERY PLAN {sql}"), values, db_backend };
    let rows = database.readers().query_all_raw(explain).await.unwrap();
    rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect()
}

/// Whether a plan reads rows in the requested order by an index, without sorting or scanning a table.
pub(crate) fn in_index_order(plan: &[String]) -> bool {
    plan.iter().all(|step| !step.contains("TEMP B-TREE") && by_index(step))
}

/// Whether a step uses an index, rather than scanning a whole table.
pub(crate) fn by_index(step: &str) -> bool {
    step.contains(" INDEX ")
        || step.contains(" PRIMARY KEY ")
        || !(step.starts_with("SCAN") || step.starts_with("SEARCH"))
}

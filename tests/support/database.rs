//! The databases of the tests. Each is a file; or, if `CALLSTORE_TEST_POSTGRES` is the URL of a server, a database on
//! that server in place of the file.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::{Command, Stdio},
    sync::{LazyLock, Mutex},
};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, Statement};

/// The server's URL, up to the database name.
#[expect(clippy::disallowed_methods, reason = "it is a setting of the tests, not of the service")]
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("CALLSTORE_TEST_POSTGRES").ok());

/// Whether the databases are files. Tests of such files end at once otherwise.
pub(crate) fn on_sqlite() -> bool {
    SERVER.is_none()
}

/// The URL of the database for a file. On a server it is created at the first call.
pub(crate) fn database_url(file: &Path) -> String {
    static MADE: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let Some(server) = &*SERVER else { return format!("sqlite://{}", file.display()) };
    let name = name_on_server(file);
    if MADE.lock().unwrap().insert(name.clone()) {
        psql(&[&format!("CREATE DATABASE {name} TEMPLATE template0")]);
    }
    format!("{server}/{name}")
}

/// The test's own connection to the database for a file.
pub(crate) async fn connect(file: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(database_url(file));
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

/// Makes a database on the server unavailable, or available again. Meanwhile the server accepts no connections to it.
pub(crate) fn set_reachable(file: &Path, reachable: bool) {
    let name = name_on_server(file);
    let allow = format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {reachable}");
    let hang_up = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
    psql(&[&allow, if reachable { "SELECT 1" } else { &hang_up }]);
}

fn name_on_server(file: &Path) -> String {
    let mut hash = DefaultHasher::new();
    file.hash(&mut hash);
    format!("test_{:016x}", hash.finish())
}

/// Runs statements on the server, one after the other.
fn psql(statements: &[&str]) {
    let server = SERVER.as_deref().expect("there is a server");
    let mut psql = Command::new("psql");
    psql.args(["--quiet", "--no-psqlrc", &format!("{server}/postgres")]);
    for statement in statements {
        psql.args(["--command", statement]);
    }
    let done = psql.stdin(Stdio::null()).stdout(Stdio::null()).status();
    assert!(done.expect("psql is there; scripts/test.sh installs it").success(), "{statements:?}");
}

/// Blocks all other writers until dropped.
pub(crate) async fn lock_writes(file: &Path) -> DatabaseConnection {
    let database = connect(file).await;
    let lock = if on_sqlite() {
        "BEGIN IMMEDIATE".to_owned()
    } else {
        format!("BEGIN; LOCK TABLE {} IN EXCLUSIVE MODE", tables(&database).await.join(", "))
    };
    database.execute_unprepared(&lock).await.unwrap();
    database
}

/// Runs statements on the database for a file, through its own connection.
pub(crate) async fn execute(file: &Path, statements: &str) {
    let database = connect(file).await;
    database.execute_unprepared(statements).await.unwrap();
    database.close().await.unwrap();
}

/// The first column of a query's rows, as text.
pub(crate) async fn query_strings(database: &DatabaseConnection, query: &str) -> Vec<String> {
    let statement = Statement::from_string(database.get_database_backend(), query);
    let rows = database.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default()).collect()
}

/// SQL for a column in upper-case hexadecimal digits.
pub(crate) fn hex(column: &str) -> String {
    if on_sqlite() { format!("hex({column})") } else { format!("upper(encode({column}, 'hex'))") }
}

/// The names of all tables.
pub(super) async fn tables(database: &DatabaseConnection) -> Vec<String> {
    let query = if on_sqlite() {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'search_text__%' ORDER BY name"
    } else {
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    };
    query_strings(database, query).await
}

/// Drops tables with everything that depends on them.
pub(super) fn drop_tables(tables: &[String]) -> String {
    let cascade = if on_sqlite() { "" } else { " CASCADE" };
    let drops: String = tables.iter().map(|table| format!("DROP TABLE \"{table}\"{cascade}; ")).collect();
    if on_sqlite() { format!("PRAGMA foreign_keys = OFF; {drops}") } else { drops }
}

//! The databases of the tests. Each is a file, or, where `CALLSTORE_TEST_POSTGRES` is the URL of a server, a database of its own
//! there in place of that file.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
    process::{Command, Stdio},
    sync::{LazyLock, Mutex},
};

use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, Statement};

/// The server, up to the name of a database.
#[expect(clippy::disallowed_methods, reason = "it is a setting of the tests, not of the service")]
static SERVER: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("CALLSTORE_TEST_POSTGRES").ok());

/// Whether the databases are files; a test that is about these ends at once where they are not.
pub fn on_sqlite() -> bool {
    SERVER.is_none()
}

/// The URL of the database that stands for a file. On a server it is made at the first call.
pub fn database_url(file: &Path) -> String {
    static MADE: LazyLock<Mutex<HashSet<String>>> = LazyLock::new(Mutex::default);
    let Some(server) = &*SERVER else { return format!("sqlite://{}", file.display()) };
    let name = name_on_server(file);
    if MADE.lock().unwrap().insert(name.clone()) {
        psql(&[&format!("CREATE DATABASE {name} TEMPLATE template0")]);
    }
    format!("{server}/{name}")
}

/// A connection of the test's own to the database that stands for a file.
pub async fn connect(file: &Path) -> DatabaseConnection {
    let mut options = ConnectOptions::new(database_url(file));
    options.max_connections(1).sqlx_logging(false);
    sea_orm::Database::connect(options).await.unwrap()
}

fn name_on_server(file: &Path) -> String {
    let mut hash = DefaultHasher::new();
    file.hash(&mut hash);
    format!("test_{:016x}", hash.finish())
}

/// Has the server do statements, one after the other.
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

/// Keeps everyone else from writing, as long as this is open.
pub async fn lock_writes(file: &Path) -> DatabaseConnection {
    let database = connect(file).await;
    let lock = if on_sqlite() {
        "BEGIN IMMEDIATE".to_owned()
    } else {
        format!("BEGIN; LOCK TABLE {} IN EXCLUSIVE MODE", tables(&database).await.join(", "))
    };
    database.execute_unprepared(&lock).await.unwrap();
    database
}

/// Runs statements on the database that stands for a file, through a connection of its own.
pub async fn execute(file: &Path, statements: &str) {
    let database = connect(file).await;
    database.execute_unprepared(statements).await.unwrap();
    database.close().await.unwrap();
}

/// The first column of what a query finds, as text.
pub async fn query_strings(database: &DatabaseConnection, query: &str) -> Vec<String> {
    let statement = Statement::from_string(database.get_database_backend(), query);
    let rows = database.query_all_raw(statement).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index::<Option<String>>(0).unwrap().unwrap_or_default()).collect()
}

/// What makes the hexadecimal digits of a column, in capital letters.
pub fn hex(column: &str) -> String {
    if on_sqlite() { format!("hex({column})") } else { format!("upper(encode({column}, 'hex'))") }
}

/// The names of all tables.
pub async fn tables(database: &DatabaseConnection) -> Vec<String> {
    let query = if on_sqlite() {
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    } else {
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    };
    query_strings(database, query).await
}

/// Drops tables with all that hangs on them.
pub fn drop_tables(tables: &[String]) -> String {
    let cascade = if on_sqlite() { "" } else { " CASCADE" };
    let drops: String = tables.iter().map(|table| format!("DROP TABLE \"{table}\"{cascade}; ")).collect();
    if on_sqlite() { format!("PRAGMA foreign_keys = OFF; {drops}") } else { drops }
}

//! Opening the connection pools to a PostgreSQL server, and the lock of its schema.
//!
//! Two pools, so that readers can never take the connections that the writer needs. What is set here holds for our
//! connections only, and changes nothing of the server.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr,
    sqlx::{
        self, Connection,
        postgres::{PgConnectOptions, PgConnection},
    },
};
use tokio::time::{Instant, sleep};

use crate::database::{OpenError, parallelism, system::BUSY_TIMEOUT};

/// How long to wait for a connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// How often to check whether other processes have disconnected.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long the server lets a writing node idle in a transaction. It bounds how long a node that hangs or has vanished
/// holds its locks.
const SILENCE_LIMIT: Duration = Duration::from_secs(20);
/// First key of our advisory locks, which separates them from those of other programs on the same database.
pub(super) const LOCK_CLASS: i32 = 0x0CA1_1507;
/// The application name of our connections on the server.
const APPLICATION: &str = "callstore";
/// Second key of the schema's advisory lock.
const SCHEMA_LOCK: i32 = 1;

/// Opens the pools for writing and for reading.
pub(super) async fn open(url: &str) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let server = |source| OpenError::Server { source };
    let confirmed = look(url).await.map_err(|error| server(DbErr::Conn(RuntimeErr::SqlxError(error.into()))))?;
    let cores = u32::try_from(parallelism()).unwrap_or(u32::MAX);
    // One connection is for the writer task, the other for commands that bypass it.
    let writer = connect(url, 2, confirmed, Some(BUSY_TIMEOUT)).await.map_err(server)?;
    let readers = connect(url, cores.saturating_mul(4).max(8), confirmed, None).await.map_err(server)?;
    Ok((writer, readers))
}

/// Like [`open`], but fails if a service has the database open.
///
/// The server knows its clients by name ([`APPLICATION`]). A service that starts right after this check is not seen;
/// whoever needs certainty holds the schema lock as well.
pub(super) async fn open_alone(url: &str) -> Result<(DatabaseConnection, DatabaseConnection), OpenError> {
    let server = |error: sqlx::Error| OpenError::Server { source: DbErr::Conn(RuntimeErr::SqlxError(error.into())) };
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1";
    let count = async {
        let mut connection = PgConnection::connect(url).await?;
        let late = Instant::now() + BUSY_TIMEOUT;
        let count = loop {
            let count = sqlx::query_scalar::<_, i64>(others).bind(APPLICATION).fetch_one(&mut connection).await?;
            // The server may list the connections of a process for a moment after it has ended.
            if count == 0 || Instant::now() >= late {
                break count;
            }
            sleep(LOOK_AGAIN).await;
        };
        connection.close().await?;
        Ok(count)
    };
    match count.await.map_err(server)? {
        0 => open(url).await,
        _ => Err(OpenError::InUse("on the PostgreSQL server".to_owned())),
    }
}

/// When the server confirms a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Confirmed {
    /// As the server is configured, which is durable or stricter.
    Asked,
    /// Once it is durable, although the server is configured for less.
    Durable,
}

/// Checks whether the server's commits are durable. Uses its own connection, because a pool keeps retrying when a
/// server refuses it.
///
/// A server that confirms commits before they are durable is overruled for each of our connections. `fsync = off`
/// cannot be overruled, so it is only logged.
async fn look(url: &str) -> Result<Confirmed, sqlx::Error> {
    let mut connection = PgConnection::connect(url).await?;
    let mut setting = async |show| sqlx::query_scalar::<_, String>(show).fetch_one(&mut connection).await;
    if setting("SHOW fsync").await? == "off" {
        tracing::warn!(
            "The PostgreSQL server runs with fsync = off: acknowledged data can be lost when its machine crashes."
        );
    }
    let confirmed = match setting("SHOW synchronous_commit").await?.as_str() {
        "off" | "local" => Confirmed::Durable,
        _ => Confirmed::Asked,
    };
    connection.close().await?;
    Ok(confirmed)
}

async fn connect(
    url: &str,
    connections: u32,
    confirmed: Confirmed,
    lock_limit: Option<Duration>,
) -> Result<DatabaseConnection, DbErr> {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_LIMIT)
        .connect_timeout(ACQUIRE_LIMIT)
        // Notices a restarted server before a request does.
        .test_before_acquire(true)
        .sqlx_logging(false)
        .map_sqlx_postgres_opts(move |options: PgConnectOptions| {
            let options = options.application_name(APPLICATION);
            let options = match lock_limit {
                Some(limit) => options.options(
                    [("lock_timeout", limit), ("idle_in_transaction_session_timeout", SILENCE_LIMIT)]
                        .map(|(name, limit)| (name, limit.as_millis().to_string())),
                ),
                None => options,
            };
            match confirmed {
                Confirmed::Asked => options,
                Confirmed::Durable => options.options([("synchronous_commit", "on")]),
            }
        });
    sea_orm::Database::connect(options).await
}

/// Takes the schema lock, which excludes other nodes until the returned connection is closed.
pub(super) async fn lock_schema(url: &str) -> Result<DatabaseConnection, DbErr> {
    let connection = connect(url, 1, Confirmed::Asked, None).await?;
    let lock = format!("SELECT pg_advisory_lock({LOCK_CLASS}, {SCHEMA_LOCK})");
    connection.execute_unprepared(&lock).await?;
    Ok(connection)
}

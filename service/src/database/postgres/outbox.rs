//! Numbers of events in the order of commits, and the signal by which other nodes learn of them.

use entity::outbox;
use sea_orm::{
    ActiveValue::Set,
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, Statement,
    sqlx::{self, postgres::PgListener},
};
use tokio::sync::Notify;

use super::open::LOCK_CLASS;

/// Second key of the advisory lock of whoever numbers events.
const LOCK: i32 = 2;
/// The channel on which a commit of events is told.
const CHANNEL: &str = "callstore_outbox";

/// Numbers events after those that are stored. From here to the end of the transaction no other transaction numbers
/// any, so that the order of numbers is that of commits. Also tells [`listen`] of the commit.
///
/// This comes last in a transaction: whoever waits here holds the locks of calls, but whoever is ahead waits for
/// nobody.
pub(super) async fn number_events(
    transaction: &DatabaseTransaction,
    mut events: Vec<outbox::ActiveModel>,
) -> Result<Vec<outbox::ActiveModel>, DbErr> {
    let lock = format!("SELECT pg_advisory_xact_lock({LOCK_CLASS}, {LOCK})");
    transaction.execute_unprepared(&lock).await?;
    let newest = "SELECT coalesce(max(position), 0), pg_notify($1, '') FROM outbox";
    let newest = Statement::from_sql_and_values(DatabaseBackend::Postgres, newest, [CHANNEL.into()]);
    let newest: i64 = transaction.query_one_raw(newest).await?.map_or(Ok(0), |row| row.try_get_by_index(0))?;
    for (event, position) in events.iter_mut().zip(newest + 1..) {
        event.position = Set(position);
    }
    Ok(events)
}

/// Signals each commit of events on the server, until the connection fails.
pub(super) async fn listen(url: &str, signal: &Notify) -> Result<(), sqlx::Error> {
    let mut connection = PgListener::connect(url).await?;
    connection.listen(CHANNEL).await?;
    loop {
        // `None` after a connection was lost and opened again: something may have been committed meanwhile.
        connection.try_recv().await?;
        signal.notify_one();
    }
}

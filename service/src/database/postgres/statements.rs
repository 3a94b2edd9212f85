//! Statements that only PostgreSQL understands: the locks and leases by which nodes take turns, and rows as arrays.
//!
//! They are here and not in SeaORM's builders because those know neither arrays, nor `LATERAL`, nor advisory locks.

use std::time::Duration;

use sea_orm::{
    ActiveEnum, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, FromQueryResult, Statement, Value,
    sea_query::ArrayType,
};
use uuid::Uuid;

use crate::{
    calls::{CallRef, CallRow},
    chunks::{ChunkRow, stored_integer},
    database::{Connections, storage::LastRow},
};

/// Locks calls against all other writes until the transaction ends, and returns their locked rows. They are locked in
/// the order of their ids, so that two nodes cannot deadlock.
///
/// `NO KEY UPDATE` does not wait for those who insert rows that refer to the call, such as its transcripts.
///
/// A call that is not there has no row to lock. Whoever inserts one of the same name meanwhile is decided by the unique
/// index, and not here.
pub(super) async fn lock_calls(transaction: &DatabaseTransaction, calls: &[&CallRef]) -> Result<Vec<CallRow>, DbErr> {
    let ids: Vec<Value> = calls.iter().filter_map(|call| call.id()).map(Value::from).collect();
    let sids = calls.iter().map(|call| call.stream_sid()).filter(|sid| !sid.is_empty());
    let sids: Vec<Value> = sids.map(Value::from).collect();
    let statement = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "SELECT * FROM call WHERE id = ANY($1) OR stream_sid = ANY($2) ORDER BY id FOR NO KEY UPDATE",
        [Value::Array(ArrayType::Uuid, Some(ids.into())), Value::Array(ArrayType::String, Some(sids.into()))],
    );
    CallRow::find_by_statement(statement).all(transaction).await
}

/// The last row of each track of these calls.
///
/// One seek in the index per track, for all calls at once.
pub(super) async fn last_rows(transaction: &DatabaseTransaction, calls: &[Uuid]) -> Result<Vec<LastRow>, DbErr> {
    let ids: Vec<Value> = calls.iter().copied().map(Value::from).collect();
    let statement = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "SELECT c.id AS call_id, t.track, l.last_sequence, l.timestamp
        FROM unnest($1::uuid[]) AS c(id) CROSS JOIN (VALUES (0::smallint), (1::smallint)) AS t(track)
        CROSS JOIN LATERAL (
            SELECT last_sequence, timestamp FROM audio_chunk
            WHERE call_id = c.id AND track = t.track ORDER BY first_sequence DESC LIMIT 1
        ) AS l",
        [Value::Array(ArrayType::Uuid, Some(ids.into()))],
    );
    LastRow::find_by_statement(statement).all(transaction).await
}

/// Inserts rows of chunks. The rows are sent as one array per column, so the statement is the same for any number of
/// rows.
pub(super) async fn insert_chunks(transaction: &DatabaseTransaction, rows: Vec<ChunkRow>) -> Result<(), DbErr> {
    /// Stands for NULL, which SeaQuery's arrays cannot hold.
    const NO_TIMESTAMP: i32 = -1;
    fn array(kind: ArrayType, values: impl Iterator<Item = Value>) -> Value {
        Value::Array(kind, Some(values.collect::<Vec<_>>().into()))
    }
    let columns = [
        array(ArrayType::Uuid, rows.iter().map(|row| row.call.into())),
        array(ArrayType::SmallInt, rows.iter().map(|row| row.track.to_value().into())),
        array(ArrayType::Int, rows.iter().map(|row| stored_integer(row.first_sequence).into())),
        array(ArrayType::Int, rows.iter().map(|row| stored_integer(row.last_sequence()).into())),
        array(ArrayType::Int, rows.iter().map(|row| row.timestamp_ms.map_or(NO_TIMESTAMP, stored_integer).into())),
        array(ArrayType::Bytes, rows.into_iter().map(|row| row.audio.into())),
        NO_TIMESTAMP.into(),
    ];
    let insert = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "INSERT INTO audio_chunk (call_id, track, first_sequence, last_sequence, timestamp, data)
        SELECT call_id, track, first_sequence, last_sequence, NULLIF(timestamp, $7), data
        FROM unnest($1::uuid[], $2::smallint[], $3::integer[], $4::integer[], $5::integer[], $6::bytea[])
        AS row(call_id, track, first_sequence, last_sequence, timestamp, data)",
        columns,
    );
    transaction.execute_raw(insert).await.map(drop)
}

/// Makes other nodes with the same name wait until the transaction ends. Names are told apart by their first 64 bits.
///
/// A lock without a row, since the row is what the first of them is about to insert. Two names with the same bits only
/// wait for each other.
pub(super) async fn lock_name(transaction: &DatabaseTransaction, name: &[u8; 32]) -> Result<(), DbErr> {
    transaction.query_one_raw(locking("SELECT pg_advisory_xact_lock($1)", name)).await.map(drop)
}

/// Like [`lock_name`], but returns false instead of waiting.
pub(super) async fn try_lock_name(transaction: &DatabaseTransaction, name: &[u8; 32]) -> Result<bool, DbErr> {
    let row = transaction.query_one_raw(locking("SELECT pg_try_advisory_xact_lock($1)", name)).await?;
    row.map_or(Ok(false), |row| row.try_get_by_index(0))
}

fn locking(query: &str, name: &[u8; 32]) -> Statement {
    let key = name.first_chunk().copied().map_or(0, i64::from_be_bytes);
    Statement::from_sql_and_values(DatabaseBackend::Postgres, query, [key.into()])
}

/// Fails if the server accepts no writes, such as a replica.
pub(super) async fn check_writable(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let query = "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'";
    let query = Statement::from_string(DatabaseBackend::Postgres, query);
    let row = transaction.query_one_raw(query).await?;
    match row.map_or(Ok(false), |row| row.try_get_by_index(0))? {
        true => Err(DbErr::Custom("the server takes no writes".to_owned())),
        false => Ok(()),
    }
}

/// Size of the database in bytes.
pub(super) async fn size_bytes(connection: &Connections) -> Result<u64, DbErr> {
    let query = Statement::from_string(DatabaseBackend::Postgres, "SELECT pg_database_size(current_database())");
    let row = connection.query_one_raw(query).await?;
    row.map_or(Ok(0), |row| row.try_get_by_index::<i64>(0)).map(i64::unsigned_abs)
}

/// SQL for milliseconds since 1970 by the database's clock, which all nodes share.
const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

/// See [`Storage::lease`](crate::database::Storage::lease).
///
/// One statement takes, renews and refuses, so two nodes cannot both see an expired lease and take it. Clocks of nodes
/// do not matter: both `until` and the comparison use the server's.
pub(super) async fn lease(connection: &Connections, name: &str, holder: Uuid, span: Duration) -> Result<bool, DbErr> {
    let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
    let take = format!(
        "INSERT INTO lease (name, holder, until) VALUES ($1, $2, {NOW} + $3)
        ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
        WHERE lease.holder = excluded.holder OR lease.until < {NOW}"
    );
    let values: [Value; 3] = [name.into(), holder.into(), span.into()];
    let take = Statement::from_sql_and_values(DatabaseBackend::Postgres, take, values);
    Ok(connection.execute_raw(take).await?.rows_affected() > 0)
}

/// See [`Storage::end_lease`](crate::database::Storage::end_lease).
pub(super) async fn end_lease(connection: &Connections, name: &str, holder: Uuid) -> Result<(), DbErr> {
    let end = "DELETE FROM lease WHERE name = $1 AND holder = $2";
    let values: [Value; 2] = [name.into(), holder.into()];
    let end = Statement::from_sql_and_values(DatabaseBackend::Postgres, end, values);
    connection.execute_raw(end).await.map(drop)
}

/// See [`Storage::leases`](crate::database::Storage::leases).
pub(super) async fn leases(connection: &Connections) -> Result<Vec<String>, DbErr> {
    connection.execute_unprepared(&format!("DELETE FROM lease WHERE until < {NOW}")).await?;
    let query = Statement::from_string(DatabaseBackend::Postgres, "SELECT name FROM lease");
    let rows = connection.query_all_raw(query).await?;
    rows.iter().map(|row| row.try_get_by_index(0)).collect()
}

//! What a database failure means for the write that met it.
//!
//! A client acts on three cases: no space (507), try again (503), and a fault of ours (500). The codes are those that
//! the databases document; what is not listed counts as a fault, so that it is seen.

use sea_orm::{
    DbErr, RuntimeErr,
    sqlx::{self, error::DatabaseError, postgres::PgDatabaseError},
};

/// Why a transaction failed.
///
/// All requests of the transaction get the same failure, whoever caused it: a transaction is written whole or not at
/// all. A refusal by a rule is no failure of the database and is answered to its request alone.
#[derive(Debug)]
pub(crate) enum WriteFailure {
    /// The disk is full.
    Full,
    /// The disk fails, or another process has locked the database. A retry may succeed.
    Unavailable(String),
    /// Any other failure.
    Other(String),
}

/// SQLite's primary result codes.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
/// An extended result code: `SQLITE_CONSTRAINT_NOTNULL`.
const NULL_REFUSED: &str = "1299";

impl WriteFailure {
    pub(crate) fn of(error: &DbErr) -> Self {
        match cause(error) {
            Cause::Full => Self::Full,
            Cause::Passing => Self::Unavailable(error.to_string()),
            Cause::Other => Self::Other(error.to_string()),
        }
    }
}

/// The same three cases, before they have a text.
enum Cause {
    Full,
    /// Transient: a retry may succeed.
    Passing,
    Other,
}

#[expect(clippy::wildcard_enum_match_arm, reason = "sqlx may add errors at any time")]
fn cause(error: &DbErr) -> Cause {
    if matches!(error, DbErr::ConnectionAcquire(_)) {
        return Cause::Passing;
    }
    let Some(error) = of_sqlx(error) else { return Cause::Other };
    match error {
        sqlx::Error::Database(error) if error.try_downcast_ref::<PgDatabaseError>().is_some() => {
            error.code().map_or(Cause::Other, |code| of_sqlstate(&code))
        }
        sqlx::Error::Database(error) => match of_sqlite(&**error) {
            Some(FULL) => Cause::Full,
            Some(BUSY | LOCKED | READONLY | IO_ERROR | CANNOT_OPEN) => Cause::Passing,
            _ => Cause::Other,
        },
        // The server or the connection to it is gone.
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => Cause::Passing,
        _ => Cause::Other,
    }
}

/// Whether another connection holds a lock on an SQLite database or a part of it.
pub(super) fn is_locked(error: &DbErr) -> bool {
    let code = of_sqlx(error).and_then(sqlx::Error::as_database_error).and_then(of_sqlite);
    matches!(code, Some(BUSY | LOCKED))
}

/// Whether SQLite refused a NULL in a column that is `NOT NULL`.
pub(super) fn is_null_refused(error: &DbErr) -> bool {
    let code = of_sqlx(error).and_then(sqlx::Error::as_database_error).and_then(DatabaseError::code);
    code.is_some_and(|code| code == NULL_REFUSED)
}

fn of_sqlx(error: &DbErr) -> Option<&sqlx::Error> {
    if let DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error)) = error
    {
        return Some(error);
    }
    None
}

/// SQLite's primary result code: the lowest byte of the extended one.
fn of_sqlite(error: &dyn DatabaseError) -> Option<i32> {
    error.code()?.parse::<i32>().ok().map(|code| code & 0xFF)
}

/// Classifies PostgreSQL's SQLSTATE codes (appendix A of its documentation).
fn of_sqlstate(code: &str) -> Cause {
    match code {
        "53100" => Cause::Full,
        // A read-only server, such as a replica; a serialization failure; a deadlock.
        "25006" | "40001" | "40P01" => Cause::Passing,
        // A lock timeout, or a server that accepts no connections to the database.
        "55P03" | "55000" => Cause::Passing,
        // The server ended the transaction because this node was idle in it for too long.
        "25P03" => Cause::Passing,
        _ if ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class)) => Cause::Passing,
        _ => Cause::Other,
    }
}

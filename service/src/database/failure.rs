//! What a database that fails means for who wanted to write.

use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::Error;

/// Why a transaction failed.
#[derive(Debug)]
pub(crate) enum WriteFailure {
    /// The disk is full.
    Full,
    /// The disk fails, or another process keeps the database to itself: it may be better in a moment.
    Unavailable(String),
    /// Anything else.
    Other(String),
}

/// SQLite's primary result codes.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;

impl WriteFailure {
    pub fn of(error: &DbErr) -> Self {
        match primary_code(error) {
            Some(FULL) => Self::Full,
            Some(BUSY | LOCKED | READONLY | IO_ERROR | CANNOT_OPEN) => Self::Unavailable(error.to_string()),
            _ if matches!(error, DbErr::ConnectionAcquire(_)) => Self::Unavailable(error.to_string()),
            _ => Self::Other(error.to_string()),
        }
    }

    /// The failure for one of those who wait.
    pub fn to_error(&self) -> Error {
        match self {
            Self::Full => Error::StorageFull,
            Self::Unavailable(cause) => Error::StorageUnavailable(cause.clone()),
            Self::Other(cause) => Error::Database(DbErr::Custom(cause.clone())),
        }
    }
}

fn primary_code(error: &DbErr) -> Option<i32> {
    let (DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))
    | DbErr::Conn(RuntimeErr::SqlxError(error))) = error
    else {
        return None;
    };
    let sqlx::Error::Database(error) = &**error else { return None };
    // The extended code's lowest byte is the primary one.
    error.code()?.parse::<i32>().ok().map(|code| code & 0xFF)
}

//! The address of the database.
//!
//! The forms of other tools are accepted, so that a `DATABASE_URL` of an existing deployment works as it is. What would
//! lose data is not: a database in memory.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

/// The database's address, as given by `DATABASE_URL`. `Debug` hides a server's address, because it may hold a
/// password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(super) Location);

/// The kind of database, and how to reach it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Location {
    /// A file.
    Sqlite(PathBuf),
    /// A server's address, with user, password and options.
    Postgres(String),
}

impl DatabaseUrl {
    /// The database's file, if it is one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.0 {
            Location::Sqlite(path) => Some(path),
            Location::Postgres(_) => None,
        }
    }
}

/// Why a `DATABASE_URL` is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// The scheme is not supported.
    #[error(
        "it has to be sqlite://PATH or file:PATH, as in sqlite://data/callstore.db, or postgres://USER@HOST/DATABASE"
    )]
    Scheme,
    /// It names no file.
    #[error("it names no file; write sqlite://PATH, as in sqlite://data/callstore.db")]
    NoFile,
    /// An in-memory database would lose what was acknowledged.
    #[error(
        "a database in memory would lose the calls with the process; name a file, as in sqlite://data/callstore.db"
    )]
    InMemory,
    /// It is not a valid PostgreSQL address.
    #[error("write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded")]
    Postgres,
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Location::Sqlite(path) => write!(formatter, "sqlite://{}", path.display()),
            Location::Postgres(_) => formatter.write_str("postgres://..."),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // The parser's error is dropped, because it may quote the password.
            return match url.parse::<sea_orm::sqlx::postgres::PgConnectOptions>() {
                Ok(_) => Ok(Self(Location::Postgres(url.to_owned()))),
                Err(_) => Err(UrlError::Postgres),
            };
        }
        // Prisma's form, `file:./dev.db?connection_limit=1`, is accepted as well.
        let rest = ["sqlite://", "sqlite:", "file://", "file:"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme))
            .ok_or(UrlError::Scheme)?;
        let (path, options) = rest.split_once('?').unwrap_or((rest, ""));
        if path == ":memory:" || options.split('&').any(|option| option == "mode=memory") {
            return Err(UrlError::InMemory);
        }
        if path.is_empty() || path.ends_with('/') {
            return Err(UrlError::NoFile);
        }
        Ok(Self(Location::Sqlite(PathBuf::from(path))))
    }
}

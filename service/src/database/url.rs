//! Where the database is.

use std::{path::PathBuf, str::FromStr};

/// Where the database is, as `DATABASE_URL` says it. It is not printed: it may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(pub(super) Place);

/// The database's kind, and what it takes to reach it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A file.
    Sqlite(PathBuf),
    /// A server's address, with user, password and options.
    Postgres(String),
}

/// Why a `DATABASE_URL` is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a scheme of ours.
    #[error(
        "it has to be sqlite://PATH or file:PATH, as in sqlite://data/callstore.db, or postgres://USER@HOST/DATABASE"
    )]
    Scheme,
    /// No file is named.
    #[error("it names no file; write sqlite://PATH, as in sqlite://data/callstore.db")]
    NoFile,
    /// A database in memory would lose what it acknowledged.
    #[error(
        "a database in memory would lose the calls with the process; name a file, as in sqlite://data/callstore.db"
    )]
    InMemory,
    /// Not an address of a PostgreSQL server.
    #[error("write it as postgres://USER:PASSWORD@HOST:PORT/DATABASE, with special characters percent-encoded")]
    Postgres,
}

impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Place::Sqlite(path) => write!(formatter, "sqlite://{}", path.display()),
            Place::Postgres(_) => formatter.write_str("postgres://..."),
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // What is wrong with it may lie in the password, which is not to be told.
            return match url.parse::<sea_orm::sqlx::postgres::PgConnectOptions>() {
                Ok(_) => Ok(Self(Place::Postgres(url.to_owned()))),
                Err(_) => Err(UrlError::Postgres),
            };
        }
        // Prisma's form, `file:./dev.db?connection_limit=1`, is understood as well.
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
        Ok(Self(Place::Sqlite(PathBuf::from(path))))
    }
}

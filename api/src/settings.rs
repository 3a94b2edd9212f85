//! What the service is told at its start: flag, then environment, then `.env`, then default.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, ValueEnum};
use service::DatabaseUrl;

/// Settings of the service.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// The address to listen on
    #[arg(long, env = "CALLSTORE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// Where the database is.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// The folder that recordings are kept in; made where there is none
    #[arg(long, env = "RECORDING_STORAGE_PATH", default_value = "data/recordings", value_name = "FOLDER")]
    pub recordings: PathBuf,
}

/// Where the database is.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// The database; made where there is none
    #[arg(
        long = "database-url",
        env = "DATABASE_URL",
        default_value = "sqlite://data/callstore.db",
        hide_env_values = true,
        value_name = "URL"
    )]
    url: String,
}

impl DatabaseSettings {
    /// The database.
    ///
    /// # Errors
    /// What is wrong with the URL, without the URL, which may hold a password.
    pub fn url(&self) -> Result<DatabaseUrl, String> {
        self.url.parse().map_err(|error| format!("--database-url (DATABASE_URL) is not understood: {error}"))
    }
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object a line
    Json,
}

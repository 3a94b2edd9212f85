//! What the service is told at its start: flag, then environment, then `.env`, then default.

use std::{ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use clap::{Args, ValueEnum, builder::BoolishValueParser, value_parser};
use service::{DatabaseUrl, Policy, Private, StoreUrl, limits::TIMESTAMP_MAX_MS};

use crate::{
    access::{Hosts, Origins},
    public::PublicUrl,
    twilio::TwilioSettings,
};

/// Settings of the service.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// The address to listen on
    #[arg(long, env = "CALLSTORE_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT")]
    pub listen: SocketAddr,
    /// Where the database is.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// Where recordings are kept.
    #[command(flatten)]
    pub recordings: RecordingSettings,
    /// When calls end by themselves, and how much space stays free.
    #[command(flatten)]
    pub policy: PolicySettings,
    /// Who may ask.
    #[command(flatten)]
    pub access: AccessSettings,
    /// What clients may take.
    #[command(flatten)]
    pub limits: LimitSettings,
    /// Where clients reach the service, as https://calls.example.com: what links begin with, and what Twilio signs
    #[arg(long, env = "CALLSTORE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// What Twilio needs.
    #[command(flatten)]
    pub twilio: TwilioSettings,
}

/// Who may ask.
#[derive(Args, Clone, Debug)]
pub struct AccessSettings {
    /// A file that holds a key for admins, at least 32 characters
    #[arg(long, env = "CALLSTORE_ADMIN_KEY_FILE", value_name = "FILE")]
    pub admin_key_file: Option<PathBuf>,
    /// Answer everyone as long as no key was made, whatever the address
    #[arg(long, env = "CALLSTORE_INSECURE_NO_AUTH", value_parser = BoolishValueParser::new())]
    pub insecure_no_auth: bool,
    /// Hosts that requests may be for as long as no key was made, beside localhost: names with commas between
    #[arg(long, env = "CALLSTORE_ALLOWED_HOSTS", default_value = "", hide_default_value = true, value_name = "HOSTS")]
    pub allowed_hosts: Hosts,
    /// Origins whose web pages may ask and read: as https://app.example.com, with commas between
    #[arg(long, env = "CALLSTORE_CORS_ORIGINS", default_value = "", hide_default_value = true, value_name = "ORIGINS")]
    pub cors_origins: Origins,
}

/// What clients may take.
#[derive(Args, Clone, Copy, Debug)]
pub struct LimitSettings {
    /// How many connections may be open; 10000 unless given, or as many as the limit of open files allows
    #[arg(long, env = "CALLSTORE_MAX_CONNECTIONS", value_name = "NUMBER", value_parser = value_parser!(u32).range(1..))]
    pub max_connections: Option<u32>,
    /// How many requests a second a key may make, or without keys an address; 0 is any number. Unless given, 5000 from other
    /// machines and any number from this one
    #[arg(long, env = "CALLSTORE_RATE_LIMIT", value_name = "NUMBER", value_parser = value_parser!(u32).range(..=1_000_000))]
    pub rate_limit: Option<u32>,
}

/// When calls end by themselves, and how much space stays free.
#[derive(Args, Clone, Copy, Debug)]
pub struct PolicySettings {
    /// A call that had audio or a stream ends when nothing was written to it for so long, as 90s or 5m
    #[arg(long, env = "CALLSTORE_IDLE_TIMEOUT", default_value = "5m", value_name = "DURATION", value_parser = duration)]
    idle_timeout: Duration,
    /// Any call ends when it is so old, as 90m or 12h, which is the most
    #[arg(long, env = "CALLSTORE_MAX_CALL_DURATION", default_value = "12h", value_name = "DURATION", value_parser = call_duration)]
    max_call_duration: Duration,
    /// With less free space than this no call is started; those under way go on
    #[arg(long, env = "CALLSTORE_MIN_FREE_SPACE", default_value = "256MiB", value_name = "SIZE")]
    min_free_space: ByteSize,
}

impl From<PolicySettings> for Policy {
    fn from(settings: PolicySettings) -> Self {
        Self {
            idle_timeout: settings.idle_timeout,
            max_call_duration: settings.max_call_duration,
            min_free_bytes: settings.min_free_space.as_u64(),
        }
    }
}

/// Reads a duration: a number of seconds, or numbers with their units.
fn duration(text: &str) -> Result<Duration, String> {
    let read = match text.parse() {
        Ok(seconds) => Ok(Duration::from_secs(seconds)),
        Err(_) => humantime::parse_duration(text).map_err(|_| "write it as 90s, 5m or 12h".to_owned()),
    };
    match read {
        Ok(duration) if duration < Duration::from_secs(1) => Err("it has to be at least 1s".to_owned()),
        other => other,
    }
}

/// Reads how old a call may become.
fn call_duration(text: &str) -> Result<Duration, String> {
    let most = Duration::from_millis(TIMESTAMP_MAX_MS.into());
    match duration(text) {
        Ok(duration) if duration > most => {
            Err("it has to be at most 12h, where the timestamps of chunks end".to_owned())
        }
        other => other,
    }
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

/// Where recordings are kept.
#[derive(Args, Clone, Debug)]
pub struct RecordingSettings {
    /// The folder that recordings are kept in; made where there is none
    #[arg(long, env = "RECORDING_STORAGE_PATH", default_value = "data/recordings", value_name = "FOLDER")]
    recordings: PathBuf,
    /// Or an object store, as s3://bucket/prefix; file:///path is a folder. The environment has its endpoint, region and
    /// credentials, as AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(long, env = "RECORDING_STORAGE_URL", conflicts_with = "recordings", value_name = "URL")]
    recordings_url: Option<String>,
    /// Send who downloads a recording to the object store, by an address that works for five minutes
    #[arg(long, env = "CALLSTORE_MEDIA_REDIRECT", value_parser = BoolishValueParser::new())]
    pub media_redirect: bool,
    /// What the environment says of object stores.
    #[arg(skip = store_environment())]
    pub environment: Vec<(String, Private)>,
}

/// The variables that programs of object stores' providers read.
pub(crate) fn store_environment() -> Vec<(String, Private)> {
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?.into()));
    let theirs = |(name, _): &(String, _)| ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix));
    std::env::vars_os().filter_map(text).filter(theirs).collect()
}

impl RecordingSettings {
    /// Where recordings are kept.
    ///
    /// # Errors
    /// What is wrong with the URL, without the URL, into which someone may have written a secret.
    pub fn url(&self) -> Result<StoreUrl, String> {
        let Some(url) = &self.recordings_url else { return Ok(StoreUrl::Folder(self.recordings.clone())) };
        url.parse().map_err(|error| format!("--recordings-url (RECORDING_STORAGE_URL) is not understood: {error}"))
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

//! The settings of the service. A flag wins over the environment, that over `.env`, and `.env` over the default.

pub(crate) mod values;

use std::{convert::Infallible, ffi::OsString, net::SocketAddr, path::PathBuf, time::Duration};

use bytesize::ByteSize;
use clap::{Args, ValueEnum, builder::BoolishValueParser};
use service::{DatabaseUrl, Network, Policy, Private, StoreUrl, absolute};
use simulate::between;

use self::values::{call_duration, duration, listen, no_host, no_port, scrub_interval, size};
use crate::{
    access::hosts::{Hosts, Origins},
    public::PublicUrl,
    twilio::TwilioSettings,
    vendors::VendorSettings,
};

/// Settings of the service.
#[derive(Args, Clone, Debug)]
pub struct Settings {
    /// Address and port; an address that other machines reach needs a key
    #[arg(
        long,
        env = "CALLSTORE_LISTEN",
        default_value = "127.0.0.1:8080",
        value_name = "ADDRESS:PORT",
        value_parser = listen
    )]
    pub listen: SocketAddr,
    /// Rejects an option that people try; the error names `--listen`.
    #[arg(long, short, hide = true, value_parser = no_port)]
    pub port: Option<Infallible>,
    /// Rejects an option that people try; the error names `--listen`.
    #[arg(long, hide = true, value_parser = no_host)]
    pub host: Option<Infallible>,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseSettings,
    /// The store for recordings.
    #[command(flatten)]
    pub recordings: RecordingSettings,
    /// When calls end without a request, the free space that new calls need, and how long the audit is kept.
    #[command(flatten)]
    pub policy: PolicySettings,
    /// Keys, hosts and origins.
    #[command(flatten)]
    pub access: AccessSettings,
    /// Limits on clients.
    #[command(flatten)]
    pub limits: LimitSettings,
    /// URL at which clients reach the service, such as https://calls.example.com; links begin with it, and Twilio signs
    /// it. Needs a key
    #[arg(long, env = "CALLSTORE_PUBLIC_URL", value_name = "URL")]
    pub public_url: Option<PublicUrl>,
    /// The settings for Twilio.
    #[command(flatten)]
    pub twilio: TwilioSettings,
    /// Secrets of other platforms that sign.
    #[command(flatten)]
    pub vendors: VendorSettings,
    /// Address and port for Asterisk's AudioSocket, which has no authentication; closed unless it is set
    #[arg(long, env = "CALLSTORE_AUDIOSOCKET_LISTEN", value_name = "ADDRESS:PORT", value_parser = listen)]
    pub audiosocket_listen: Option<SocketAddr>,
}

/// Keys, hosts and origins.
#[derive(Args, Clone, Debug)]
pub struct AccessSettings {
    /// File with a key of scope admin, at least 32 characters
    #[arg(long, env = "CALLSTORE_ADMIN_KEY_FILE", value_name = "FILE")]
    pub admin_key_file: Option<PathBuf>,
    /// Without any key, answer everyone on any address, also through a proxy
    #[arg(long, env = "CALLSTORE_INSECURE_NO_AUTH", value_parser = BoolishValueParser::new())]
    pub insecure_no_auth: bool,
    /// Without any key, host names that requests may use besides localhost, comma-separated
    #[arg(long, env = "CALLSTORE_ALLOWED_HOSTS", default_value = "", hide_default_value = true, value_name = "HOSTS")]
    pub allowed_hosts: Hosts,
    /// Origins whose web pages may call the API, such as https://app.example.com, comma-separated
    #[arg(long, env = "CALLSTORE_CORS_ORIGINS", default_value = "", hide_default_value = true, value_name = "ORIGINS")]
    pub cors_origins: Origins,
}

/// Limits on clients.
#[derive(Args, Clone, Copy, Debug)]
pub struct LimitSettings {
    /// Open connections [default: 10000, or half the open-file limit]
    #[arg(
        long,
        env = "CALLSTORE_MAX_CONNECTIONS",
        value_name = "NUMBER",
        allow_negative_numbers = true,
        value_parser = between::<u32>(1..=u32::MAX.into())
    )]
    pub max_connections: Option<u32>,
    /// Requests per second of a key, or of an address without one; 0 is no limit [default: 5000 for other machines, no
    /// limit for this one]
    #[arg(
        long,
        env = "CALLSTORE_RATE_LIMIT",
        value_name = "NUMBER",
        allow_negative_numbers = true,
        value_parser = between::<u32>(0..=1_000_000)
    )]
    pub rate_limit: Option<u32>,
}

/// When calls end without a request, the free space that new calls need, how long the audit is kept, and where webhooks
/// may lead.
#[derive(Args, Clone, Debug)]
pub struct PolicySettings {
    /// End a call that had audio or a stream after this time without a write, such as 90s or 5m
    #[arg(long, env = "CALLSTORE_IDLE_TIMEOUT", default_value = "5m", value_name = "DURATION", value_parser = duration)]
    idle_timeout: Duration,
    /// End any call at this age, such as 90m; at most 12h
    #[arg(long, env = "CALLSTORE_MAX_CALL_DURATION", default_value = "12h", value_name = "DURATION", value_parser = call_duration)]
    max_call_duration: Duration,
    /// Refuse new calls when less space is free, such as 5GB; running calls go on
    #[arg(long, env = "CALLSTORE_MIN_FREE_SPACE", default_value = "256MiB", value_name = "SIZE", value_parser = size)]
    min_free_space: ByteSize,
    /// Remove audit entries at this age, such as 400d, once `callstore audit export` has exported them [default: keep
    /// all]
    #[arg(long, env = "CALLSTORE_AUDIT_RETENTION", value_name = "DURATION", value_parser = duration)]
    audit_retention: Option<Duration>,
    /// Compare each recording with its hash this often, such as 30d; 0 is never
    #[arg(long, env = "CALLSTORE_SCRUB_INTERVAL", default_value = "30d", value_name = "DURATION", value_parser = scrub_interval)]
    scrub_interval: Duration,
    /// Networks to which webhooks may lead although they are not public, and over http, such as 10.1.0.0/16;
    /// comma-separated
    #[arg(long, env = "CALLSTORE_WEBHOOK_ALLOW", value_name = "NETWORKS", value_delimiter = ',')]
    webhook_allow: Vec<Network>,
}

impl From<PolicySettings> for Policy {
    fn from(settings: PolicySettings) -> Self {
        Self {
            idle_timeout: settings.idle_timeout,
            max_call_duration: settings.max_call_duration,
            min_free_bytes: settings.min_free_space.as_u64(),
            audit_retention: settings.audit_retention,
            scrub_interval: settings.scrub_interval,
            webhook_allow: settings.webhook_allow.into(),
        }
    }
}

/// The database.
#[derive(Args, Clone, Debug)]
pub struct DatabaseSettings {
    /// SQLite file, created with its folder, or postgres://USER:PASSWORD@HOST/DATABASE
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
    /// The parsed URL.
    ///
    /// # Errors
    /// A sentence about an invalid URL. It leaves out the URL, which may contain a password.
    pub fn url(&self) -> Result<DatabaseUrl, String> {
        self.url.parse().map_err(|error| format!("--database-url (DATABASE_URL) is not understood: {error}"))
    }

    /// The parsed URL of a database that is there, for commands that do not create one.
    ///
    /// # Errors
    /// As for [`url`](Self::url), and if there is no such file.
    pub fn existing_url(&self) -> Result<DatabaseUrl, String> {
        let url = self.url()?;
        match url.file().filter(|file| !file.exists()) {
            Some(file) => Err(format!(
                "there is no database {}; run this in the service's folder, or name it with --database-url",
                absolute(file).display()
            )),
            None => Ok(url),
        }
    }
}

/// The store for recordings.
#[derive(Args, Clone, Debug)]
pub struct RecordingSettings {
    /// Folder of recordings, created if missing
    #[arg(long, env = "RECORDING_STORAGE_PATH", default_value = "data/recordings", value_name = "FOLDER")]
    recordings: PathBuf,
    /// Object store instead of a folder: s3://bucket/prefix. AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and
    /// AWS_SECRET_ACCESS_KEY configure it. file:///path is a folder
    #[arg(long, env = "RECORDING_STORAGE_URL", conflicts_with = "recordings", value_name = "URL")]
    recordings_url: Option<String>,
    /// Redirect downloads to the object store, with URLs that expire after five minutes
    #[arg(long, env = "CALLSTORE_MEDIA_REDIRECT", value_parser = BoolishValueParser::new())]
    pub media_redirect: bool,
    /// The environment variables of object stores.
    #[arg(skip = store_environment())]
    pub environment: Vec<(String, Private)>,
}

/// The environment variables that the tools of object stores read.
pub(crate) fn store_environment() -> Vec<(String, Private)> {
    let theirs = |(name, _): &(String, _)| ["AWS_", "AZURE_", "GOOGLE_"].iter().any(|prefix| name.starts_with(prefix));
    variables().filter(theirs).map(|(name, value)| (name, value.into())).collect()
}

/// The environment's variables, without those that are no text.
pub(crate) fn variables() -> impl Iterator<Item = (String, String)> {
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    #[expect(clippy::disallowed_methods, reason = "the one place that reads all variables")]
    std::env::vars_os().filter_map(text)
}

impl RecordingSettings {
    /// The parsed URL or folder.
    ///
    /// # Errors
    /// A sentence about an invalid URL. It leaves out the URL, which may contain a secret.
    pub fn url(&self) -> Result<StoreUrl, String> {
        let Some(url) = &self.recordings_url else { return Ok(StoreUrl::Folder(self.recordings.clone())) };
        url.parse().map_err(|error| format!("--recordings-url (RECORDING_STORAGE_URL) is not understood: {error}"))
    }
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people to read
    Text,
    /// One JSON object per line
    Json,
}

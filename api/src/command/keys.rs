//! `callstore keys`: creates, lists, rotates and revokes keys in the database, with or without a running service.

mod table;

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::{Args, Subcommand};
use migration::{Migrator, MigratorTrait};
use service::{
    Clock, CreatedKey, Database, DatabaseUrl, Error, NewKey, SystemClock, SystemIds, Timestamp, absolute,
    limits::KEY_OVERLAP_MAX_SECONDS,
};
use uuid::Uuid;

use crate::{
    failure::Failure,
    keys::model::{ApiKey, Scope},
    settings::{DatabaseSettings, values::key_id},
    wire::Time,
};

/// Create, list, rotate and revoke API keys; a running service notices within a second
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Create a key and print it; the database keeps only its hash, so it cannot be shown again
    Create(CreateArgs),
    /// List the ids, scopes and states of all keys, including expired and revoked ones
    List(ListArgs),
    /// Replace a key by a new one with the same scope, label, limits and expiry, and print the new one
    Rotate(RotateArgs),
    /// Revoke a key permanently
    Revoke(RevokeArgs),
}

#[derive(Debug, Args)]
pub(super) struct CreateArgs {
    /// What the key may do
    #[arg(long, value_enum)]
    scope: Scope,
    /// Note on what it is for, up to 128 characters
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Expiry: a duration from now such as 90d, or a time such as 2030-01-01T00:00:00Z [default: never]
    #[arg(long, value_name = "TIME", value_parser = expiry)]
    expires: Option<Expiry>,
    /// Let a key of scope ingest write only to calls that it starts
    #[arg(long)]
    own_calls_only: bool,
    /// Network from which the key may be used, such as 10.0.0.0/8 or 2001:db8::/32; repeat it for more [default: all]
    #[arg(long = "allowed-network", value_name = "NETWORK")]
    allowed_networks: Vec<String>,
    #[command(flatten)]
    database: DatabaseSettings,
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    /// Print a JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    database: DatabaseSettings,
}

#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// Id of the key, as `callstore keys list` shows it
    #[arg(value_parser = key_id)]
    id: Uuid,
    /// How long the old key stays valid, such as 1h; at most 30d
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = overlap)]
    overlap: Duration,
    #[command(flatten)]
    database: DatabaseSettings,
}

#[derive(Debug, Args)]
pub(super) struct RevokeArgs {
    /// Id of the key, as `callstore keys list` shows it
    #[arg(value_parser = key_id)]
    id: Uuid,
    /// Revoke it even if no other admin key is usable for the next 7 days: nobody can manage keys over HTTP then
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    database: DatabaseSettings,
}

/// When a key expires.
#[derive(Clone, Copy, Debug)]
enum Expiry {
    After(Duration),
    At(Timestamp),
}

fn expiry(text: &str) -> Result<Expiry, String> {
    if let Ok(after) = humantime::parse_duration(text) {
        return Ok(Expiry::After(after));
    }
    let at = Time::parse(text).map_err(|expected| format!("expected a duration like 90d, or {expected}"))?;
    Ok(Expiry::At(at.0))
}

fn overlap(text: &str) -> Result<Duration, String> {
    let longest = Duration::from_secs(KEY_OVERLAP_MAX_SECONDS.into());
    let overlap = humantime::parse_duration(text).ok().filter(|overlap| *overlap <= longest);
    overlap.ok_or_else(|| "expected a duration such as 1h, or 0s; at most 30d".to_owned())
}

impl Expiry {
    fn time(self, now: Timestamp) -> Timestamp {
        match self {
            Self::After(after) => Timestamp(now.0.saturating_add(i64::try_from(after.as_millis()).unwrap_or(i64::MAX))),
            Self::At(time) => time,
        }
    }
}

/// Does what the command says.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) async fn run(command: KeysCommand) -> Result<(), Failure> {
    match command {
        KeysCommand::Create(args) => create(args).await,
        KeysCommand::List(args) => {
            let keys = open(&args.database).await?.list_keys().await?;
            let keys: Vec<ApiKey> = keys.into_iter().map(Into::into).collect();
            if args.json {
                writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&keys)?)?;
            } else {
                table::print(&keys, SystemClock.now())?;
            }
            Ok(())
        }
        KeysCommand::Rotate(args) => {
            let database = open(&args.database).await?;
            let rotated = database.rotate_key(args.id, args.overlap, &SystemClock, &SystemIds).await;
            let created = rotated.map_err(told)?;
            writeln!(io::stdout(), "{}", created.secret.expose())?;
            let (old, overlap) = (args.id, humantime::format_duration(args.overlap));
            writeln!(io::stderr(), "Replaced key {old}, which stays valid for {overlap} at most.")?;
            told_once(&created, &args.database)
        }
        KeysCommand::Revoke(args) => revoke(args).await,
    }
}

async fn create(args: CreateArgs) -> Result<(), Failure> {
    // The first key may be made before the service starts.
    let database = open_url(&args.database.url()?).await?;
    let expires_at = args.expires.map(|expiry| expiry.time(SystemClock.now()));
    let new = NewKey {
        scope: args.scope.into(),
        label: args.label,
        expires_at,
        own_calls_only: args.own_calls_only,
        allowed_networks: Some(args.allowed_networks).filter(|networks| !networks.is_empty()),
    };
    let created = database.create_key(new, &SystemClock, &SystemIds).await.map_err(told)?;
    writeln!(io::stdout(), "{}", created.secret.expose())?;
    if let (Scope::Admin, Some(end)) = (args.scope, created.key.expires_at) {
        let end = Time(end);
        writeln!(io::stderr(), "It expires at {end}. Without another admin key, nobody can manage keys after that.")?;
    }
    told_once(&created, &args.database)
}

async fn revoke(args: RevokeArgs) -> Result<(), Failure> {
    let database = open(&args.database).await?;
    let revoked = database.revoke_key(args.id, args.force, &SystemClock, &SystemIds).await.map_err(told)?;
    let (id, scope) = (args.id, Scope::from(revoked.scope).name());
    let Some(time) = revoked.before.map(Time) else {
        writeln!(io::stderr(), "Revoked key {id} (scope {scope}).")?;
        let then = "nobody can manage keys, delete calls or read the audit over HTTP. `callstore keys create --scope admin` \
            makes one.";
        if !revoked.admin_remains {
            writeln!(io::stderr(), "There is no usable admin key any more: {then}")?;
        } else if !revoked.admin_lasts {
            writeln!(io::stderr(), "The last admin key expires within 7 days. After that {then}")?;
        }
        return Ok(());
    };
    writeln!(io::stderr(), "Key {id} (scope {scope}) was revoked already, at {time}.")?;
    Ok(())
}

/// Says which key was made, and where: one in another database than the service's would protect nothing.
fn told_once(created: &CreatedKey, database: &DatabaseSettings) -> Result<(), Failure> {
    let place = match database.url()?.file() {
        Some(file) => absolute(file).display().to_string(),
        None => "the PostgreSQL database".to_owned(),
    };
    let (id, scope) = (created.key.id, Scope::from(created.key.scope).name());
    writeln!(io::stderr(), "Created key {id} (scope {scope}) in {place}. The key is not shown again.")?;
    Ok(())
}

/// An error in the words of the command line: it names options instead of fields, and commands instead of requests.
fn told(error: Error) -> Failure {
    if matches!(error, Error::KeyNotFound) {
        return "No key has this id. `callstore keys list` lists all keys.".into();
    }
    let Error::Invalid(errors) = &error else { return error.into() };
    let option = |pointer: &str| match pointer.split('/').nth(1) {
        Some("label") => "--label",
        Some("expiresAt") => "--expires",
        Some("ownCallsOnly") => "--own-calls-only",
        _ => "--allowed-network",
    };
    let lines: Vec<_> = errors.iter().map(|error| format!("{}: {}", option(&error.pointer), error.detail)).collect();
    lines.join(" ").into()
}

/// Opens a database that is there, as the service does at its start.
pub(super) async fn open(settings: &DatabaseSettings) -> Result<Database, Failure> {
    open_url(&settings.existing_url()?).await
}

async fn open_url(url: &DatabaseUrl) -> Result<Database, Failure> {
    let database = Database::open(url).await?;
    Migrator::up(database.writer(), None).await.map_err(|error| format!("the database cannot be migrated: {error}"))?;
    Ok(database)
}

//! `callstore keys`: creates, lists and revokes keys in the database, with or without a running service.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::{Args, Subcommand};
use migration::{Migrator, MigratorTrait};
use service::{Clock, Database, NewKey, SystemClock, SystemIds, Timestamp, absolute};
use uuid::Uuid;

use crate::{
    failure::Failure,
    keys::model::{ApiKey, Scope},
    settings::{DatabaseSettings, values::key_id},
    wire::Time,
};

/// Create, list and revoke API keys; a running service notices within a second
#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Create a key and print it; the database keeps only its hash, so it cannot be shown again
    Create(CreateArgs),
    /// List the ids, scopes and states of all keys, including expired and revoked ones
    List(ListArgs),
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
pub(super) struct RevokeArgs {
    /// Id of the key, as `callstore keys list` shows it
    #[arg(value_parser = key_id)]
    id: Uuid,
    /// Revoke it even if it is the last usable admin key: nobody can manage keys over HTTP then
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
        KeysCommand::Create(args) => {
            let database = open(&args.database).await?;
            let expires_at = args.expires.map(|expiry| expiry.time(SystemClock.now()));
            let new = NewKey { scope: args.scope.into(), label: args.label, expires_at };
            let created = database.create_key(new, &SystemClock, &SystemIds).await?;
            writeln!(io::stdout(), "{}", created.secret.expose())?;
            let (scope, id) = (args.scope.name(), created.key.id);
            if let (Scope::Admin, Some(end)) = (args.scope, created.key.expires_at) {
                let end = Time(end);
                writeln!(
                    io::stderr(),
                    "It expires at {end}. Without another admin key, nobody can manage keys after that."
                )?;
            }
            // A key in another database than the service's would protect nothing.
            let place = match args.database.url()?.file() {
                Some(file) => absolute(file).display().to_string(),
                None => "the PostgreSQL database".to_owned(),
            };
            writeln!(io::stderr(), "Created key {id} (scope {scope}) in {place}. The key is not shown again.")?;
        }
        KeysCommand::List(args) => {
            let keys = open(&args.database).await?.list_keys().await?;
            let keys: Vec<ApiKey> = keys.into_iter().map(Into::into).collect();
            if args.json {
                writeln!(io::stdout(), "{}", serde_json::to_string_pretty(&keys)?)?;
            } else {
                print(&keys)?;
            }
        }
        KeysCommand::Revoke(args) => {
            let database = open(&args.database).await?;
            let revoked = database.revoke_key(args.id, args.force, &SystemClock, &SystemIds).await?;
            let (id, scope) = (args.id, Scope::from(revoked.scope).name());
            match revoked.before.map(Time) {
                None => {
                    writeln!(io::stderr(), "Revoked key {id} (scope {scope}).")?;
                    if !revoked.admin_remains {
                        writeln!(
                            io::stderr(),
                            "There is no usable admin key any more: nobody can manage keys, delete calls or read the \
                             audit over HTTP. `callstore keys create --scope admin` makes one."
                        )?;
                    }
                }
                Some(time) => writeln!(io::stderr(), "Key {id} (scope {scope}) was revoked already, at {time}.")?,
            }
        }
    }
    Ok(())
}

/// Opens the database as the service does at its start.
pub(super) async fn open(settings: &DatabaseSettings) -> Result<Database, Failure> {
    let database = Database::open(&settings.url()?).await?;
    Migrator::up(database.writer(), None).await.map_err(|error| format!("the database cannot be migrated: {error}"))?;
    Ok(database)
}

fn print(keys: &[ApiKey]) -> io::Result<()> {
    let mut lines = io::stdout().lock();
    let now = SystemClock.now();
    writeln!(lines, "{:36}  {:6}  {:7}  {:24}  {:24}  LABEL", "ID", "SCOPE", "STATE", "CREATED", "EXPIRES")?;
    for key in keys {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(Time(end))) if end <= now => "expired",
            (None, _) => "usable",
        };
        let expires = key.expires_at.map_or_else(|| "never".to_owned(), |time| time.to_string());
        // A terminal must not take a label for a command.
        let label = key.label.as_deref().unwrap_or_default().replace(char::is_control, "?");
        let (id, scope, created) = (key.id, key.scope.name(), key.created_at.to_string());
        writeln!(lines, "{id}  {scope:6}  {state:7}  {created:24}  {expires:24}  {label}")?;
    }
    Ok(())
}

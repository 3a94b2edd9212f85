//! `callstore copy`: moves a service to another database, its recordings to another store, or both.

use std::io::{self, Write};

use bytesize::ByteSize;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use migration::{Migrator, MigratorTrait};
use service::{CopyProgress, Database, DatabaseUrl, Store, StoreUrl, SystemIds, absolute};

use crate::{failure::Failure, settings::store_environment};

const TEMPLATE: &str = "{msg}: {wide_bar} {human_pos} of {human_len}, {eta} to go";

/// Copy a service's database, its recordings, or both, to another place, and compare both sides. No service may run on
/// them; a copy that was interrupted goes on when the same command is given again
#[derive(Debug, Args)]
pub(super) struct CopyArgs {
    /// The database to copy, or the one whose recordings are copied
    #[arg(long, value_name = "URL")]
    from: String,
    /// The database to copy to: empty, or a copy that was begun
    #[arg(long, value_name = "URL", required_unless_present = "to_store")]
    to: Option<String>,
    /// Where the recordings are, as file:///var/lib/callstore/recordings or s3://bucket/prefix
    #[arg(long, value_name = "URL", requires = "to_store")]
    from_store: Option<String>,
    /// Where to copy the recordings to
    #[arg(long, value_name = "URL", requires = "from_store")]
    to_store: Option<String>,
}

/// Copies what the arguments name, recordings first: a call that is there has its recording.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) async fn run(args: &CopyArgs) -> Result<(), Failure> {
    let from = parse::<DatabaseUrl, _>("--from", &args.from)?;
    let to = args.to.as_deref().map(|to| parse::<DatabaseUrl, _>("--to", to)).transpose()?;
    if to.as_ref() == Some(&from) {
        return Err("--from and --to name the same database".into());
    }
    let stores = match (&args.from_store, &args.to_store) {
        (Some(from), Some(to)) => Some(parse_stores(from, to)?),
        _ => None,
    };
    if let Some(file) = from.file().filter(|file| !file.exists()) {
        return Err(format!("--from: there is no database at {}", absolute(file).display()).into());
    }
    let stores = stores.as_ref().map(open_stores).transpose()?;
    let from = Database::open_alone(&from, false).await.map_err(|error| format!("--from: {error}"))?;
    let to = match to {
        Some(to) => Some(Database::open_alone(&to, true).await.map_err(|error| format!("--to: {error}"))?),
        None => None,
    };
    let bar = Bar::default();
    let copying = async {
        prepare(&from).await?;
        service::settle_journal(&from).await?;
        if let Some((from_store, to_store)) = &stores {
            copy_recordings(&from, from_store, to_store, &bar).await?;
        }
        if let Some(to) = &to {
            let copy = async {
                prepare(to).await?;
                copy_tables(&from, to, &bar).await
            };
            to.alone(copy).await??;
        }
        Ok(())
    };
    let outcome = from.alone(copying).await?;
    bar.clear();
    outcome
}

async fn copy_recordings(database: &Database, from: &Store, to: &Store, bar: &Bar) -> Result<(), Failure> {
    let copied = service::copy_recordings(database, (from, to), &SystemIds, bar).await?;
    bar.clear();
    let (files, new, size) = (copied.files, copied.copied, ByteSize(copied.bytes));
    writeln!(
        io::stdout(),
        "{files} recordings of {size}, {new} of them copied now; their hashes are those of the database"
    )?;
    Ok(())
}

async fn copy_tables(from: &Database, to: &Database, bar: &Bar) -> Result<(), Failure> {
    let tables = service::copy_tables(from, to, bar).await?;
    bar.clear();
    let mut lines = io::stdout().lock();
    writeln!(lines, "{:16}  {:>12}  {:>12}  SHA-256 OF THE ROWS, ON BOTH SIDES", "TABLE", "ROWS", "COPIED NOW")?;
    for table in tables {
        writeln!(lines, "{:16}  {:>12}  {:>12}  {}", table.name, table.rows, table.copied, table.sha256)?;
    }
    Ok(())
}

/// Brings a database's schema to where this version is.
async fn prepare(database: &Database) -> Result<(), Failure> {
    let migrated = Migrator::up(database.writer(), None).await;
    migrated.map_err(|error| format!("a database cannot be migrated: {error}").into())
}

/// Reads a URL. What was given is not told, since it may hold a password.
fn parse<T: std::str::FromStr<Err = E>, E: std::fmt::Display>(name: &str, url: &str) -> Result<T, Failure> {
    url.parse().map_err(|error| format!("{name} is not understood: {error}").into())
}

fn parse_stores(from: &str, to: &str) -> Result<(StoreUrl, StoreUrl), Failure> {
    let (from, to): (StoreUrl, StoreUrl) = (parse("--from-store", from)?, parse("--to-store", to)?);
    if from == to {
        return Err("--from-store and --to-store name the same store".into());
    }
    Ok((from, to))
}

fn open_stores((from, to): &(StoreUrl, StoreUrl)) -> Result<(Store, Store), Failure> {
    let environment = store_environment();
    let open = |name, url| Store::open(url, &environment).map_err(|error| format!("{name}: {error}"));
    Ok((open("--from-store", from)?, open("--to-store", to)?))
}

/// How far the copy is: a bar on a terminal, and nothing elsewhere.
#[derive(Debug)]
pub(crate) struct Bar(ProgressBar);

impl Default for Bar {
    fn default() -> Self {
        let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
        Self(ProgressBar::hidden().with_style(style))
    }
}

impl Bar {
    /// Prints something in place of the bar, which comes back below it.
    pub(crate) fn print(&self, print: impl FnOnce()) {
        self.0.suspend(print);
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

impl CopyProgress for Bar {
    fn begin(&self, what: &str, total: u64) {
        self.0.set_draw_target(ProgressDrawTarget::hidden());
        self.0.reset();
        self.0.set_length(total);
        self.0.set_message(what.to_owned());
        self.0.set_draw_target(ProgressDrawTarget::stderr());
    }

    fn add(&self, done: u64) {
        self.0.inc(done);
    }
}

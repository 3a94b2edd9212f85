//! The command line.

use std::{
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use migration::{MigrationStatus, Migrator, MigratorTrait};
use rustix::fs::Mode;
use service::Database;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    audio_command::{self, AudioCommand},
    backup_command::{self, BackupArgs, RestoreArgs},
    copy_command::{self, CopyArgs},
    document, document_3_0,
    keys::{self, KeysCommand},
    server,
    settings::{DatabaseSettings, LogFormat, Settings},
    simulate::{self, SimulateArgs},
};

/// Callstore keeps phone calls: audio, transcripts, analytics and metadata, while the call runs.
#[derive(Debug, Parser)]
#[command(name = "callstore", version, args_conflicts_with_subcommands = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
    /// How the log is written: text or json; text on a terminal unless given
    #[arg(long, env = "CALLSTORE_LOG_FORMAT", global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the service (what happens without a command as well)
    Serve(Box<Settings>),
    /// Change the database's schema, or show where it stands
    Migrate {
        #[command(subcommand)]
        step: Migrate,
    },
    Backup(BackupArgs),
    Restore(RestoreArgs),
    Copy(CopyArgs),
    /// Print the OpenAPI document
    Openapi {
        /// The version of OpenAPI: 3.0 is for generators that cannot read 3.1
        #[arg(long, value_name = "VERSION", value_enum, default_value_t)]
        version: OpenApiVersion,
    },
    /// Make, list and revoke API keys; a service that runs notices within a second
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    Simulate(SimulateArgs),
    /// Convert and inspect files of audio; needs no service
    Audio {
        #[command(subcommand)]
        command: AudioCommand,
    },
}

/// The versions of OpenAPI in which the document is printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OpenApiVersion {
    /// As the service serves it
    #[default]
    #[value(name = "3.1")]
    Current,
    /// For generators that cannot read 3.1
    #[value(name = "3.0")]
    Previous,
}

#[derive(Debug, Subcommand)]
enum Migrate {
    /// Apply all migrations that are not applied yet (the service does so at its start)
    Up(DatabaseSettings),
    /// Take back the latest migration; its tables and their rows are gone then
    Down(DatabaseSettings),
    /// List the migrations and whether they are applied
    Status(DatabaseSettings),
}

/// Why a command failed, in a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the command that was given.
#[must_use]
pub fn main() -> ExitCode {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => return fail(&format!(".env cannot be read: {error}")),
        _ => {}
    }
    let cli = match Cli::from_arg_matches(&Cli::command().get_matches()) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    if matches!(
        cli.command,
        None | Some(
            Command::Serve(_)
                | Command::Migrate { .. }
                | Command::Keys { .. }
                | Command::Backup(_)
                | Command::Restore(_)
                | Command::Copy(_)
        )
    ) {
        // What people said is for this user alone: the database, its log, and recordings.
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
    let outcome = match cli.command {
        Some(Command::Audio { command }) => return audio_command::main(&command),
        None => serve(&cli.settings, cli.log_format),
        Some(Command::Serve(settings)) => serve(&settings, cli.log_format),
        Some(Command::Migrate { step }) => runtime().and_then(|runtime| runtime.block_on(migrate(step))),
        Some(Command::Keys { command }) => runtime().and_then(|runtime| runtime.block_on(keys::run(command))),
        Some(Command::Backup(args)) => backup_command::backup(&args),
        Some(Command::Restore(args)) => backup_command::restore(&args),
        Some(Command::Copy(args)) => runtime().and_then(|runtime| runtime.block_on(copy_command::run(&args))),
        Some(Command::Openapi { version }) => print_document(version),
        Some(Command::Simulate(args)) => match runtime() {
            Ok(runtime) => return runtime.block_on(simulate::main(&args)),
            Err(error) => Err(error),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("callstore: {sentence}");
    ExitCode::FAILURE
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn serve(settings: &Settings, log_format: Option<LogFormat>) -> Result<(), Failure> {
    start_log(log_format)?;
    actix_web::rt::System::new().block_on(server::serve(settings))
}

/// Writes the log to standard error; the level comes from `RUST_LOG`.
fn start_log(format: Option<LogFormat>) -> Result<(), Failure> {
    let format = format.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
    #[expect(clippy::disallowed_methods, reason = "the log's level is a setting like the others")]
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(&level).map_err(|error| format!("RUST_LOG is no log filter: {error}"))?;
    let log = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with(lines.with_ansi(io::stderr().is_terminal())).try_init()?,
        LogFormat::Json => log.with(lines.json().flatten_event(true)).try_init()?,
    }
    Ok(())
}

async fn migrate(step: Migrate) -> Result<(), Failure> {
    let (Migrate::Up(settings) | Migrate::Down(settings) | Migrate::Status(settings)) = &step;
    let database = Database::open(&settings.url()?).await?;
    let migrated = async {
        match step {
            Migrate::Up(_) => Migrator::up(database.writer(), None).await,
            Migrate::Down(_) => Migrator::down(database.writer(), Some(1)).await,
            Migrate::Status(_) => Ok(()),
        }
    };
    database.alone(migrated).await??;
    for migration in Migrator::get_migration_with_status(database.writer()).await? {
        let status = match migration.status() {
            MigrationStatus::Applied => "applied",
            MigrationStatus::Pending => "pending",
        };
        writeln!(io::stdout(), "{status}  {}", migration.name())?;
    }
    Ok(())
}

fn print_document(version: OpenApiVersion) -> Result<(), Failure> {
    let document = match version {
        OpenApiVersion::Current => document()?,
        OpenApiVersion::Previous => document_3_0()?,
    };
    Ok(write!(io::stdout(), "{document}")?)
}

/// Why a start failed, with the path that it is about.
pub(crate) fn about(path: &Path, what: &str, error: &io::Error) -> Failure {
    format!("{what} {} cannot be used: {error}", path.display()).into()
}

//! The command line.

use std::{
    ffi::OsString,
    io::{self, IsTerminal, Write},
    path::Path,
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use migration::{MigrationStatus, Migrator, MigratorTrait};
use rustix::fs::Mode;
use service::{Database, absolute};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{
    audio_command::{self, AudioCommand},
    backup_command::{self, BackupArgs, RestoreArgs},
    copy_command::{self, CopyArgs},
    document, document_3_0, environment,
    keys::{self, KeysCommand},
    server,
    settings::{DatabaseSettings, LogFormat, Settings},
    simulate::{self, SimulateArgs},
};

/// Stores phone calls while they run: audio, transcripts, analytics and metadata
///
/// Without a command, starts the service.
#[derive(Debug, Parser)]
#[command(name = "callstore", version, args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:\n  \
    callstore\n  \
    callstore --listen 0.0.0.0:8080 --admin-key-file admin-key\n  \
    callstore keys create --scope ingest --label \"voice agent\"\n  \
    callstore simulate --calls 100 --duration 30s\n  \
    callstore audio convert call.ulaw call.wav")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
    /// Format of the log: text or json [default: text on a terminal, otherwise json]
    #[arg(long, env = "CALLSTORE_LOG_FORMAT", global = true, value_name = "FORMAT")]
    log_format: Option<LogFormat>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the service, as without a command
    Serve(Box<Settings>),
    /// Apply, revert or list the migrations of the database
    Migrate {
        #[command(subcommand)]
        step: Migrate,
    },
    Backup(BackupArgs),
    Restore(RestoreArgs),
    Copy(CopyArgs),
    /// Print the OpenAPI document
    Openapi {
        /// Version of OpenAPI; 3.0 is for generators that cannot read 3.1
        #[arg(long, value_name = "VERSION", value_enum, default_value_t)]
        version: OpenApiVersion,
    },
    /// Create, list and revoke API keys; a running service notices within a second
    #[command(after_help = "Examples:\n  \
        callstore keys create --scope admin --label operator\n  \
        callstore keys create --scope ingest --label \"voice agent\" --expires 90d\n  \
        callstore keys list\n  \
        callstore keys revoke 0198c9f2-7d5e-7c3a-9a54-0f6f2b1c8d3e")]
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    Simulate(SimulateArgs),
    /// Convert and inspect audio files; needs no service
    #[command(after_help = "Examples:\n  \
        callstore audio convert call.ulaw call.wav --to-rate 16000\n  \
        callstore audio convert call.wav call.pcm --to openai\n  \
        callstore audio inspect call.wav")]
    Audio {
        #[command(subcommand)]
        command: AudioCommand,
    },
    /// Print a script that completes commands and options in a shell
    #[command(after_help = "Examples:\n  \
        callstore completions bash > ~/.local/share/bash-completion/completions/callstore\n  \
        callstore completions zsh > ~/.zfunc/_callstore\n  \
        callstore completions fish > ~/.config/fish/completions/callstore.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// The versions of OpenAPI in which the document can be printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum OpenApiVersion {
    /// The document that the service serves
    #[default]
    #[value(name = "3.1")]
    Current,
    /// For generators that cannot read 3.1
    #[value(name = "3.0")]
    Previous,
}

#[derive(Debug, Subcommand)]
enum Migrate {
    /// Apply all pending migrations, as the service does when it starts
    Up(DatabaseSettings),
    /// Revert the latest migration; this deletes its tables with their rows
    Down(DatabaseSettings),
    /// List the migrations, applied and pending
    Status(DatabaseSettings),
}

/// The reason why a command failed, as a sentence.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Runs the given command.
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
        // Only this user may read what the command writes: the database, its log, and recordings.
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
        Some(Command::Completions { shell }) => print_completions(shell),
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
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    for warning in environment::warnings(&Cli::command(), std::env::vars_os().filter_map(text)) {
        tracing::warn!("{warning}");
    }
    actix_web::rt::System::new().block_on(server::serve(settings))
}

/// Writes the log to standard error; the level comes from `RUST_LOG`.
fn start_log(format: Option<LogFormat>) -> Result<(), Failure> {
    let format = format.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
    #[expect(clippy::disallowed_methods, reason = "the log's level is a setting like the others")]
    let level =
        std::env::var("RUST_LOG").unwrap_or_else(|_| "info,sea_orm_migration=warn,actix_server=warn".to_owned());
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

fn print_completions(shell: Shell) -> Result<(), Failure> {
    // The generator panics when it cannot write, so that it gets a buffer.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callstore", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

/// The reason why a start failed, with the path concerned.
pub(crate) fn about(path: &Path, what: &str, error: &io::Error) -> Failure {
    format!("{what} {} cannot be used: {error}", absolute(path).display()).into()
}

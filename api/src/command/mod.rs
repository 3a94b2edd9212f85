//! The command line: a file or folder for each command.

mod analyze;
mod audio;
mod audit;
mod backup;
mod copy;
mod environment;
mod keys;
mod migrate;
mod openapi;
mod serve;
mod verify;

use std::{
    env,
    io::{self, Write},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use rustix::fs::Mode;
use service::{Ids, SystemIds};
use simulate::{SimulateArgs, plain};

use self::{
    analyze::AnalyzeArgs,
    audio::AudioCommand,
    audit::AuditCommand,
    backup::{BackupArgs, RestoreArgs},
    copy::CopyArgs,
    keys::KeysCommand,
    migrate::Migrate,
    openapi::OpenApiVersion,
    verify::VerifyArgs,
};
use crate::{
    failure::Failure,
    settings::{LogFormat, Settings},
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
    Verify(VerifyArgs),
    Analyze(AnalyzeArgs),
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
    /// Export the audit, and verify that nobody has changed it
    #[command(after_help = "Examples:\n  \
        callstore audit export audit-2026.ndjson\n  \
        callstore audit verify\n  \
        callstore audit verify audit-2025.ndjson audit-2026.ndjson --head 1204:9f2c...")]
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
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

/// Runs the given command.
#[must_use]
pub fn main() -> ExitCode {
    match dotenvy::dotenv() {
        Err(error) if !error.not_found() => return fail(&format!(".env cannot be read: {error}")),
        _ => {}
    }
    let cli = match Cli::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    if matches!(
        cli.command,
        None | Some(
            Command::Serve(_)
                | Command::Migrate { .. }
                | Command::Keys { .. }
                | Command::Audit { .. }
                | Command::Backup(_)
                | Command::Restore(_)
                | Command::Copy(_)
                | Command::Verify(_)
                | Command::Analyze(_)
        )
    ) {
        // Only this user may read what the command writes: the database, its log, and recordings.
        rustix::process::umask(Mode::RWXG | Mode::RWXO);
    }
    let outcome = match cli.command {
        Some(Command::Audio { command }) => return audio::main(&command),
        None => serve::run(&Cli::command(), &cli.settings, cli.log_format),
        Some(Command::Serve(settings)) => serve::run(&Cli::command(), &settings, cli.log_format),
        Some(Command::Migrate { step }) => runtime().and_then(|runtime| runtime.block_on(migrate::run(step))),
        Some(Command::Keys { command }) => runtime().and_then(|runtime| runtime.block_on(keys::run(command))),
        Some(Command::Audit { command }) => runtime().and_then(|runtime| runtime.block_on(audit::run(command))),
        Some(Command::Backup(args)) => backup::backup(&args),
        Some(Command::Restore(args)) => backup::restore(&args),
        Some(Command::Copy(args)) => runtime().and_then(|runtime| runtime.block_on(copy::run(&args))),
        Some(Command::Verify(args)) => runtime().and_then(|runtime| runtime.block_on(verify::run(&args))),
        Some(Command::Analyze(args)) => runtime().and_then(|runtime| runtime.block_on(analyze::run(&args))),
        Some(Command::Openapi { version }) => openapi::print(version),
        Some(Command::Completions { shell }) => print_completions(shell),
        Some(Command::Simulate(args)) => match runtime() {
            Ok(runtime) => return runtime.block_on(simulate::main(&args, SystemIds.next())),
            Err(error) => Err(error),
        },
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

/// Prints what is wrong with the arguments, or the help. If an argument has control characters, which may come from a
/// file's name, it is printed without colors and without them.
fn refuse(error: &clap::Error) -> ExitCode {
    if !env::args_os().any(|argument| argument.to_string_lossy().contains(char::is_control)) {
        error.exit();
    }
    eprint!("{}", plain(&error.to_string()));
    ExitCode::from(2)
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("callstore: {}", plain(sentence));
    ExitCode::FAILURE
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

fn print_completions(shell: Shell) -> Result<(), Failure> {
    // The generator panics when it cannot write, so that it gets a buffer.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "callstore", &mut script);
    Ok(io::stdout().write_all(&script)?)
}

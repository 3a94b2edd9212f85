//! The command `callstore serve`: starts the log and runs the service.

use std::{
    io::{self, IsTerminal},
    sync::Arc,
};

use clap::Command;
use service::{DatabaseUrl, SystemClock, SystemIds, absolute};
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::environment;
use crate::{
    failure::Failure,
    server,
    settings::{LogFormat, Settings, variables},
};

/// Runs the service until a signal stops it. Warns of variables that none of the options of `command` has.
pub(super) fn run(command: &Command, settings: &Settings, log_format: Option<LogFormat>) -> Result<(), Failure> {
    start_log(log_format)?;
    for warning in environment::warnings(command, variables()) {
        tracing::warn!("{warning}");
    }
    actix_web::rt::System::new().block_on(serve(settings))
}

/// Libraries that say at `info` what the service says itself, in one line. `RUST_LOG` can name them.
const QUIET: &str = "sea_orm_migration=warn,actix_server=warn";

/// Writes the log to standard error; the level comes from `RUST_LOG`.
fn start_log(format: Option<LogFormat>) -> Result<(), Failure> {
    let format = format.unwrap_or(if io::stderr().is_terminal() { LogFormat::Text } else { LogFormat::Json });
    #[expect(clippy::disallowed_methods, reason = "the log's level is a setting like the others")]
    let level = std::env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter = EnvFilter::try_new(format!("{QUIET},{level}"))
        .map_err(|error| format!("RUST_LOG is no log filter: {error}"))?;
    let log = tracing_subscriber::registry().with(filter);
    let lines = fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => log.with(lines.with_ansi(io::stderr().is_terminal())).try_init()?,
        LogFormat::Json => log.with(lines.json().flatten_event(true)).try_init()?,
    }
    Ok(())
}

/// Runs the service until SIGTERM or Ctrl-C.
async fn serve(settings: &Settings) -> Result<(), Failure> {
    let (running, server) = server::start(settings, Box::new(SystemClock), Arc::new(SystemIds)).await?;
    // Before anyone is told that the service is ready: whoever stops it at once stops it in order.
    let stop = stop_signal()?;
    let (address, data) = (running.address, data_folder(&settings.database.url()?));
    // A browser cannot open the unspecified address.
    let page =
        if address.ip().is_unspecified() { format!("localhost:{}", address.port()) } else { address.to_string() };
    tracing::info!(%address, "Callstore is ready: http://{page}/dashboard/ (data in {data})");
    running.until(server, stop).await?;
    tracing::info!("Callstore has stopped.");
    Ok(())
}

/// Where the calls are, for people: the folder of the database's file, or the kind of server.
fn data_folder(url: &DatabaseUrl) -> String {
    let Some(file) = url.file().map(absolute) else { return "PostgreSQL".to_owned() };
    file.parent().unwrap_or(&file).display().to_string()
}

/// Takes SIGTERM and Ctrl-C over from now on. The future waits for the first of them.
fn stop_signal() -> io::Result<impl Future<Output = io::Result<()>>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => Ok(()),
            _ = terminate.recv() => Ok(()),
        }
    })
}

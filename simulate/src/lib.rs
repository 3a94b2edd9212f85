//! `callstore simulate`: sends calls to a running service as clients do, and checks their recordings.
//!
//! `plan` lists the calls, and `threads` runs the `lifecycle` of each. A call's `source` is a `recorded_session` or
//! `synthetic` audio. Its `schedule` orders the items and applies chaos. A `transport` sends them at the call's `pace`,
//! over the HTTP `client` or a WebSocket `link`. Its `ledger` records what was sent and acknowledged, and `verify`
//! compares that with the recording. `dashboard` sends example calls instead.
//!
//! The crate depends on no crate of the server: the two share only the wire format. A fault in the server's code can
//! thus not hide itself in the check. `api` has the command line.
#![expect(clippy::as_conversions, reason = "frames are cut to bytes, and figures of a report are rounded anyway")]

mod answer;
mod args;
mod batch;
mod call;
mod client;
mod dashboard;
mod dialogue;
mod error;
mod frame;
mod key;
mod ledger;
mod lifecycle;
mod limits;
mod link;
mod measures;
mod message;
mod names;
mod number;
mod opening;
mod outcome;
mod pace;
mod plan;
mod progress;
mod recorded_session;
mod report;
mod request;
mod run;
mod schedule;
mod script;
mod settings;
mod source;
mod stop;
mod synthetic;
mod terminal;
mod text;
mod threads;
mod transcripts;
mod transport;
mod verify;

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use tokio::{
    task,
    time::{self, Instant},
};
use uuid::Uuid;

pub use args::SimulateArgs;
pub use error::{CallFailure, SimulateError};
pub use key::Key;
pub use number::between;
pub use pace::Speed;
pub use report::Report;
pub use terminal::{plain, plain_line};

use client::Client;
use link::Endpoint;
use progress::Progress;
use settings::{Settings, Transport, Verify};
use stop::Stop;

/// How often the progress bar is redrawn.
const BEAT: Duration = Duration::from_millis(200);
/// The exit code after a second signal, as a shell reports SIGINT.
const BROKEN_OFF: i32 = 130;

/// Runs the simulation and prints the report, or sends example calls for the dashboard. `id` is an id that no other run
/// has: the names of its calls contain it.
/// The exit code is 1 if a call failed, a recording is wrong, or the report could not be printed.
pub async fn main(args: &SimulateArgs, id: Uuid) -> ExitCode {
    if args.dashboard {
        return match dashboard::run(args, id).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                let _ = writeln!(io::stderr(), "callstore: {}", terminal::plain_line(&error.to_string()));
                ExitCode::FAILURE
            }
        };
    }
    match run(args, id).await {
        Ok(report) => {
            let printed = print(args, &report);
            if printed.is_ok() && report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "callstore: {}", terminal::plain_line(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn print(args: &SimulateArgs, report: &Report) -> io::Result<()> {
    let mut lines = io::stdout().lock();
    if args.json {
        serde_json::to_writer_pretty(&mut lines, report)?;
        writeln!(lines)?;
    } else if args.files.is_empty() {
        writeln!(lines, "{report}")?;
    } else {
        for call in &report.finished {
            writeln!(lines, "{}", terminal::plain_line(&call.to_string()))?;
        }
        writeln!(io::stderr(), "{report}")?;
    }
    lines.flush()
}

/// Runs all calls concurrently; `id` is as in [`main`]. A failed call is printed to stderr at once and counted; the
/// others continue.
///
/// # Errors
/// Before anything is sent: when a file is unreadable or invalid, two files hold the same stream, the limit on open
/// files is too low, or nothing responds at the URL. Later: when a thread cannot be started.
pub async fn run(args: &SimulateArgs, id: Uuid) -> Result<Report, SimulateError> {
    let seed = args.seed.unwrap_or_else(|| synthetic::mix(id.as_u128() as u64));
    let planning = args.clone();
    let planned = task::spawn_blocking(move || plan::plan(&planning, &id.simple().to_string(), seed));
    let calls = planned.await.map_err(SimulateError::Interrupted)??;
    if !args.files.is_empty() && args.verify == Verify::Samples {
        return Err(SimulateError::SamplesOfRecording);
    }
    limits::allow_files(calls.len())?;
    let authorization = args.key.as_ref().map(Key::authorization).transpose()?;
    Client::new(&args.url, authorization.as_ref())?.reach().await?;

    let settings =
        Settings { transport: args.transport, batch: args.batch.into(), speed: args.speed(), verify: args.verify };
    let acknowledges = args.transport != Transport::Twilio;
    let frames = calls.iter().map(|call| call.source.frames() as u64).sum();
    let progress = Arc::new(Progress::new(calls.len() as u64, frames, acknowledges));
    let (stop, begun, total) = (Arc::new(Stop::default()), Instant::now(), calls.len());
    let crew = threads::Crew {
        settings,
        url: args.url.clone(),
        endpoint: Endpoint::new(&args.url, authorization.clone()),
        authorization,
        progress: Arc::clone(&progress),
        stop: Arc::clone(&stop),
        ramp: args.ramp(),
        begun,
    };
    let mut working = std::pin::pin!(task::spawn_blocking({
        let threads = args.threads();
        move || crew.make(calls, threads)
    }));
    let mut signalled = std::pin::pin!(stop::signalled());
    let mut beat = time::interval(BEAT);
    let made = loop {
        tokio::select! {
            made = &mut working => break made.map_err(SimulateError::Interrupted)??,
            () = &mut signalled => {
                if stop.is_requested() {
                    progress.clear();
                    std::process::exit(BROKEN_OFF);
                }
                progress.say("Stopping: ending all calls and comparing recordings. Press Ctrl-C again to abort.");
                stop.request();
                signalled.set(stop::signalled());
            }
            _ = beat.tick() => progress.show(),
        }
    };
    progress.clear();
    let broken = total - made.outcomes.len();
    Ok(Report::new(report::Results {
        settings,
        seed: args.chaos.then_some(seed),
        interrupted: stop.is_requested(),
        outcomes: made.outcomes,
        broken,
        measures: made.measures,
        elapsed: begun.elapsed(),
    }))
}

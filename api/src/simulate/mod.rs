//! `callstore simulate`: sends calls to a running service, as its clients would, and looks whether they became the recordings
//! that they should.
//!
//! A call's [`source`] is a recorded [`session`] or [`synthetic`] audio; its [`schedule`] says what is sent when, and does what
//! chaos does; a [`transport`] sends it, held back by the call's [`pace`]; its [`ledger`] knows what was sent and
//! acknowledged, and [`verify`] compares that with the recording. Nothing here knows the database, or any type of the
//! server's: what is on the wire is all that the two share.

mod answer;
mod args;
mod call;
mod client;
mod error;
mod ledger;
mod limits;
mod measures;
mod message;
mod names;
mod opening;
mod pace;
mod plan;
mod progress;
mod report;
mod request;
mod schedule;
mod script;
mod session;
mod source;
mod stop;
mod synthetic;
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

use reqwest::header::HeaderValue;
use service::{Ids, Secret, SystemIds};
use tokio::{
    task,
    time::{self, Instant},
};

pub use args::SimulateArgs;
pub use error::{CallFailure, SimulateError};
pub use pace::Speed;
pub use report::Report;

use call::Settings;
use client::Client;
use progress::Progress;
use stop::Stop;
use transport::{Endpoint, Transport};
use verify::Verify;

/// How often the bar is drawn.
const BEAT: Duration = Duration::from_millis(200);
/// How a process exits that was broken off by a signal.
const BROKEN_OFF: i32 = 130;

/// Makes the calls, prints what came of them, and says how the process should exit: with 1 when any call failed or its recording
/// is not what it should be.
pub async fn main(args: &SimulateArgs) -> ExitCode {
    match run(args).await {
        Ok(report) => {
            let printed = print(args, &report);
            if printed.is_ok() && report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            let _ = writeln!(io::stderr(), "callstore: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A key as it is sent, hidden from whoever prints headers.
fn bearer(key: &Secret) -> Result<HeaderValue, SimulateError> {
    let mut header = HeaderValue::from_str(&format!("Bearer {}", key.expose())).map_err(|_| SimulateError::KeyUnfit)?;
    header.set_sensitive(true);
    Ok(header)
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
            writeln!(lines, "{call}")?;
        }
        writeln!(io::stderr(), "{report}")?;
    }
    lines.flush()
}

/// Makes the calls, each beside the others. A call that fails is reported on stderr as it happens and counted; the others go on.
///
/// # Errors
/// Before anything is sent: when a file cannot be read or is damaged, when two files are the same stream, when the system allows
/// too few open files, or when there is nothing to connect to.
pub async fn run(args: &SimulateArgs) -> Result<Report, SimulateError> {
    let run = SystemIds.next();
    let seed = args.seed.unwrap_or_else(|| synthetic::mix(run.as_u128() as u64));
    let planning = args.clone();
    let planned = task::spawn_blocking(move || plan::plan(&planning, &run.simple().to_string(), seed));
    let calls = planned.await.map_err(SimulateError::Interrupted)??;
    if !args.files.is_empty() && args.verify == Verify::Samples {
        return Err(SimulateError::SamplesOfRecording);
    }
    limits::allow_files(calls.len())?;
    let authorization = args.key.as_ref().map(bearer).transpose()?;
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
                if stop.is_wished() {
                    progress.clear();
                    std::process::exit(BROKEN_OFF);
                }
                progress.say("Stopping: calls end as they are. Ctrl-C once more breaks off.");
                stop.wish();
                signalled.set(stop::signalled());
            }
            _ = beat.tick() => progress.show(),
        }
    };
    progress.clear();
    let broken = total - made.outcomes.len();
    Ok(Report::new(report::Run {
        settings,
        seed: args.chaos.then_some(seed),
        interrupted: stop.is_wished(),
        outcomes: made.outcomes,
        broken,
        measures: made.measures,
        elapsed: begun.elapsed(),
    }))
}

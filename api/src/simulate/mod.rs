//! `callstore simulate`: replays recorded Twilio Media Streams sessions into a running service, as its clients would.
//!
//! A file is read once into a [`session`], and made once into the [`script`] of requests that all its copies send;
//! [`replay`] plays one call of it through the [`client`], held back by its [`pace`]. Nothing here knows the database, or
//! any type of the server's: what is on the wire is all that the two share.

mod answer;
mod args;
mod client;
mod error;
mod message;
mod names;
mod pace;
mod progress;
mod replay;
mod script;
mod session;
mod summary;
mod transcripts;

use std::{
    collections::HashMap,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use service::{Ids, SystemIds};
use tokio::{
    task::{self, JoinSet},
    time::Instant,
};

pub use args::SimulateArgs;
pub use error::{CallFailure, SimulateError};
pub use pace::Speed;
pub use replay::Replayed;
pub use summary::Summary;

use client::Client;
use names::Names;
use pace::Pace;
use progress::Progress;
use script::Script;

/// Replays, prints a line for each call to stdout (`<call id> <URL of the recording>`, with `-` for a call that had no
/// audio) and a summary to stderr, and says how the process should exit: with 1 when any call failed.
pub async fn main(args: &SimulateArgs) -> ExitCode {
    let (printed, told, failed) = match run(args).await {
        Ok(summary) => (print(&summary.replayed), writeln!(io::stderr(), "{summary}"), summary.failed),
        Err(error) => (Ok(()), writeln!(io::stderr(), "callstore: {error}"), 1),
    };
    if printed.and(told).is_ok() && failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn print(calls: &[Replayed]) -> io::Result<()> {
    let mut lines = io::stdout().lock();
    for call in calls {
        writeln!(lines, "{call}")?;
    }
    lines.flush()
}

/// Replays the sessions, each call beside the others. A call that fails is reported on stderr as it happens and counted;
/// the others go on.
///
/// # Errors
/// Before anything is sent: when a file cannot be read or is damaged, when two files are the same stream, or when there
/// is nothing to connect to.
pub async fn run(args: &SimulateArgs) -> Result<Summary, SimulateError> {
    let (files, batch) = (args.files.clone(), usize::from(args.batch));
    let reading = task::spawn_blocking(move || read(&files, batch));
    let scripts = reading.await.map_err(SimulateError::Interrupted)??;
    let calls = cast(&scripts, args.calls)?;
    let client = Arc::new(Client::new(&args.url)?);
    client.reach().await?;

    let progress = Arc::new(Progress::new(calls.iter().map(|(script, _)| script.chunks()).sum()));
    let (begun, total) = (Instant::now(), calls.len());
    let mut running = JoinSet::new();
    for (index, (script, names)) in calls.into_iter().enumerate() {
        let pace = Pace::new(begun, args.speed).staggered(index, total);
        let (client, progress) = (Arc::clone(&client), Arc::clone(&progress));
        running.spawn(async move { (index, replay::replay(&client, &script, &names, pace, &progress).await) });
    }
    let mut replayed = Vec::with_capacity(total);
    while let Some(finished) = running.join_next().await {
        match finished {
            Ok((index, Some(call))) => replayed.push((index, call)),
            Ok((_, None)) => {}
            Err(error) => progress.say(&format!("A call broke off: {error}.")),
        }
    }
    progress.clear();
    replayed.sort_unstable_by_key(|(index, _)| *index);
    let replayed: Vec<_> = replayed.into_iter().map(|(_, call)| call).collect();
    let failed = total - replayed.len();
    Ok(Summary { replayed, failed, chunks: progress.chunks(), audio: progress.audio(), elapsed: begun.elapsed() })
}

fn read(files: &[PathBuf], batch: usize) -> Result<Vec<Arc<Script>>, SimulateError> {
    files.iter().map(|file| Script::read(file, batch).map(Arc::new)).collect()
}

/// Which calls there will be: each session once, or `copies` in all under names of their own, taking turns.
fn cast(scripts: &[Arc<Script>], copies: Option<u32>) -> Result<Vec<(Arc<Script>, Names)>, SimulateError> {
    if let Some(copies) = copies {
        let run = SystemIds.next().simple().to_string();
        let copy =
            |(script, number): (&Arc<Script>, u32)| (Arc::clone(script), Names::copy(&script.opening, &run, number));
        return Ok(scripts.iter().cycle().zip(1..=copies).map(copy).collect());
    }
    let mut streams = HashMap::new();
    for script in scripts {
        if let Some(first) = streams.insert(&script.opening.stream_sid, &script.file) {
            return Err(SimulateError::SameStream { first: first.clone(), second: script.file.clone() });
        }
    }
    Ok(scripts.iter().map(|script| (Arc::clone(script), Names::own(&script.opening))).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::Path;

    use super::*;

    const SESSION: &[u8] = br#"{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1"}}"#;

    fn script(file: &str) -> Arc<Script> {
        let session = session::Session::parse(Path::new(file), SESSION).unwrap();
        Arc::new(Script::new(Path::new(file), session, Vec::new(), 50))
    }

    #[test]
    fn copies_take_turns_and_no_two_share_a_name() {
        let scripts = [script("a.jsonl"), script("b.jsonl")];
        let calls = cast(&scripts, Some(5)).unwrap();
        let files: Vec<_> = calls.iter().filter_map(|(script, _)| script.file.to_str()).collect();
        assert_eq!(files, ["a.jsonl", "b.jsonl", "a.jsonl", "b.jsonl", "a.jsonl"]);
        let more = cast(&scripts, Some(5)).unwrap();
        let streams: std::collections::HashSet<_> =
            calls.iter().chain(&more).map(|(_, names)| names.stream_sid.clone()).collect();
        assert_eq!(streams.len(), 10);
    }

    #[test]
    fn the_same_stream_twice_needs_names_of_its_own() {
        let scripts = [script("a.jsonl"), script("b.jsonl")];
        let error = cast(&scripts, None).unwrap_err().to_string();
        assert!(error.contains("a.jsonl") && error.contains("b.jsonl") && error.contains("--calls"), "{error}");
        assert_eq!(cast(&scripts[..1], None).unwrap()[0].1.stream_sid, "MZ1");
    }
}

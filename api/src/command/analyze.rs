//! `callstore analyze`.

use std::{
    io::{self, Write},
    time::Instant,
};

use clap::Args;
use service::{
    CallRef, Store, SystemClock, Timestamp, absolute,
    audio::number::real,
    computed::{AnalysisFault, Analyzed, Selection, analyze},
};
use simulate::plain_line;

use super::{copy::Bar, keys::open};
use crate::{
    failure::Failure,
    settings::{DatabaseSettings, RecordingSettings},
    wire::Time,
};

/// Compute analytics of recordings that have none, such as those of earlier versions. The service may run
///
/// Recordings that were analyzed by an earlier algorithm are analyzed again; all others are skipped, so that an
/// interrupted run goes on when the same command is given again. Prints a line for each recording that cannot be
/// analyzed, and exits with 1 if there is any.
#[derive(Debug, Args)]
#[command(mut_arg("media_redirect", |arg| arg.hide(true)))]
#[command(after_help = "Examples:\n  \
    callstore analyze\n  \
    callstore analyze --since 2026-01-01\n  \
    callstore analyze --call MZ0123456789abcdef0123456789abcdef")]
pub(super) struct AnalyzeArgs {
    /// Only calls that began at this time or later, such as 2026-01-02T03:04:05Z or 2026-01-02 (in UTC)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<Timestamp>,
    /// Only this call, by its id or streamSid
    #[arg(long, value_name = "ID", value_parser = call)]
    call: Option<CallRef>,
    /// Recordings to analyze at a time [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=256))]
    jobs: Option<u32>,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    recordings: RecordingSettings,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let time = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let time = Time::parse(&time).map_err(|expected| format!("expected {expected}, or a date like 2026-01-02"))?;
    Ok(time.0)
}

fn call(text: &str) -> Result<CallRef, &'static str> {
    CallRef::parse(text).ok_or("this is neither the id of a call nor a streamSid; GET /calls lists calls")
}

/// Analyzes recordings.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) async fn run(args: &AnalyzeArgs) -> Result<(), Failure> {
    let (url, recordings) = (args.database.url()?, args.recordings.url()?);
    if let Some(file) = url.file()
        && !file.exists()
    {
        return Err(format!("there is no database {}; name it with --database-url", absolute(file).display()).into());
    }
    let database = open(&args.database).await?;
    let store = Store::open_to_read(&recordings, &args.recordings.environment)?;
    let jobs = args.jobs.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX))
    });
    let selection = Selection { since: args.since, call: args.call.clone() };
    let bar = Bar::default();
    let report = |fault: AnalysisFault| {
        bar.print(|| {
            // The exit code says it too.
            let _ = writeln!(io::stdout(), "call {}: {}", fault.call, plain_line(&fault.detail));
        });
    };
    let begun = Instant::now();
    let analyzed = analyze(&database, &store, (&selection, jobs), &SystemClock, &bar, &report).await;
    let seconds = begun.elapsed().as_secs_f64();
    bar.clear();
    database.close().await;
    let done = analyzed?;
    writeln!(io::stdout(), "{}", sentence(&done, seconds))?;
    match done.faults {
        0 => Ok(()),
        1 => Err("1 recording could not be analyzed".into()),
        faults => Err(format!("{faults} recordings could not be analyzed").into()),
    }
}

fn sentence(done: &Analyzed, seconds: f64) -> String {
    if done.recordings == 0 {
        return "There was no recording to analyze.".to_owned();
    }
    let (audio, noun) = (real(done.audio_ms) / 1e3, if done.recordings == 1 { "recording" } else { "recordings" });
    let times = audio / seconds.max(1e-3);
    format!(
        "Analyzed {} {noun}, {:.1} h of audio, in {seconds:.1} s: {times:.0} times real time.",
        done.recordings,
        audio / 3600.0
    )
}

//! The command-line arguments of `callstore simulate`.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use url::Url;

use crate::{
    batch::BATCH_MAX,
    key::Key,
    number::between,
    pace::Speed,
    settings::{Transport, Verify},
};

/// The default number of synthetic calls.
const CALLS: u32 = 10;
/// The longest synthetic call. The service accepts no larger timestamps.
const DURATION_MAX: Duration = Duration::from_secs(12 * 3_600);

/// Send synthetic calls or recorded sessions to a running service, and check the recordings
///
/// Without FILE, sends synthetic calls in real time, each with different audio, and ends them. It then compares each
/// recording with the audio it sent and prints a report. With FILE, replays recorded Twilio Media Streams sessions with
/// their transcripts. It prints one line for each call, its id and the URL of its recording, and writes the report to
/// standard error.
///
/// Ctrl-C ends all calls, compares them and prints the report; a second Ctrl-C aborts. The exit code is 1 if a call
/// failed or a recording is wrong.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:\n  \
    callstore simulate\n  \
    callstore simulate --calls 500 --duration 2m --transport twilio\n  \
    callstore simulate --dashboard\n  \
    callstore simulate --chaos --seed 7 --verify samples\n  \
    callstore simulate session.jsonl --pace realtime --url https://calls.example.com")]
pub struct SimulateArgs {
    /// Recorded sessions, one Twilio message per line. Transcripts of NAME.jsonl are read from NAME.transcripts.json,
    /// if that file exists
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Base URL of the service
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = service_url)]
    pub url: Url,

    /// API key with scope admin: the command writes calls and reads them back
    #[arg(long, env = "CALLSTORE_KEY", hide_env_values = true, value_name = "KEY")]
    pub key: Option<Key>,

    /// How to send audio to the service
    #[arg(long, value_enum, default_value_t = Transport::Http)]
    pub transport: Transport,

    /// Chunks per HTTP request, 1 to 500
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = between::<u16>(1..=BATCH_MAX as u64))]
    pub batch: u16,

    /// Number of concurrent calls. With FILE, sessions take turns under new names [default: 10; with FILE, each session
    /// once under its own name]
    #[arg(long, value_name = "N", value_parser = between::<u32>(1..=u32::MAX.into()))]
    pub calls: Option<u32>,

    /// Length of a synthetic call, such as 90s or 10m; at most 12h
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = call_duration, conflicts_with = "files")]
    pub duration: Duration,

    /// Tracks of a synthetic call: 1 (caller) or 2 (caller and agent)
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "files", value_parser = between::<u8>(1..=2))]
    pub tracks: u8,

    /// Length of a synthetic frame in milliseconds, 20 to 1000
    #[arg(long, value_name = "MS", default_value_t = 20, conflicts_with = "files", value_parser = between::<u16>(20..=1_000))]
    pub frame_ms: u16,

    /// Time over which the calls start, so that they do not send in step [default: 5s; with FILE, 1s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub ramp: Option<Duration>,

    /// Speed: realtime, max (no pauses), or a factor of real time such as 10 [default: realtime; with FILE, max]
    #[arg(long, visible_alias = "speed", value_name = "PACE")]
    pub pace: Option<Speed>,

    /// How to compare recordings with the audio sent
    #[arg(long, value_enum, default_value_t = Verify::Length)]
    pub verify: Verify,

    /// Inject faults: drop, repeat and reorder frames, stall and catch up, break connections and reconnect
    #[arg(long)]
    pub chaos: bool,

    /// Seed for chaos and synthetic audio; the same seed repeats them [default: random]
    #[arg(long, value_name = "NUMBER", value_parser = between::<u64>(0..=u64::MAX))]
    pub seed: Option<u64>,

    /// Number of sending threads [default: half the processors]
    #[arg(long, value_name = "N", value_parser = between::<u16>(1..=256))]
    pub threads: Option<u16>,

    /// Fill a new service with two dozen example calls of the last days, and make one that runs for --duration
    #[arg(long, conflicts_with_all = [
        "files", "transport", "batch", "calls", "tracks", "frame_ms", "ramp", "pace", "verify", "chaos", "threads", "json",
    ])]
    pub dashboard: bool,

    /// Print only the report, as JSON, to standard output
    #[arg(long)]
    pub json: bool,
}

impl SimulateArgs {
    /// The number of synthetic calls.
    #[must_use]
    pub fn synthetic_calls(&self) -> u32 {
        self.calls.unwrap_or(CALLS)
    }

    /// The speed: real time for synthetic calls and no pauses for recorded sessions, unless `--pace` says otherwise.
    #[must_use]
    pub fn speed(&self) -> Speed {
        self.pace.unwrap_or(if self.files.is_empty() { Speed::Times(1.0) } else { Speed::Max })
    }

    /// The time over which the calls start.
    #[must_use]
    pub fn ramp(&self) -> Duration {
        self.ramp.unwrap_or(Duration::from_secs(if self.files.is_empty() { 5 } else { 1 }))
    }

    /// The number of sending threads: half the processors, rounded up, unless `--threads` says otherwise.
    #[must_use]
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2));
        self.threads.map_or_else(half, usize::from)
    }
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    humantime::parse_duration(text).map_err(|_| "expected a number and its unit, such as 90s or 10m")
}

fn call_duration(text: &str) -> Result<Duration, String> {
    let duration = duration(text)?;
    if duration.is_zero() || duration > DURATION_MAX {
        return Err("expected a duration above 0s and at most 12h, such as 90s or 10m".to_owned());
    }
    Ok(duration)
}

fn service_url(text: &str) -> Result<Url, String> {
    let url = text.parse().ok().filter(|url: &Url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let url = url.ok_or("expected an http or https URL, such as http://127.0.0.1:8080")?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected a URL without a query or fragment, such as http://127.0.0.1:8080".to_owned());
    }
    Ok(url)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: SimulateArgs,
    }

    fn parse(args: &str) -> Option<SimulateArgs> {
        Command::try_parse_from(["simulate"].into_iter().chain(args.split_whitespace()))
            .ok()
            .map(|command| command.args)
    }

    #[test]
    fn nothing_is_needed() {
        let args = parse("").unwrap();
        assert_eq!((args.synthetic_calls(), args.tracks, args.frame_ms), (10, 2, 20));
        assert_eq!((args.speed(), args.ramp().as_secs(), args.duration.as_secs()), (Speed::Times(1.0), 5, 60));
        assert_eq!((args.transport, args.verify), (Transport::Http, Verify::Length));
        let args = parse("a.jsonl").unwrap();
        assert_eq!((args.batch, args.calls, args.speed(), args.ramp().as_secs()), (50, None, Speed::Max, 1));
        assert_eq!(args.url.as_str(), "http://127.0.0.1:8080/");
        assert_eq!(parse("a.jsonl --speed 10").unwrap().speed(), parse("--pace 10").unwrap().speed());
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let wrong = [
            "--batch 0",
            "--batch 501",
            "--calls 0",
            "--speed 0",
            "--speed -1",
            "--speed fast",
            "--url ftp://a",
            "--duration 0s",
            "--duration 13h",
            "--tracks 3",
            "--frame-ms 10",
            "--transport udp",
            "--verify all",
            "--threads 0",
            "a.jsonl --tracks 1",
        ];
        for args in wrong {
            assert!(parse(args).is_none(), "{args}");
        }
        for args in ["--batch 1", "--batch 500", "--calls 5000", "--speed 0.5", "--speed max", "--url https://a/b"] {
            assert!(parse(&format!("a.jsonl {args}")).is_some(), "{args}");
        }
    }
}

//! What `callstore simulate` takes on the command line.

use std::{convert::Infallible, path::PathBuf, time::Duration};

use clap::{
    Args,
    builder::{RangedI64ValueParser, RangedU64ValueParser},
};
use reqwest::Url;
use service::{Secret, limits::BATCH_MAX};

use super::{Speed, transport::Transport, verify::Verify};

/// How many calls there are unless it is said.
const CALLS: u32 = 10;
/// The longest synthetic call: the service keeps no timestamp beyond.
const DURATION_MAX: Duration = Duration::from_secs(12 * 3_600);

/// Send calls to a running service: synthetic ones, thousands at a time, or recorded sessions
///
/// Without FILE, makes synthetic calls at real time, each with audio of its own; ends them, compares each recording with what
/// was sent, and prints a report. With FILE, replays recorded Twilio Media Streams sessions with their transcripts, and prints
/// the call's id and the URL of its recording, a line for each call; the report goes to standard error.
///
/// Ctrl-C ends the calls as they are and reports; a second one breaks off. Exits with 1 when a call failed, or when something
/// that was acknowledged is not in its recording.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Recorded sessions, one message of Twilio's on each line; the transcripts of NAME.jsonl are in NAME.transcripts.json
    /// beside it, if there are any
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,

    /// Where the service is
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = service_url)]
    pub url: Url,

    /// A key of the service, of scope admin: calls are written, and read again to be compared
    #[arg(long, env = "CALLSTORE_KEY", hide_env_values = true, value_name = "KEY", value_parser = secret)]
    pub key: Option<Secret>,

    /// How audio reaches the service
    #[arg(long, value_enum, default_value_t = Transport::Http)]
    pub transport: Transport,

    /// How many chunks a request carries over http, 1 to 500
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = batch_size())]
    pub batch: u16,

    /// How many calls there are at a time; recorded sessions take turns, under new names [default: 10; of files, each once under
    /// its own name]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub calls: Option<u32>,

    /// How long a synthetic call is, as in 90s or 10m; 12h at most
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = call_duration, conflicts_with = "files")]
    pub duration: Duration,

    /// How many tracks a synthetic call has: 1, the caller's, or 2, the agent's as well
    #[arg(long, value_name = "N", default_value_t = 2, conflicts_with = "files", value_parser = RangedI64ValueParser::<u8>::new().range(1..=2))]
    pub tracks: u8,

    /// How many milliseconds a frame of a synthetic call lasts, 20 to 1000
    #[arg(long, value_name = "MS", default_value_t = 20, conflicts_with = "files", value_parser = RangedU64ValueParser::<u16>::new().range(20..=1_000))]
    pub frame_ms: u16,

    /// Over how much of the calls' time their beginnings are spread, so that they do not send in step [default: 5s; of files,
    /// 1s]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    pub ramp: Option<Duration>,

    /// How fast: realtime, max (without pauses), or how many times as fast as real time [default: realtime; of files, max]
    #[arg(long, visible_alias = "speed", value_name = "PACE")]
    pub pace: Option<Speed>,

    /// How recordings are compared with what was sent
    #[arg(long, value_enum, default_value_t = Verify::Length)]
    pub verify: Verify,

    /// Lose, repeat and reorder frames, fall silent and catch up, break connections and come back
    #[arg(long)]
    pub chaos: bool,

    /// What decides about chaos and synthetic audio: the same again for the same number [default: another each time]
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,

    /// How many threads send [default: half as many as there are processors]
    #[arg(long, value_name = "N", value_parser = RangedU64ValueParser::<u16>::new().range(1..=256))]
    pub threads: Option<u16>,

    /// Print the report to standard output as JSON, and nothing else
    #[arg(long)]
    pub json: bool,
}

impl SimulateArgs {
    /// How many synthetic calls there are.
    #[must_use]
    pub fn synthetic_calls(&self) -> u32 {
        self.calls.unwrap_or(CALLS)
    }

    /// How fast.
    #[must_use]
    pub fn speed(&self) -> Speed {
        self.pace.unwrap_or(if self.files.is_empty() { Speed::Times(1.0) } else { Speed::Max })
    }

    /// Over how much of the calls' time their beginnings are spread.
    #[must_use]
    pub fn ramp(&self) -> Duration {
        self.ramp.unwrap_or(Duration::from_secs(if self.files.is_empty() { 5 } else { 1 }))
    }

    /// How many threads send.
    #[must_use]
    pub fn threads(&self) -> usize {
        let half = || std::thread::available_parallelism().map_or(1, |processors| processors.get().div_ceil(2));
        self.threads.map_or_else(half, usize::from)
    }
}

/// Takes anything, since what is refused is printed.
fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text))
}

fn batch_size() -> RangedI64ValueParser<u16> {
    RangedI64ValueParser::new().range(1..=BATCH_MAX as i64)
}

fn call_duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() || duration > DURATION_MAX {
        return Err("expected a time above 0, and of 12h at most".to_owned());
    }
    Ok(duration)
}

fn service_url(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error| format!("{error}"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err("expected a URL like http://127.0.0.1:8080".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("expected a URL without query and fragment".to_owned());
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

//! What `callstore simulate` takes on the command line.

use std::path::PathBuf;

use clap::{Args, builder::RangedI64ValueParser};
use reqwest::Url;
use service::limits::BATCH_MAX;

use super::Speed;

/// Replay recorded Twilio Media Streams sessions into a running service
///
/// Starts a call for each session, posts its chunks and its transcripts, ends it, and prints the call's id and the URL of
/// its recording, a line for each call. Exits with 1 when any call failed.
#[derive(Args, Clone, Debug)]
pub struct SimulateArgs {
    /// Recorded sessions, one message of Twilio's on each line; the transcripts of NAME.jsonl are in NAME.transcripts.json
    /// beside it, if there are any
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,

    /// Where the service is
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080", value_parser = service_url)]
    pub url: Url,

    /// How many chunks a request carries, 1 to 500
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = batch_size())]
    pub batch: u16,

    /// Replay N calls side by side under new names, the files taking turns [default: each file once, under its own name]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub calls: Option<u32>,

    /// How many times faster than it was recorded: 1 is real time, 10 is ten times as fast, max is without pauses
    ///
    /// Calls that are paced begin spread over the first second of their time, so that they do not send in step.
    #[arg(long, value_name = "FACTOR", default_value = "max")]
    pub speed: Speed,
}

fn batch_size() -> RangedI64ValueParser<u16> {
    RangedI64ValueParser::new().range(1..=BATCH_MAX as i64)
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
        Command::try_parse_from(["simulate"].into_iter().chain(args.split(' '))).ok().map(|command| command.args)
    }

    #[test]
    fn a_file_is_all_that_is_needed() {
        let args = parse("a.jsonl").unwrap();
        assert_eq!((args.batch, args.calls, args.speed), (50, None, Speed::Max));
        assert_eq!(args.url.as_str(), "http://127.0.0.1:8080/");
        assert!(Command::try_parse_from(["simulate"]).is_err());
    }

    #[test]
    fn values_out_of_range_are_refused() {
        for args in
            ["--batch 0", "--batch 501", "--calls 0", "--speed 0", "--speed -1", "--speed fast", "--url ftp://a"]
        {
            assert!(parse(&format!("a.jsonl {args}")).is_none(), "{args}");
        }
        for args in ["--batch 1", "--batch 500", "--calls 5000", "--speed 0.5", "--speed max", "--url https://a/b"] {
            assert!(parse(&format!("a.jsonl {args}")).is_some(), "{args}");
        }
    }
}

//! Tests of `callstore simulate` as an operator runs it: the built binary against a service in its own folder.

mod chaos;
mod dashboard;
mod faults;
mod proxy;
mod recorded;
mod synthetic;

use std::{path::Path, process::Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Binary, client_builder};

const TRANSPORTS: [&str; 3] = ["http", "stream", "twilio"];

/// The output of a run.
pub(crate) struct Run {
    code: Option<i32>,
    printed: String,
    errors: String,
}

impl Run {
    /// Parses the report of a run with `--json`.
    #[track_caller]
    fn report(&self) -> Value {
        serde_json::from_str(&self.printed).unwrap_or_else(|error| panic!("{error}: {}{}", self.printed, self.errors))
    }

    /// Parses the report of a run, which must have succeeded.
    #[track_caller]
    pub(crate) fn good(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}{}", self.printed, self.errors);
        self.report()
    }
}

/// The command with its arguments.
pub(crate) fn command(url: &str, arguments: &str) -> Command {
    let mut command = Binary::bare(Path::new(env!("CARGO_MANIFEST_DIR")));
    command.args(["simulate", "--url", url]).args(arguments.split_whitespace());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

pub(crate) async fn simulate(url: &str, arguments: &str) -> Run {
    let output = command(url, arguments).output().await.unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Run { code: output.status.code(), printed: text(&output.stdout), errors: text(&output.stderr) }
}

/// A service and its folder.
async fn service() -> (TempDir, Binary) {
    let folder = TempDir::new().unwrap();
    let service = Binary::serve(folder.path()).await;
    (folder, service)
}

async fn get(service: &Binary, path: &str) -> Value {
    let client = client_builder().build().unwrap();
    client.get(service.url(path)).send().await.unwrap().error_for_status().unwrap().json().await.unwrap()
}

/// The calls of a service, with their recordings.
async fn calls(service: &Binary) -> Vec<Value> {
    let page = get(service, "/calls?limit=500").await;
    let mut calls = Vec::new();
    for call in page["items"].as_array().unwrap() {
        let id = call["id"].as_str().unwrap();
        calls.push(get(service, &format!("/calls/{id}?include=recordings,transcripts,metadata")).await);
    }
    calls
}

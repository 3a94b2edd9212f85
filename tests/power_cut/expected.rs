//! What must be there after a power cut, as a user finds it: the service is started and asked.

use std::{collections::BTreeMap, path::Path};

use reqwest::{Client, Method};
use service::audio::{mulaw_to_pcm16, wav};
use tokio::process::Command;

use super::cuts::Promise;
use crate::support::{Answer, Binary, eventually};

/// Bytes of a chunk: 20 ms of mu-law.
const CHUNK: usize = 160;

/// What must be there of a call, and what may be there besides, since its request was under way.
#[derive(Default)]
pub(super) struct Kept {
    pub chunks: usize,
    pub said: Vec<String>,
    pub ended: bool,
    pub deleted: bool,
    pub may_be: Option<Promise>,
}

/// What must be there after a cut.
pub(super) struct Expected {
    pub calls: BTreeMap<String, Kept>,
    pub client: Client,
    /// Whether the power went after the end of everything.
    pub is_over: bool,
}

/// The bytes of a chunk, other ones for each number.
pub(super) fn audio(number: usize) -> Vec<u8> {
    (0..CHUNK).map(|index| ((number * 37 + index * 11) % 251) as u8).collect()
}

/// A command on the data in a folder of `folder`.
pub(super) fn command(folder: &Path, data: &str, arguments: &[&str]) -> Command {
    let mut command = Binary::bare(folder);
    command.args(arguments).args(["--database-url", &format!("sqlite://{data}/callstore.db")]);
    command.args(["--recordings", &format!("{data}/recordings")]);
    command
}

impl Expected {
    /// Starts the service on a disk, asks for everything that was acknowledged, and compares what is stored.
    pub(super) async fn check(&self, folder: &Path, data: &str) -> Result<(), String> {
        let serve = command(folder, data, &["--listen", "127.0.0.1:0", "--log-format", "json"]);
        let service = Binary::try_start(serve).await.map_err(|said| format!("it does not start: {said}"))?;
        for (call, kept) in &self.calls {
            self.find(&service, call, kept).await.map_err(|fault| format!("{call}: {fault}"))?;
        }
        service.kill().await;
        let output = Binary::output(command(folder, data, &["verify"])).await;
        let said = [output.stdout, output.stderr].concat();
        if output.status.success() { Ok(()) } else { Err(String::from_utf8(said).unwrap()) }
    }

    async fn ask(&self, service: &Binary, method: Method, path: &str) -> Answer {
        Answer::read(self.client.request(method, service.url(path)).send().await.unwrap()).await
    }

    async fn find(&self, service: &Binary, call: &str, kept: &Kept) -> Result<(), String> {
        let path = format!("/calls/{call}");
        let found = self.ask(service, Method::GET, &path).await;
        match (found.status, &kept.may_be) {
            (404, _) if kept.deleted => return Ok(()),
            (404, Some(Promise::Started | Promise::Deleted)) => return Ok(()),
            (200, _) if !kept.deleted => {}
            (status, _) => return Err(format!("{status}, deleted: {}", kept.deleted)),
        }
        let status = found.json()["status"].clone();
        if kept.ended && !["finalizing", "completed"].contains(&status.as_str().unwrap()) {
            return Err(format!("it was ended, and is {status}"));
        }
        let transcripts = self.ask(service, Method::GET, &format!("{path}/transcripts")).await.expect(200).json();
        let texts: Vec<&str> =
            transcripts["items"].as_array().unwrap().iter().filter_map(|it| it["text"].as_str()).collect();
        if let Some(text) = kept.said.iter().find(|text| !texts.contains(&text.as_str())) {
            return Err(format!("{text:?} is missing in {transcripts}"));
        }
        let end = || async {
            let ended = self.ask(service, Method::POST, &format!("{path}/end")).await.json();
            (ended["status"] == "completed").then_some(ended)
        };
        let ended = eventually("the recording is made", end).await;
        let heard = match ended["recordings"][0]["id"].as_str() {
            None => Vec::new(),
            Some(id) => {
                let file = self.ask(service, Method::GET, &format!("/recordings/{id}/audio")).await;
                if file.status != 200 {
                    return Err(format!("its recording: {}", file.text()));
                }
                wav::read(&file.bytes).unwrap().samples.into_iter().step_by(2).collect::<Vec<i16>>()
            }
        };
        let chunks = heard.len() / CHUNK;
        // One more may have been on its way.
        if !(kept.chunks..=kept.chunks + 1).contains(&chunks) {
            return Err(format!("{chunks} of {} chunks", kept.chunks));
        }
        if heard == mulaw_to_pcm16(&(0..chunks).flat_map(audio).collect::<Vec<_>>()) {
            return Ok(());
        }
        Err("the recording is not what was sent".to_owned())
    }
}

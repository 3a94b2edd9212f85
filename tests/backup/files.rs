//! A service whose data is in files, and the commands that back it up.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Binary, call, chunk, client_builder};

/// A service with its database and its recordings in files, whatever the other tests run on.
pub(super) struct Files {
    pub folder: TempDir,
    client: Client,
}

impl Files {
    pub(super) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), client: client_builder().build().unwrap() }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a service on the data of a folder.
    pub(super) async fn serve(&self, data: &str) -> Binary {
        let mut command = Binary::bare(self.folder.path());
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]).args(data_arguments(data));
        Binary::start(command).await
    }

    /// Runs a command, and says what it printed and whether it failed.
    pub(super) async fn run(&self, arguments: &[&str], data: &str, crash_at: Option<&str>) -> (bool, String) {
        let mut command = Binary::bare(self.folder.path());
        command.args(arguments).args(data_arguments(data));
        command.envs(crash_at.map(|point| ("CALLSTORE_CRASH_AT", point)));
        let output = Binary::output(command).await;
        let said = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(said).unwrap())
    }

    pub(super) async fn done(&self, arguments: &[&str], data: &str) -> String {
        let (done, said) = self.run(arguments, data, None).await;
        assert!(done, "{said}");
        said
    }

    pub(super) async fn refused(&self, arguments: &[&str], data: &str, words: &str) {
        let (done, said) = self.run(arguments, data, None).await;
        assert!(!done && said.contains(words), "{said}");
    }

    pub(super) async fn ask(&self, binary: &Binary, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.client.request(method, binary.url(path));
        let request = if body.is_null() { request } else { request.json(body) };
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer
    }

    pub(super) async fn post(&self, binary: &Binary, path: &str, body: &Value) -> Value {
        self.ask(binary, Method::POST, path, body).await.json()
    }

    pub(super) async fn get(&self, binary: &Binary, path: &str) -> Answer {
        self.ask(binary, Method::GET, path, &Value::Null).await
    }

    /// Makes a call with three chunks, and ends it: its recording's id.
    pub(super) async fn record(&self, binary: &Binary, name: &str) -> String {
        self.post(binary, "/calls", &call(name)).await;
        for number in 0..3 {
            self.post(binary, &format!("/calls/{name}/chunks"), &chunk("inbound", number, number * 20)).await;
        }
        let ended = self.post(binary, &format!("/calls/{name}/end"), &json!({})).await;
        ended["recordings"][0]["id"].as_str().unwrap().to_owned()
    }

    /// The files of recordings below a folder.
    pub(super) fn recordings(&self, folder: &str) -> Vec<PathBuf> {
        let mut found: Vec<_> = files(&self.path(folder));
        found.retain(|path| path.extension().is_some_and(|suffix| suffix == "wav"));
        found.sort();
        found
    }
}

/// The options for the data in a folder.
pub(super) fn data_arguments(data: &str) -> [String; 4] {
    let database = format!("sqlite://{data}/callstore.db");
    ["--database-url".to_owned(), database, "--recordings".to_owned(), format!("{data}/recordings")]
}

pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

pub(super) fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

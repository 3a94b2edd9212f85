//! A service that is being moved, and its new place.

use std::{fs, path::PathBuf};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Answer, Binary, Objects, client_builder, database_url, object_url};

/// A service to be moved, and the new place.
pub(super) struct Move {
    pub folder: TempDir,
}

impl Move {
    /// The old service, not started yet.
    pub(super) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        for name in ["old", "new"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        Self { folder }
    }

    pub(super) fn old(&self) -> PathBuf {
        self.folder.path().join("old")
    }

    /// A name unique among all tests, by which the object store tells them apart.
    pub(super) fn new_store(&self) -> String {
        object_url(self.folder.path())
            .unwrap_or_else(|| format!("file://{}", self.folder.path().join("new/recordings").display()))
    }

    pub(super) fn new_database(&self) -> String {
        database_url(&self.folder.path().join("new/callstore.db"))
    }

    /// Starts the service at its old place.
    pub(super) async fn serve_old(&self) -> Binary {
        let mut command = Binary::bare(&self.old());
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
        Binary::start(command).await
    }

    /// Starts the service at its new place.
    pub(super) async fn serve_new(&self) -> Binary {
        let mut command = self.command();
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
        command.args(["--database-url", &self.new_database(), "--recordings-url", &self.new_store()]);
        Binary::start(command).await
    }

    pub(super) fn command(&self) -> Command {
        let mut command = Binary::bare(self.folder.path());
        command.envs(Objects::shared().map(Objects::environment).into_iter().flatten());
        command
    }

    /// The command that copies the database.
    pub(super) fn database(&self) -> Command {
        let mut command = self.command();
        command.args(["copy", "--from", "sqlite://old/data/callstore.db", "--to", &self.new_database()]);
        command
    }

    /// The command that copies the recordings.
    pub(super) fn recordings(&self) -> Command {
        let mut command = self.command();
        let old = format!("file://{}", self.old().join("data/recordings").display());
        command.args(["copy", "--from", "sqlite://old/data/callstore.db"]);
        command.args(["--from-store", &old, "--to-store", &self.new_store()]);
        command
    }
}

/// Requests to a service that runs as a process.
pub(super) struct Asking<'binary> {
    binary: &'binary Binary,
    client: Client,
    pub key: Option<String>,
}

impl<'binary> Asking<'binary> {
    pub(super) fn new(binary: &'binary Binary, key: Option<&str>) -> Self {
        Self { binary, client: client_builder().build().unwrap(), key: key.map(str::to_owned) }
    }

    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, self.binary.url(path));
        if let Some(key) = &self.key { request.bearer_auth(key) } else { request }
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        Answer::read(self.request(Method::GET, path).send().await.unwrap()).await.expect(200)
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = Answer::read(self.request(Method::POST, path).json(body).send().await.unwrap()).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }
}

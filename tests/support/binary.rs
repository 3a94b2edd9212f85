//! The built binary as a process, as an operator runs it.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Output, Stdio},
};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

use super::{Answer, Objects, PATIENCE, database_url, on_sqlite, store};

/// A serving process of the binary; killed when dropped.
pub(crate) struct Binary {
    pub child: Child,
    address: String,
}

impl Binary {
    /// The command with the service's settings in `folder`, a free port, and a clean environment.
    pub(crate) fn command(folder: &Path) -> Command {
        let mut command = Self::local(folder);
        if let Some((objects, url)) = Objects::shared().zip(store::url(folder)) {
            command.env("RECORDING_STORAGE_URL", url).envs(objects.environment());
        }
        command
    }

    /// The same, with the recordings in `folder` whatever store the other tests use.
    pub(crate) fn local(folder: &Path) -> Command {
        let mut command = Self::with_database(folder);
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
        command
    }

    /// The command with the service's default database in `folder`, or the one that stands for it.
    pub(crate) fn with_database(folder: &Path) -> Command {
        let mut command = Self::bare(folder);
        if !on_sqlite() {
            command.env("DATABASE_URL", database_url(&folder.join("data/callstore.db")));
        }
        command
    }

    /// The bare command.
    pub(crate) fn bare(folder: &Path) -> Command {
        let mut command = Command::new(Self::path());
        #[expect(clippy::disallowed_methods, reason = "the process inherits none of them")]
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            let ours = ["CALLSTORE_", "RECORDING_STORAGE_", "AWS_"].iter().any(|prefix| text.starts_with(prefix));
            if ours || ["DATABASE_URL", "RUST_LOG"].iter().any(|known| name == *known) {
                command.env_remove(name);
            }
        }
        command.current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// The folder of the recordings of a service started in `folder`, wherever they are.
    pub(crate) fn recordings(folder: &Path) -> PathBuf {
        store::recordings(folder, "data/recordings")
    }

    /// The output of a command that ends by itself.
    pub(crate) async fn output(mut command: Command) -> Output {
        tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").unwrap()
    }

    pub(crate) fn path() -> PathBuf {
        PathBuf::from(env!("CARGO_BIN_EXE_callstore"))
    }

    /// Starts the service in `folder` and waits until it logs its address.
    pub(crate) async fn serve(folder: &Path) -> Self {
        Self::start(Self::command(folder)).await
    }

    /// Starts a serving command and waits until it logs its address.
    pub(crate) async fn start(command: Command) -> Self {
        Self::try_start(command).await.unwrap_or_else(|said| panic!("the service ended before it listened: {said}"))
    }

    /// The same, or the output of a service that ended before it listened.
    pub(crate) async fn try_start(mut command: Command) -> Result<Self, String> {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let listening = async {
            let mut said = String::new();
            while let Some(line) = lines.next_line().await.unwrap() {
                said = said + &line + "\n";
                let line: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(address) = line["address"].as_str() {
                    return Ok(address.to_owned());
                }
            }
            Err(said)
        };
        let address = tokio::time::timeout(PATIENCE, listening).await.unwrap()?;
        // Keep reading, so that the log never fills its pipe.
        tokio::spawn(async move { while lines.next_line().await.is_ok_and(|line| line.is_some()) {} });
        Ok(Self { child, address })
    }

    /// The address on which it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address.parse().unwrap()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Sends raw bytes.
    pub(crate) async fn raw(&self, request: &[u8]) -> Answer {
        Answer::of_bytes(&self.address, request).await
    }

    /// Sends the signal to stop, as an operator does.
    pub(crate) async fn tell_to_stop(&self) {
        let mut kill = Command::new("kill");
        kill.args(["-TERM", &self.child.id().unwrap().to_string()]).stdin(Stdio::null());
        assert!(kill.status().await.unwrap().success());
    }

    /// Waits until it has stopped. It takes ten seconds at most, unless a busy disk delays its last syncs.
    pub(crate) async fn stopped(mut self) {
        let exit = tokio::time::timeout(PATIENCE, self.child.wait()).await;
        assert_eq!(exit.expect("it stops").unwrap().code(), Some(0));
    }

    /// Kills the process, as in a crash: no handler runs.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

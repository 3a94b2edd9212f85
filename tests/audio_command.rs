//! `callstore audio`, run as a user does: with files and pipes, and with other programs on the same files.

mod convert;
mod damage;
mod inspect;
mod streams;

use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
};

use tempfile::TempDir;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::support::Binary;

/// Synthetic speech, 3.929375 s of mu-law at 8 kHz: an odd number of bytes.
const CALLER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/readme/caller.ulaw");

/// A folder with `caller.ulaw` in it.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::copy(CALLER, folder.path().join("caller.ulaw")).unwrap();
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path().join(name), bytes).unwrap();
    }

    /// The names in the folder, sorted.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// The command `callstore audio ...` with these arguments, split at spaces.
    fn audio(&self, arguments: &str) -> Command {
        let mut command = Binary::bare(self.path());
        command.arg("audio").args(arguments.split_whitespace()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs `callstore audio ...`, which must succeed silently, and returns its standard output.
    async fn run(&self, arguments: &str) -> Vec<u8> {
        accepted(arguments, self.audio(arguments).output().await.unwrap())
    }

    /// The same with input from a pipe.
    async fn pipe(&self, bytes: &[u8], arguments: &str) -> Vec<u8> {
        accepted(arguments, feed(self.audio(arguments), bytes).await)
    }

    /// Runs `callstore audio ...`, which must fail, and returns its error.
    async fn refused(&self, arguments: &str) -> String {
        refusal(arguments, &self.audio(arguments).output().await.unwrap())
    }

    /// Runs another program, and returns its standard output.
    async fn other(&self, line: &str) -> Vec<u8> {
        let (program, arguments) = line.split_once(' ').unwrap();
        let mut command = Command::new(program);
        command.args(arguments.split_whitespace()).current_dir(self.path()).stdin(Stdio::null()).kill_on_drop(true);
        let output = command.output().await.unwrap_or_else(|error| panic!("{program}: {error}; see scripts/test.sh"));
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }
}

/// Runs a command with these bytes as its piped input.
async fn feed(mut command: Command, bytes: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let feeding = async move {
        // A command that refuses its input does not read it to the end.
        let _ = pipe.write_all(bytes).await;
    };
    tokio::join!(feeding, child.wait_with_output()).1.unwrap()
}

#[track_caller]
fn accepted(arguments: &str, output: Output) -> Vec<u8> {
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "audio {arguments}: {said}");
    output.stdout
}

/// The error of a failed command: one sentence, and no panic.
#[track_caller]
fn refusal(arguments: &str, output: &Output) -> String {
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(1), "audio {arguments}: {said}");
    assert!(said.starts_with("callstore: ") && said.ends_with(".\n") && said.lines().count() == 1, "{said}");
    said
}

//! `callstore verify`, beside a service that runs.

use std::{fs, path::Path};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Binary, call, chunk, client_builder, execute, on_sqlite};

/// A service and a client of it.
struct Running {
    folder: TempDir,
    service: Binary,
}

impl Running {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let service = Binary::serve(folder.path()).await;
        Self { folder, service }
    }

    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answer {
        let client = client_builder().build().unwrap();
        Answer::read(client.request(method, self.service.url(path)).json(body).send().await.unwrap()).await
    }

    /// Records a call and returns the file.
    async fn record(&self, name: &str) -> std::path::PathBuf {
        self.ask(Method::POST, "/calls", &call(name)).await.expect(201);
        self.ask(Method::POST, &format!("/calls/{name}/chunks"), &chunk("inbound", 0, 0)).await.expect(201);
        let ended = self.ask(Method::POST, &format!("/calls/{name}/end"), &json!({})).await.expect(200).json();
        self.recordings().join(ended["recordings"][0]["filePath"].as_str().unwrap())
    }

    fn recordings(&self) -> std::path::PathBuf {
        Binary::recordings(self.folder.path())
    }

    /// Runs the command; returns its exit code, and what it printed to both outputs.
    async fn verify(&self) -> (Option<i32>, String, String) {
        let mut command = Binary::command(self.folder.path());
        // `command` is for the service: the same settings, without its own options.
        let settings: Vec<_> =
            command.as_std().get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned))).collect();
        command = Binary::bare(self.folder.path());
        for (name, value) in settings {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.arg("verify");
        let output = Binary::output(command).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

fn flip(file: &Path) {
    let mut bytes = fs::read(file).unwrap();
    bytes[45] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[tokio::test]
async fn what_is_intact_is_said_to_be_intact_while_calls_go_on() {
    let running = Running::start().await;
    running.record("MZ1").await;
    running.record("MZ2").await;
    running.ask(Method::POST, "/calls", &call("MZ3")).await.expect(201);
    running.ask(Method::POST, "/calls/MZ3/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let (code, said, errors) = running.verify().await;
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{said}");
    assert_eq!(said, "The database, 2 recordings of 1.3 KiB and 2 files are intact.\n");
    // The service is not disturbed.
    running.ask(Method::POST, "/calls/MZ3/end", &json!({})).await.expect(200);
}

#[tokio::test]
async fn every_fault_is_listed_and_ends_the_command_with_1() {
    let running = Running::start().await;
    let (damaged, cut, missing) =
        (running.record("MZ1").await, running.record("MZ2").await, running.record("MZ3").await);
    let intact = running.record("MZ4").await;
    flip(&damaged);
    fs::write(&cut, &fs::read(&cut).unwrap()[..100]).unwrap();
    fs::remove_file(&missing).unwrap();
    let orphan = running.recordings().join("0f/01980000-0000-7000-8000-00000000000f.wav");
    fs::create_dir_all(orphan.parent().unwrap()).unwrap();
    fs::copy(&intact, &orphan).unwrap();
    // Not a name that the service gives.
    fs::write(running.recordings().join("0f/notes.txt"), "notes").unwrap();

    let (code, said, errors) = running.verify().await;
    assert_eq!((code, errors.as_str()), (Some(1), "callstore: 4 faults were found\n"), "{said}");
    let name = |file: &Path| file.strip_prefix(running.recordings()).unwrap().display().to_string();
    for (kind, file, detail) in [
        ("damaged", &damaged, "its bytes differ from their hash"),
        ("damaged", &cut, "its length differs from the recording's"),
        ("missing", &missing, "the store does not have it"),
        ("orphan", &orphan, "the database has no recording for it"),
    ] {
        let line = format!("{kind:10}  {}: {detail}\n", name(file));
        assert!(said.contains(&line), "{line} is not in {said}");
    }
    assert!(
        !said.contains(&name(&intact))
            && said.ends_with("Compared the database, 4 recordings of 2.7 KiB and the files of 5 calls.\n"),
        "{said}"
    );
}

#[tokio::test]
async fn hashes_of_blocks_that_are_wrong_are_told() {
    let running = Running::start().await;
    let file = running.record("MZ1").await;
    let database = running.folder.path().join("data/callstore.db");
    execute(
        &database,
        if on_sqlite() {
            "UPDATE recording_check SET block_hashes = x'00'"
        } else {
            "UPDATE recording_check SET block_hashes = '\\x00'"
        },
    )
    .await;
    let (code, said, _) = running.verify().await;
    assert_eq!(code, Some(1), "{said}");
    let file = file.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(said.contains(&file) && said.contains("the hashes of its blocks"), "{said}");
}

#[tokio::test]
async fn damage_of_the_database_is_told() {
    if !on_sqlite() {
        return; // A server checks its own files.
    }
    let running = Running::start().await;
    running.record("MZ1").await;
    let database = running.folder.path().join("data/callstore.db");
    execute(
        &database,
        "PRAGMA foreign_keys = OFF; DELETE FROM recording; INSERT INTO chunk_journal VALUES (9999999, x'0102');",
    )
    .await;
    let (code, said, _) = running.verify().await;
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("database    database: a row of recording_check refers to a row of recording that is missing"),
        "{said}"
    );
    assert!(said.contains("journal     chunk_journal: "), "{said}");
    assert!(said.contains("orphan"), "{said}");
}

#[tokio::test]
async fn without_a_database_there_is_nothing_to_verify() {
    let folder = TempDir::new().unwrap();
    let mut command = Binary::bare(folder.path());
    command.arg("verify");
    let output = Binary::output(command).await;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("there is no database ") && said.contains("--database-url"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

//! `callstore analyze`, with and without a service that runs.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};
use service::audio::encode_base64;
use tempfile::TempDir;
use tokio::process::Command;

use super::voice;
use crate::support::{Answer, Binary, call, client_builder, connect, execute, query_strings};

/// A folder with a service's data.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// Records a call of two parties; returns what `endCall` answers.
    async fn record(service: &Binary, name: &str, start_time: &str) -> Value {
        let mut new = call(name);
        new["startTime"] = json!(start_time);
        ask(service, Method::POST, "/calls", &new).await.expect(201);
        for (track, spoken) in [("inbound", (500, 2000)), ("outbound", (2400, 2900))] {
            for (sequence, piece) in voice(&[spoken], 3000).chunks(8_000).enumerate() {
                let chunk = json!({ "track": track, "sequence": sequence, "audio": encode_base64(piece) });
                ask(service, Method::POST, &format!("/calls/{name}/chunks"), &chunk).await.expect(201);
            }
        }
        ask(service, Method::POST, &format!("/calls/{name}/end"), &json!({})).await.expect(200).json()
    }

    /// Makes the calls those of a version that computed nothing.
    async fn forget(&self) {
        execute(&self.0.path().join("data/callstore.db"), "DELETE FROM computed_analytics").await;
    }

    async fn analyzed(&self) -> Vec<String> {
        let database = connect(&self.0.path().join("data/callstore.db")).await;
        let rows = "SELECT algorithm || ' ' || talk_time_ms || ' ' || response_latency_ms FROM computed_analytics";
        let rows = query_strings(&database, rows).await;
        database.close().await.unwrap();
        rows
    }

    /// The command with the service's settings.
    fn command(&self, arguments: &[&str]) -> Command {
        let service = Binary::command(self.0.path());
        let mut command = Binary::bare(self.0.path());
        for (name, value) in service.as_std().get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.arg("analyze").args(arguments);
        command
    }

    /// The exit code of the command, and what it printed to both outputs.
    async fn analyze(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = Binary::output(self.command(arguments)).await;
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.code(), text(output.stdout), text(output.stderr))
    }
}

async fn ask(service: &Binary, method: Method, path: &str, body: &Value) -> Answer {
    let client = client_builder().build().unwrap();
    Answer::read(client.request(method, service.url(path)).json(body).send().await.unwrap()).await
}

async fn computed(service: &Binary, name: &str) -> Answer {
    ask(service, Method::GET, &format!("/calls/{name}/analytics/computed"), &json!(null)).await
}

const EARLY: &str = "2026-01-01T12:00:00Z";
const LATE: &str = "2026-02-01T12:00:00Z";

#[tokio::test]
async fn it_computes_what_the_finalizer_has_computed_beside_a_service_that_runs() {
    let folder = Folder::new();
    let service = Binary::serve(folder.0.path()).await;
    for name in ["MZ1", "MZ2", "MZ3"] {
        Folder::record(&service, name, EARLY).await;
    }
    let mut before = computed(&service, "MZ2").await.expect(200).json();
    let found = folder.analyzed().await;
    folder.forget().await;
    let problem = computed(&service, "MZ2").await.expect_problem(404, "not_computed").json();
    assert!(problem["detail"].as_str().unwrap().contains("callstore analyze"), "{problem}");

    let (code, said, errors) = folder.analyze(&["--jobs", "2"]).await;
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{said}");
    assert!(said.starts_with("Analyzed 3 recordings, 0.0 h of audio, in "), "{said}");
    assert!(said.ends_with(" times real time.\n"), "{said}");
    let mut after = computed(&service, "MZ2").await.expect(200).json();
    for figures in [&mut before, &mut after] {
        figures.as_object_mut().unwrap().remove("computedAt").unwrap();
    }
    assert_eq!(before, after);
    // What is done is not done again, and the service goes on.
    assert_eq!(folder.analyze(&[]).await, (Some(0), "There was no recording to analyze.\n".to_owned(), String::new()));
    Folder::record(&service, "MZ4", EARLY).await;
    assert_eq!(folder.analyzed().await, vec![found[0].clone(); 4]);
}

#[tokio::test]
async fn it_analyzes_the_calls_that_are_asked_for() {
    let folder = Folder::new();
    let service = Binary::serve(folder.0.path()).await;
    let mut ids = Vec::new();
    for (name, start) in [("MZ1", EARLY), ("MZ2", EARLY), ("MZ3", LATE)] {
        ids.push(Folder::record(&service, name, start).await["id"].as_str().unwrap().to_owned());
    }
    service.kill().await;
    folder.forget().await;
    let count = async |arguments: &[&str]| {
        let (code, said, errors) = folder.analyze(arguments).await;
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{said}");
        said.split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(count(&["--since", "2026-01-15"]).await, "1");
    assert_eq!(count(&["--call", "MZ2"]).await, "1");
    assert_eq!(count(&["--call", &ids[0]]).await, "1");
    assert_eq!(folder.analyzed().await.len(), 3);

    let (code, _, errors) = folder.analyze(&["--call", "MZ9"]).await;
    assert_eq!((code, errors.as_str()), (Some(1), "callstore: No call has this id or streamSid.\n"));
    for (arguments, says) in [
        (["--since", "yesterday"], "expected a time as RFC 3339 writes it"),
        (["--call", "a b"], "neither the id of a call nor a streamSid"),
        (["--jobs", "0"], "0 is not in 1..=256"),
    ] {
        let (code, _, errors) = folder.analyze(&arguments).await;
        assert!(code == Some(2) && errors.contains(says), "{errors}");
    }
}

#[tokio::test]
async fn recordings_of_another_algorithm_are_analyzed_again() {
    let folder = Folder::new();
    let service = Binary::serve(folder.0.path()).await;
    Folder::record(&service, "MZ1", EARLY).await;
    let (file, found) = (folder.0.path().join("data/callstore.db"), folder.analyzed().await);
    execute(&file, "UPDATE computed_analytics SET algorithm = 'energy-0', talk_time_ms = 7").await;
    let (code, said, _) = folder.analyze(&[]).await;
    assert!(code == Some(0) && said.starts_with("Analyzed 1 recording, "), "{said}");
    assert_eq!(folder.analyzed().await, found);
}

#[tokio::test]
async fn a_recording_that_cannot_be_read_is_told_and_the_others_are_analyzed() {
    let folder = Folder::new();
    let service = Binary::serve(folder.0.path()).await;
    let mut files = Vec::new();
    for name in ["MZ1", "MZ2", "MZ3"] {
        let ended = Folder::record(&service, name, EARLY).await;
        let file = Binary::recordings(folder.0.path()).join(ended["recordings"][0]["filePath"].as_str().unwrap());
        files.push((ended["id"].as_str().unwrap().to_owned(), file));
    }
    folder.forget().await;
    let mut bytes = fs::read(&files[0].1).unwrap();
    bytes[1000] ^= 1;
    fs::write(&files[0].1, bytes).unwrap();
    fs::remove_file(&files[1].1).unwrap();
    let (code, said, errors) = folder.analyze(&[]).await;
    assert_eq!((code, errors.as_str()), (Some(1), "callstore: 2 recordings could not be analyzed\n"));
    let lines = [
        format!("call {}: the recording's file is damaged: its bytes differ from their hash\n", files[0].0),
        format!("call {}: the recording's file is missing\n", files[1].0),
        "Analyzed 1 recording, ".to_owned(),
    ];
    assert!(lines.iter().all(|line| said.contains(line)), "{said}");
    // A deleted call is no fault, nor is what remains of it analyzed.
    ask(&service, Method::DELETE, "/calls/MZ2", &json!(null)).await.expect(204);
    let (code, said, errors) = folder.analyze(&[]).await;
    assert_eq!((code, errors.as_str()), (Some(1), "callstore: 1 recording could not be analyzed\n"), "{said}");
    assert_eq!(folder.analyzed().await.len(), 1);
}

#[tokio::test]
async fn a_run_that_was_killed_goes_on_where_it_ended() {
    let folder = Folder::new();
    let service = Binary::serve(folder.0.path()).await;
    for number in 0..5 {
        Folder::record(&service, &format!("MZ{number}"), EARLY).await;
    }
    let found = folder.analyzed().await;
    folder.forget().await;
    for (times, done) in [(2, 2), (1, 3)] {
        let mut command = folder.command(&["--jobs", "1"]);
        command.env("CALLSTORE_CRASH_AT", format!("analyze.stored:{times}"));
        assert!(!Binary::output(command).await.status.success());
        assert_eq!(folder.analyzed().await, found[..done]);
    }
    let (code, said, _) = folder.analyze(&[]).await;
    assert!(code == Some(0) && said.starts_with("Analyzed 2 recordings, "), "{said}");
    assert_eq!(folder.analyzed().await, found);
}

#[tokio::test]
async fn without_a_database_there_is_nothing_to_analyze() {
    let folder = Folder::new();
    if !crate::support::on_sqlite() {
        return;
    }
    let (code, _, errors) = folder.analyze(&[]).await;
    assert!(code == Some(1) && errors.starts_with("callstore: there is no database "), "{errors}");
    assert!(!folder.0.path().join("data").exists());
}

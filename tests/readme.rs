//! README.md: its commands do what it says, run as they are written.

use std::{path::Path, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Binary, client_builder, on_folder, on_sqlite, silence};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The line that says where the service is.
const ADDRESS: &str = "CALLSTORE=http://127.0.0.1:8080\n";

/// The shell blocks of the README that a comment marks, one after the other.
fn script(mark: &str) -> String {
    let readme = std::fs::read_to_string(format!("{ROOT}/README.md")).unwrap();
    let begin = format!("<!-- {mark} -->\n```sh\n");
    let blocks: Vec<_> = readme.split(&begin).skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert!(!blocks.is_empty(), "README.md has no block marked {mark}");
    blocks.concat()
}

/// Runs a script in a folder and returns what it printed.
async fn run(script: &str, folder: &Path) -> String {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.env("no_proxy", "*").output().await.unwrap();
    let (printed, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "the README's commands failed ({}); scripts/test.sh installs curl, jq, sqlite3 and ffprobe\n{printed}\n{errors}",
        output.status
    );
    printed
}

#[tokio::test]
async fn the_walk_through_leads_from_a_call_to_its_recording() {
    let folder = TempDir::new().unwrap();
    let service = Binary::serve(folder.path()).await;
    std::os::unix::fs::symlink(Path::new(ROOT).join("tests").canonicalize().unwrap(), folder.path().join("tests"))
        .unwrap();
    let script = script("walk-through");
    assert!(script.contains(ADDRESS), "the walk-through says nowhere: {ADDRESS}");
    let printed = run(&script.replace(ADDRESS, &format!("CALLSTORE={}\n", service.url(""))), folder.path()).await;

    // As the text tells, by ffprobe and by its bytes.
    for line in ["codec_name=pcm_s16le", "sample_rate=16000", "channels=2", "duration=6.758500"] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is missing:\n{printed}");
    }
    assert!(printed.contains("WEBVTT") && printed.contains("charged twice"), "{printed}");
    let wav = service::audio::wav::read(&std::fs::read(folder.path().join("call.wav")).unwrap()).unwrap();
    let fixture = |name: &str| std::fs::read(format!("{ROOT}/tests/fixtures/readme/{name}.ulaw")).unwrap();
    let caller = service::audio::mulaw_to_pcm16(&fixture("caller"));
    let agent = service::audio::mulaw_to_pcm16(&fixture("agent"));
    let channel = |index: usize| wav.samples[index..].iter().step_by(4).copied().collect::<Vec<_>>();
    assert_eq!(channel(0)[..caller.len()], caller);
    assert_eq!(channel(1)[32_000..], agent);
    assert!(channel(0)[caller.len()..].iter().chain(&channel(1)[..32_000]).all(|&sample| sample == 0));

    // It ends with deleting the call, so that it can be run again.
    let gone = client_builder().build().unwrap().get(service.url("/calls/MZ-walk-through")).send().await.unwrap();
    assert_eq!(gone.status(), 404);
}

#[tokio::test]
async fn a_backup_as_described_has_the_calls_and_their_recordings() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let service = Binary::serve(folder.path()).await;
    let client = client_builder().build().unwrap();
    let post = async |path: &str, body: Value| {
        let answer = client.post(service.url(path)).json(&body).send().await.unwrap().error_for_status().unwrap();
        answer.json::<Value>().await.unwrap()
    };
    for call in ["ended", "running"] {
        post("/calls", json!({ "streamSid": call, "caller": "a" })).await;
        post(&format!("/calls/{call}/chunks"), json!({ "audio": silence(800) })).await;
    }
    let ended = post("/calls/ended/end", json!({})).await;
    run(&script("backup"), folder.path()).await;
    post("/calls/running/end", json!({})).await;
    service.kill().await;

    let restored = TempDir::new().unwrap();
    std::fs::rename(folder.path().join("backup"), restored.path().join("data")).unwrap();
    let service = Binary::serve(restored.path()).await;
    let recording = &ended["recordings"][0];
    let url = service.url(&format!("/recordings/{}/audio", recording["id"].as_str().unwrap()));
    let audio = client.get(url).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(audio.headers()["etag"], format!("\"{}\"", recording["sha256"].as_str().unwrap()));
    assert_eq!(audio.bytes().await.unwrap().len() as u64, recording["sizeBytes"].as_u64().unwrap());
    // The call that ran during the backup ends here, with its audio.
    let answer = client.post(service.url("/calls/running/end")).send().await.unwrap();
    let call: Value = answer.json().await.unwrap();
    assert_eq!((&call["status"], &call["recordings"][0]["duration"]), (&json!("completed"), &json!(0.1)));
}

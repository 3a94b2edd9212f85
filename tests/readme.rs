//! README.md and the manual: their commands work as written.

use std::{collections::BTreeSet, ffi::OsStr, path::Path, process::Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Binary, client_builder, on_folder, on_sqlite, silence};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The log line with the service's address.
const ADDRESS: &str = "CALLSTORE=http://127.0.0.1:8080\n";

/// The blocks of a document marked by a comment, in order.
fn blocks(document: &str, mark: &str) -> Vec<String> {
    let text = std::fs::read_to_string(format!("{ROOT}/{document}")).unwrap();
    let begin = format!("<!-- {mark} -->\n```");
    let marked = text.split(&begin).skip(1);
    let blocks: Vec<_> =
        marked.map(|rest| rest.split_once('\n').unwrap().1.split_once("```").unwrap().0.to_owned()).collect();
    assert!(!blocks.is_empty(), "{document} has no block marked {mark}");
    blocks
}

/// Runs a script in a folder and returns its output.
async fn run(script: &str, folder: &Path) -> String {
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.env("no_proxy", "*").output().await.unwrap();
    let (printed, errors) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(
        output.status.success(),
        "the document's commands failed ({}); scripts/test.sh installs curl, jq, sqlite3 and ffprobe\n{printed}\n{errors}",
        output.status
    );
    printed
}

/// Copies input files to where the commands expect them.
fn lay_tests_in(folder: &Path) {
    std::os::unix::fs::symlink(Path::new(ROOT).join("tests").canonicalize().unwrap(), folder.join("tests")).unwrap();
}

/// Whether an answer has every field that the document shows; ids differ between runs.
fn has(answer: &Value, shown: &Value) -> bool {
    match (answer, shown) {
        (Value::Object(answer), Value::Object(shown)) => {
            shown.iter().all(|(name, shown)| name == "id" || answer.get(name).is_some_and(|answer| has(answer, shown)))
        }
        (Value::Array(answer), Value::Array(shown)) => {
            answer.len() == shown.len() && answer.iter().zip(shown).all(|(answer, shown)| has(answer, shown))
        }
        _ => answer == shown,
    }
}

#[tokio::test]
async fn the_quick_start_gets_the_answers_that_it_shows() {
    let folder = TempDir::new().unwrap();
    let service = Binary::serve(folder.path()).await;
    lay_tests_in(folder.path());
    let steps = ["start", "chunk", "end", "download"];
    let command = |step: &str| {
        let command = blocks("README.md", &format!("quick start: {step}")).concat();
        assert_eq!(command.matches("http://127.0.0.1:8080").count(), 1, "{command}");
        // A file replaces the terminal.
        command.replace("http://127.0.0.1:8080", &service.url("")).replace("/dev/stderr", "ended.json")
    };
    let script = steps.map(|step| format!("{}\necho\n", command(step).trim_end())).concat();
    let printed = run(&script, folder.path()).await;
    let ended = std::fs::read_to_string(folder.path().join("ended.json")).unwrap();
    let mut answers = printed.lines().filter(|line| !line.is_empty());
    for step in steps {
        let shown = blocks("README.md", &format!("answer: {step}")).concat();
        if step == "download" {
            assert_eq!(answers.next(), Some(shown.trim()));
            continue;
        }
        let answer = if step == "end" { &*ended } else { answers.next().unwrap() };
        let (answer, shown) =
            (serde_json::from_str(answer).unwrap(), serde_json::from_str(&shown.replace(", ...", "")).unwrap());
        assert!(has(&answer, &shown), "{step} answers\n{answer}\ninstead of\n{shown}");
    }
    let wav = service::audio::wav::read(&std::fs::read(folder.path().join("call.wav")).unwrap()).unwrap();
    assert_eq!((wav.sample_rate, wav.channels, wav.samples.len()), (16_000, 1, 62_870));
}

#[tokio::test]
async fn the_walk_through_leads_from_a_call_to_its_recording() {
    let folder = TempDir::new().unwrap();
    let service = Binary::serve(folder.path()).await;
    lay_tests_in(folder.path());
    let script = blocks("docs/getting-started.md", "walk-through").concat();
    assert!(script.contains(ADDRESS), "the walk-through does not contain: {ADDRESS}");
    // Checks the recording before the last line removes it.
    let script = script.replace("rm ended.json call.wav", "cp call.wav heard.wav\nrm ended.json call.wav");
    let printed = run(&script.replace(ADDRESS, &format!("CALLSTORE={}\n", service.url(""))), folder.path()).await;

    // Checks it as the text says, with ffprobe and by its bytes.
    for line in ["codec_name=pcm_s16le", "sample_rate=16000", "channels=2", "duration=6.758500"] {
        assert!(printed.lines().any(|printed| printed == line), "{line} is missing:\n{printed}");
    }
    assert!(printed.contains("WEBVTT") && printed.contains("charged twice"), "{printed}");
    let wav = service::audio::wav::read(&std::fs::read(folder.path().join("heard.wav")).unwrap()).unwrap();
    let fixture = |name: &str| std::fs::read(format!("{ROOT}/tests/fixtures/readme/{name}.ulaw")).unwrap();
    let caller = service::audio::mulaw_to_pcm16(&fixture("caller"));
    let agent = service::audio::mulaw_to_pcm16(&fixture("agent"));
    let channel = |index: usize| wav.samples[index..].iter().step_by(4).copied().collect::<Vec<_>>();
    assert_eq!(channel(0)[..caller.len()], caller);
    assert_eq!(channel(1)[32_000..], agent);
    assert!(channel(0)[caller.len()..].iter().chain(&channel(1)[..32_000]).all(|&sample| sample == 0));

    // It ends by deleting the call, so that it can be run again and leaves nothing behind.
    let gone = client_builder().build().unwrap().get(service.url("/calls/MZ-walk-through")).send().await.unwrap();
    assert_eq!(gone.status(), 404);
    let mut left: BTreeSet<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    // The service's own, unless its data is on servers.
    left.remove(OsStr::new("data"));
    assert_eq!(left, ["heard.wav", "tests"].map(Into::into).into());
}

#[tokio::test]
async fn a_sentence_is_found_in_a_hundred_calls_and_played_from_its_second() {
    let (folder, document) = (TempDir::new().unwrap(), "docs/finding-calls.md");
    let service = Binary::serve(folder.path()).await;
    let script = [blocks(document, "finding: search"), blocks(document, "finding: play")].concat().concat();
    assert!(script.contains(ADDRESS) && script.contains("ffplay -nodisp -autoexit"), "{script}");
    // The calls need not last as long as their audio, nobody listens here, and only the answer to the search is read.
    let script = script.replace(ADDRESS, &format!("CALLSTORE={}\n", service.url("")));
    let script = script.replace("--duration 5s", "--duration 5s --pace max --json > simulated.json");
    let script = script.replace("ffplay -nodisp -autoexit", "ffmpeg -v error");
    let script = script.replace("\"$HIT\")\" call.wav\n", "\"$HIT\")\" -i call.wav rest.wav\n");
    let script = script.replace("\"endTime\": 4}'", "\"endTime\": 4}' > /dev/null");
    let printed = run(&(found() + &script), folder.path()).await;

    let mut hit: Value = serde_json::from_str(&printed).unwrap();
    let mut shown: Value = serde_json::from_str(&blocks(document, "answer: search").concat()).unwrap();
    for answer in [&mut hit, &mut shown] {
        answer["call"] = json!("an id");
        let recording = answer["playback"]["recordingId"].as_str().unwrap().to_owned();
        assert_eq!(answer["playback"]["url"], format!("/recordings/{recording}/audio"));
        answer["playback"] = answer["playback"]["start"].take();
    }
    assert_eq!(hit, shown);
    let [heard, rest] = ["call.wav", "rest.wav"]
        .map(|name| service::audio::wav::read(&std::fs::read(folder.path().join(name)).unwrap()).unwrap().samples);
    // 1.5 s of two channels at 16 kHz.
    assert!(!rest.is_empty() && rest == heard[48_000..], "{} samples of {}", rest.len(), heard.len());
}

/// The start of a script that runs `callstore`.
fn found() -> String {
    format!("PATH={}:$PATH\n", Binary::path().parent().unwrap().display())
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
    run(&(found() + &blocks("docs/operating.md", "backup").concat()), folder.path()).await;
    post("/calls/running/end", json!({})).await;
    service.kill().await;

    let restored = TempDir::new().unwrap();
    std::fs::rename(folder.path().join("backup"), restored.path().join("backup")).unwrap();
    run(&(found() + &blocks("docs/operating.md", "restore").concat()), restored.path()).await;
    let service = Binary::serve(restored.path()).await;
    let recording = &ended["recordings"][0];
    let url = service.url(&format!("/recordings/{}/audio", recording["id"].as_str().unwrap()));
    let audio = client.get(url).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(audio.headers()["etag"], format!("\"{}\"", recording["sha256"].as_str().unwrap()));
    assert_eq!(audio.bytes().await.unwrap().len() as u64, recording["sizeBytes"].as_u64().unwrap());
    // The call that was active during the backup ends here, with its audio.
    let answer = client.post(service.url("/calls/running/end")).send().await.unwrap();
    let call: Value = answer.json().await.unwrap();
    assert_eq!((&call["status"], &call["recordings"][0]["duration"]), (&json!("completed"), &json!(0.1)));
}

//! What a power cut must not take away or bring back. The order of the system calls shows that names of files and
//! folders are on disk before anyone relies on them. A model of the disk shows what is left after a cut at any of their
//! lines; `docs/power-cuts.md` describes it.

mod cuts;
mod disk;
mod expected;
mod node;
mod scenarios;
mod trace;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    disk::{signal_traced, under},
    support::{Answer, Binary, Server, client_builder, eventually, on_folder, on_sqlite, silence},
};

/// The traced system calls, each as its name and arguments, in the order in which they began.
struct Trace(Vec<String>);

impl Trace {
    /// The index of the first call from `from` on that begins so and contains all words.
    fn find(&self, from: usize, call: &str, words: &[&str]) -> usize {
        let fits = |line: &String| line.starts_with(call) && words.iter().all(|word| line.contains(word));
        let found = self.0.iter().skip(from).position(fits);
        from + found.unwrap_or_else(|| panic!("no {call} with {words:?} from {from} on:\n{}", self.0.join("\n")))
    }
}

async fn ask(client: &Client, service: &Binary, method: Method, path: &str, body: Value) -> Answer {
    let request = client.request(method, service.url(path)).json(&body);
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn names_are_on_disk_before_anyone_relies_on_them() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let log = folder.path().join("trace");
    let calls = "trace=mkdir,rename,renameat,unlink,unlinkat,fsync,fdatasync";
    let arguments = ["-f", "-qqq", "-y", "-o", log.to_str().unwrap(), "-e", calls, "-e", "signal=none"];
    let mut service = Binary::start(under("strace", &arguments, folder.path(), &[])).await;
    let client = client_builder().build().unwrap();
    ask(&client, &service, Method::POST, "/calls", json!({ "streamSid": "MZ1", "caller": "a" })).await.expect(201);
    let chunk = json!({ "audio": silence(160), "sequence": 0 });
    ask(&client, &service, Method::POST, "/calls/MZ1/chunks", chunk).await.expect(201);
    let ended = ask(&client, &service, Method::POST, "/calls/MZ1/end", json!({})).await.expect(200).json();
    let file = ended["recordings"][0]["filePath"].as_str().unwrap().to_owned();
    let (shard, name) = file.split_once('/').unwrap();
    ask(&client, &service, Method::DELETE, "/calls/MZ1", Value::Null).await.expect(204);
    let recordings = Binary::recordings(folder.path());
    eventually("the recording is gone", || async { (!recordings.join(&file).exists()).then_some(()) }).await;
    signal_traced(&mut service, "-TERM").await;

    let text = std::fs::read_to_string(&log).unwrap();
    // A line begins with the process; the rest of a call that others interrupted is on another line.
    let lines = text.lines().filter_map(|line| line.split_once(' ').map(|(_, call)| call.trim_start().to_owned()));
    let trace = Trace(lines.filter(|call| !call.starts_with("<...")).collect());
    let here = format!("{}>", folder.path().canonicalize().unwrap().display());
    let root = format!("{}>", recordings.canonicalize().unwrap().display());
    // The folder of the data, in the one that was there.
    let made = trace.find(0, "mkdir", &["data"]);
    trace.find(made, "fsync", &[&here]);
    let syncs = trace.0.iter().filter(|call| call.starts_with("fsync") && call.contains(&here));
    assert_eq!(syncs.count(), 1, "once a process is enough");
    // A new folder of recordings, in that of all, before a recording gets its name in it.
    let made = trace.find(0, "mkdir", &[&format!("/{shard}\"")]);
    let synced = trace.find(made, "fsync", &[&root]);
    let named = trace.find(0, "rename", &[name]);
    assert!(synced < named, "{synced} {named}");
    let below = format!("/{shard}>");
    trace.find(named, "fsync", &[&below]);
    // The removal of a recording; the database forgets it after that.
    let removed = trace.find(named, "unlink", &[name]);
    let synced = trace.find(removed, "fsync", &[&below]);
    trace.find(synced, "fdatasync", &["callstore.db-wal"]);
}

#[tokio::test]
async fn a_start_brings_the_log_to_disk_before_it_answers() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let client = client_builder().build().unwrap();
    let service = Binary::serve(folder.path()).await;
    ask(&client, &service, Method::POST, "/calls", json!({ "streamSid": "MZ1", "caller": "a" })).await.expect(201);
    for sequence in 0..20 {
        let chunk = json!({ "audio": silence(16_000), "sequence": sequence });
        ask(&client, &service, Method::POST, "/calls/MZ1/chunks", chunk).await.expect(201);
    }
    let log = || std::fs::metadata(folder.path().join("data/callstore.db-wal")).unwrap().len();
    let written = log();
    assert!(written > 20 * 16_000, "{written}");
    service.kill().await;
    let service = Binary::serve(folder.path()).await;
    assert!(log() < written / 10, "{} of {written}", log());
    let status = ask(&client, &service, Method::GET, "/calls/MZ1/chunks", Value::Null).await.expect(200).json();
    assert_eq!(status["tracks"][0]["chunks"], 20);
}

#[tokio::test]
async fn a_recording_without_a_call_is_removed_at_the_start() {
    if !on_sqlite() || !on_folder() {
        return;
    }
    let mut server = Server::start().await;
    let recording = server.record("MZ1").await;
    let recording =
        server.get(&format!("/recordings/{recording}")).await.json()["filePath"].as_str().unwrap().to_owned();
    server.restarts_without_orphans(&recording).await;
}

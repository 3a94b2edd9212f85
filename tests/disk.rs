//! Disk trouble: a full disk, or one that fails to write or sync. Acknowledged data stays, everything else is refused
//! with a status that says so, and the service recovers by itself.

use std::path::Path;

use reqwest::{Client, Method};
use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, wav};
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Answer, Binary, PATIENCE, client_builder, eventually, on_sqlite, run_program};

/// A client of one call that counts acknowledged chunks.
struct Caller {
    client: Client,
    acknowledged: u32,
}

impl Caller {
    fn new() -> Self {
        Self { client: client_builder().build().unwrap(), acknowledged: 0 }
    }

    async fn ask(&self, service: &Binary, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.client.request(method, service.url(path));
        let request = if body.is_null() { request } else { request.json(body) };
        Answer::read(request.send().await.unwrap()).await
    }

    async fn post(&self, service: &Binary, path: &str, body: &Value) -> Answer {
        self.ask(service, Method::POST, path, body).await
    }

    /// Sends the next chunk, a second of audio, and returns the response's status.
    async fn send(&mut self, service: &Binary) -> Answer {
        let number = self.acknowledged;
        let audio = encode_base64(&audio(number));
        let chunk = json!({ "audio": audio, "sequence": number, "timestamp": number * 1000 });
        let answer = self.post(service, "/calls/MZ1/chunks", &chunk).await;
        self.acknowledged += u32::from(answer.status == 201 || answer.status == 200);
        answer
    }

    /// Ends the call. Its recording holds what was acknowledged, and at most the chunk after that.
    async fn end(&self, service: &Binary) {
        let call = self.post(service, "/calls/MZ1/end", &Value::Null).await.expect(200).json();
        assert_eq!(call["status"], "completed", "{call}");
        let path = format!("/recordings/{}/audio", call["recordings"][0]["id"].as_str().unwrap());
        let file = self.ask(service, Method::GET, &path, &Value::Null).await.expect(200).bytes;
        let heard: Vec<i16> = wav::read(&file).unwrap().samples.into_iter().step_by(2).collect();
        let chunks = u32::try_from(heard.len() / 8000).unwrap();
        assert!((self.acknowledged..=self.acknowledged + 1).contains(&chunks), "{chunks} of {}", self.acknowledged);
        assert!(
            heard == mulaw_to_pcm16(&(0..chunks).flat_map(audio).collect::<Vec<_>>()),
            "the recording is not what was sent"
        );
    }
}

/// A second of audio, different for each number.
fn audio(number: u32) -> Vec<u8> {
    let seed = (number + 1).wrapping_mul(2_654_435_761);
    (0..8000_u32).map(|index| (seed.wrapping_add(index.wrapping_mul(seed | 1)) >> 11) as u8).collect()
}

/// A command to run under another one.
pub(crate) fn under(program: &str, arguments: &[&str], folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).arg(Binary::path()).args(["--listen", "127.0.0.1:0", "--log-format", "json"]).args(flags);
    command.current_dir(folder).stdin(std::process::Stdio::null()).kill_on_drop(true);
    command
}

/// Ends a service that runs under strace. It is a child of strace, and outlives it.
pub(crate) async fn signal_traced(service: &mut Binary, signal: &str) {
    let strace = service.child.id().unwrap();
    let children = std::fs::read_to_string(format!("/proc/{strace}/task/{strace}/children")).unwrap();
    run_program("kill", &[&[signal], &children.split_whitespace().collect::<Vec<_>>()[..]].concat()).await;
    service.child.wait().await.unwrap();
}

/// A service on its own disk, which only it sees.
async fn on_small_disk(folder: &Path, megabytes: u32, flags: &[&str]) -> Binary {
    std::fs::create_dir(folder.join("data")).unwrap();
    let script = format!("mount -t tmpfs -o size={megabytes}m tmpfs data && exec \"$@\"");
    let arguments = ["--user", "--map-root-user", "--mount", "sh", "-c", &script, "sh"];
    Binary::start(under("unshare", &arguments, folder, flags)).await
}

/// Enlarges a service's disk.
async fn enlarge(service: &Binary, folder: &Path) {
    let process = service.child.id().unwrap().to_string();
    let data = folder.join("data");
    let more = ["-t", &process, "--user", "--preserve-credentials", "--mount", "mount", "-o", "remount,size=256m"];
    run_program("nsenter", &[&more[..], &[data.to_str().unwrap()]].concat()).await;
}

#[tokio::test]
async fn a_recording_that_finds_no_space_waits_for_it() {
    let folder = TempDir::new().unwrap();
    let service = on_small_disk(folder.path(), 20, &["--min-free-space", "1MiB"]).await;
    let mut caller = Caller::new();
    caller.post(&service, "/calls", &json!({ "streamSid": "MZ1", "caller": "a" })).await.expect(201);
    // Its 4 MB become a recording of 16 MB, which does not fit beside them.
    while caller.acknowledged < 500 {
        caller.send(&service).await.expect(201);
    }
    let end = caller.client.post(service.url("/calls/MZ1/end")).header("prefer", "wait=2");
    let call = Answer::read(end.send().await.unwrap()).await.expect(202).json();
    assert_eq!(call["status"], "finalizing");
    enlarge(&service, folder.path()).await;
    let completed = || async {
        let call = caller.ask(&service, Method::GET, "/calls/MZ1", &Value::Null).await.expect(200).json();
        (call["status"] == "completed").then_some(())
    };
    eventually("the recording is made", completed).await;
    caller.end(&service).await;
}

#[tokio::test]
async fn a_full_disk_refuses_what_does_not_fit_and_loses_nothing() {
    let folder = TempDir::new().unwrap();
    let service = on_small_disk(folder.path(), 40, &["--min-free-space", "16MiB"]).await;
    let mut caller = Caller::new();
    let call = |name: &str| json!({ "streamSid": name, "caller": "a" });
    caller.post(&service, "/calls", &call("MZ1")).await.expect(201);
    while caller.ask(&service, Method::GET, "/readyz", &Value::Null).await.status == 200 {
        caller.send(&service).await.expect(201);
    }
    // New calls are refused; the active one goes on.
    let refused = caller.post(&service, "/calls", &call("MZ2")).await.expect_problem(507, "storage_full");
    assert!(refused.text().contains("--min-free-space (CALLSTORE_MIN_FREE_SPACE)"), "{}", refused.text());
    caller.post(&service, "/calls", &call("MZ1")).await.expect(200);
    caller.send(&service).await.expect(201);
    // Until the disk is full.
    let full = loop {
        let answer = caller.send(&service).await;
        if answer.status != 201 {
            break answer;
        }
    };
    full.expect_problem(507, "storage_full");
    let said = json!({ "speaker": "a", "text": "x".repeat(32_000) });
    while caller.post(&service, "/calls/MZ1/transcripts", &said).await.status == 201 {}
    let status = caller.ask(&service, Method::GET, "/readyz", &Value::Null).await.expect_problem(503, "not_ready");
    assert!(status.json()["detail"].as_str().unwrap().contains("free space"), "{}", status.text());

    // With free space again, everything goes on by itself.
    enlarge(&service, folder.path()).await;
    caller.send(&service).await.expect(201);
    caller.post(&service, "/calls", &call("MZ2")).await.expect(201);
    caller.ask(&service, Method::GET, "/readyz", &Value::Null).await.expect(200);
    caller.end(&service).await;
}

/// Starts a service whose system calls fail now and then, and sends until enough of them have failed. Acknowledged data
/// is there after a restart. Calls are counted per thread, and after a failure the writing connection is replaced. So
/// the first call to fail must be later than the last one of any single transaction, or no transaction would ever
/// succeed.
async fn with_failing(inject: &str) {
    if !on_sqlite() {
        return; // It is about a file.
    }
    let folder = TempDir::new().unwrap();
    let mut caller = Caller::new();
    // The database is created before the failures begin.
    Binary::serve(folder.path()).await.kill().await;
    let arguments = ["-f", "-qqq", "-o", "/dev/null", "-e", inject];
    let mut service = Binary::start(under("strace", &arguments, folder.path(), &[])).await;
    while caller.post(&service, "/calls", &json!({ "streamSid": "MZ1", "caller": "a" })).await.status >= 500 {}
    let mut refused = 0;
    while refused < 5 || caller.acknowledged < 50 {
        let answer = caller.send(&service).await;
        if answer.status >= 500 {
            assert_eq!(answer.status, 503, "{}", answer.text());
            assert_eq!((answer.header("retry-after"), &answer.json()["code"]), ("1", &json!("storage_unavailable")));
            refused += 1;
        }
    }
    signal_traced(&mut service, "-KILL").await;
    let service = Binary::serve(folder.path()).await;
    let status = caller.ask(&service, Method::GET, "/calls/MZ1/chunks", &Value::Null).await.expect(200).json();
    let track = &status["tracks"][0];
    assert!(track["chunks"].as_u64().unwrap() >= u64::from(caller.acknowledged), "{} of {track}", caller.acknowledged);
    caller.send(&service).await;
    caller.end(&service).await;
}

#[tokio::test]
async fn a_sync_that_fails_is_not_taken_for_one_that_worked() {
    with_failing("inject=fsync,fdatasync:error=EIO:when=40+7").await;
}

#[tokio::test]
async fn a_write_that_fails_now_and_then_fails_its_transaction_alone() {
    with_failing("inject=pwrite64:error=EIO:when=60+31").await;
}

#[tokio::test]
async fn an_acknowledged_change_has_its_audit_entry_though_syncs_fail() {
    if !on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let caller = Caller::new();
    Binary::serve(folder.path()).await.kill().await;
    let inject = "inject=fsync,fdatasync:error=EIO:when=40+7";
    let arguments = ["-f", "-qqq", "-o", "/dev/null", "-e", inject];
    let mut service = Binary::start(under("strace", &arguments, folder.path(), &[])).await;
    while caller.post(&service, "/calls", &json!({ "streamSid": "MZ1", "caller": "a" })).await.status >= 500 {}
    let (mut changed, mut refused) = (0, 0);
    while changed < 30 || refused < 2 {
        let agent = json!({ "agent": format!("agent-{changed}") });
        match caller.ask(&service, Method::PATCH, "/calls/MZ1", &agent).await.status {
            200 => changed += 1,
            status => refused += u32::from(status == 503),
        }
    }
    signal_traced(&mut service, "-KILL").await;
    let service = Binary::serve(folder.path()).await;
    let list = "/admin/audit?operation=updateCall&limit=500";
    let entries = caller.ask(&service, Method::GET, list, &Value::Null).await.expect(200).json();
    let requests: std::collections::BTreeSet<_> =
        entries["items"].as_array().unwrap().iter().map(|entry| entry["serverRequestId"].to_string()).collect();
    assert!(requests.len() >= changed, "{} entries of {changed} changes", requests.len());
}

#[tokio::test]
async fn a_disk_that_fails_for_a_while_is_used_again_when_it_is_back() {
    let folder = TempDir::new().unwrap();
    // In its own user namespace, so that a user other than root can trace it.
    let service = Binary::start(under("unshare", &["--user", "--map-root-user"], folder.path(), &[])).await;
    let mut caller = Caller::new();
    let call = |name: &str| json!({ "streamSid": name, "caller": "a" });
    caller.post(&service, "/calls", &call("MZ1")).await.expect(201);
    caller.send(&service).await.expect(201);

    let process = service.child.id().unwrap().to_string();
    let enter = ["-t", &process, "--user", "--preserve-credentials", "strace", "-f", "-qqq", "-p", &process];
    let fail = ["-o", "/dev/null", "-e", "inject=pwrite64:error=EIO"];
    let mut strace = Command::new("nsenter").args(enter).args(fail).kill_on_drop(true).spawn().unwrap();
    let refused = async {
        loop {
            let answer = caller.send(&service).await;
            if answer.status != 201 {
                break answer;
            }
        }
    };
    let refused = tokio::time::timeout(PATIENCE, refused).await.expect("writes fail");
    let said = json!({ "speaker": "a", "text": "hello" });
    for answer in [
        refused,
        caller.send(&service).await,
        caller.post(&service, "/calls", &call("MZ2")).await,
        caller.post(&service, "/calls/MZ1/transcripts", &said).await,
        caller.post(&service, "/calls/MZ1/end", &Value::Null).await,
    ] {
        let answer = answer.expect_problem(503, "storage_unavailable");
        assert_eq!(answer.header("retry-after"), "1");
    }
    let status = caller.ask(&service, Method::GET, "/readyz", &Value::Null).await.expect_problem(503, "not_ready");
    assert!(status.json()["detail"].as_str().unwrap().contains("database"), "{}", status.text());
    // Operations that write nothing still work.
    caller.ask(&service, Method::GET, "/calls/MZ1", &Value::Null).await.expect(200);

    run_program("kill", &["-INT", &strace.id().unwrap().to_string()]).await;
    strace.wait().await.unwrap();
    caller.ask(&service, Method::GET, "/readyz", &Value::Null).await.expect(200);
    caller.send(&service).await.expect(201);
    caller.post(&service, "/calls", &call("MZ2")).await.expect(201);
    caller.end(&service).await;
}

//! A service under strace with one client, whose acknowledged requests must have survived each power cut.

mod replay;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use service::audio::encode_base64;
use tempfile::TempDir;

use super::{
    disk::Disk,
    expected::audio,
    trace::{self, Op},
};
use crate::{
    disk::{signal_traced, under},
    support::{Answer, Binary, client_builder},
};

/// What a response has promised about a call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Promise {
    Started,
    Chunk,
    Said(String),
    Ended,
    Deleted,
}

/// A request that was answered with success.
#[derive(Clone)]
struct Note {
    request: String,
    call: String,
    promise: Promise,
}

/// A service and its client, and what was traced of it. The disk's root is the folder above that of the data.
#[derive(Clone)]
pub(super) struct Recorder {
    root: PathBuf,
    traces: Arc<TempDir>,
    client: Client,
    notes: Vec<Note>,
    chunks: BTreeMap<String, usize>,
    ops: Vec<Arc<Op>>,
    lines: usize,
    requests: usize,
    before: Disk,
}

impl Recorder {
    /// Everything that is in the folder is certain.
    pub(super) fn new(root: &Path) -> Self {
        let root = root.canonicalize().unwrap();
        Self {
            before: Disk::of(&root),
            traces: Arc::new(TempDir::new().unwrap()),
            client: client_builder().build().unwrap(),
            notes: Vec::new(),
            chunks: BTreeMap::new(),
            ops: Vec::new(),
            lines: 0,
            requests: 0,
            root,
        }
    }

    /// The same, with everything that is there now.
    pub(super) fn settle(&mut self) {
        self.before = Disk::of(&self.root);
    }

    /// The line of the trace at which the next process begins.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// What strace is told, to trace the next process.
    fn arguments(&self, inject: Option<&str>) -> Vec<String> {
        let trace = self.trace();
        let own = [trace::CALLS, "-o", trace.to_str().unwrap()];
        let inject = inject.map(|inject| ["-e".to_owned(), format!("inject={inject}")]);
        let all = trace::OPTIONS.into_iter().chain(own).map(str::to_owned);
        all.chain(inject.into_iter().flatten()).collect()
    }

    fn trace(&self) -> PathBuf {
        self.traces.path().join("trace")
    }

    /// Starts the service, of which some system calls may fail.
    pub(super) async fn serve(&self, inject: Option<&str>) -> Binary {
        let arguments = self.arguments(inject);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Binary::start(under("strace", &arguments, &self.root, &["--min-free-space", "1MiB"])).await
    }

    /// Ends the service by a signal, and reads what was traced of it.
    pub(super) async fn end(&mut self, mut service: Binary, signal: &str) {
        signal_traced(&mut service, signal).await;
        self.take_trace();
    }

    /// Runs a command of the binary to its end.
    pub(super) async fn run(&mut self, command: &[&str]) {
        let mut strace = tokio::process::Command::new("strace");
        strace.args(self.arguments(None)).arg(Binary::path()).args(command).current_dir(&self.root);
        let output = Binary::output(strace).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self.take_trace();
    }

    fn take_trace(&mut self) {
        let ops = trace::read(&self.trace(), &self.root, self.lines);
        self.lines = ops.iter().map(|op| op.exit.unwrap_or(op.enter)).max().unwrap() + 1;
        self.ops.extend(ops.into_iter().map(Arc::new));
    }

    async fn ask(&self, service: &Binary, method: Method, path: &str, body: &Value, id: &str) -> Answer {
        let request = self.client.request(method, service.url(path)).header("x-request-id", id);
        let request = if body.is_null() { request } else { request.json(body) };
        Answer::read(request.send().await.unwrap()).await
    }

    /// Sends a request, and notes what its response promises. Returns false if it failed.
    async fn request(&mut self, service: &Binary, method: Method, path: &str, body: Value, promise: Promise) -> bool {
        self.requests += 1;
        let request = format!("cut-{:04}.", self.requests);
        let answer = self.ask(service, method, path, &body, &request).await;
        let call = path.split('/').nth(2).or_else(|| body["streamSid"].as_str()).unwrap().to_owned();
        let is_done = answer.status < 300 && (promise != Promise::Ended || answer.json()["status"] == "completed");
        if is_done {
            self.notes.push(Note { request, call, promise });
        }
        is_done
    }

    pub(super) async fn start(&mut self, service: &Binary, call: &str) {
        let body = json!({ "streamSid": call, "caller": "a" });
        assert!(self.request(service, Method::POST, "/calls", body, Promise::Started).await);
    }

    /// Sends the next chunk of a call. Returns false if it was refused.
    pub(super) async fn send(&mut self, service: &Binary, call: &str) -> bool {
        let number = self.chunks.get(call).copied().unwrap_or_default();
        let chunk = json!({ "audio": encode_base64(&audio(number)), "sequence": number, "timestamp": number * 20 });
        let done = self.request(service, Method::POST, &format!("/calls/{call}/chunks"), chunk, Promise::Chunk).await;
        self.chunks.insert(call.to_owned(), number + usize::from(done));
        done
    }

    pub(super) async fn say(&mut self, service: &Binary, call: &str, text: &str) {
        let body = json!({ "speaker": "a", "text": text });
        let promise = Promise::Said(text.to_owned());
        assert!(self.request(service, Method::POST, &format!("/calls/{call}/transcripts"), body, promise).await);
    }

    /// Ends a call. Returns false if it failed.
    pub(super) async fn finish(&mut self, service: &Binary, call: &str) -> bool {
        self.request(service, Method::POST, &format!("/calls/{call}/end"), json!({}), Promise::Ended).await
    }

    /// Starts calls until two of them have their recordings in one folder, and returns those.
    pub(super) async fn start_pair(&mut self, service: &Binary) -> [String; 2] {
        let mut folders: BTreeMap<String, String> = BTreeMap::new();
        for number in 0.. {
            let call = format!("MZ{number}");
            self.start(service, &call).await;
            let found = self.ask(service, Method::GET, &format!("/calls/{call}"), &Value::Null, "look").await.json();
            let folder = found["id"].as_str().unwrap()[34..].to_owned();
            if let Some(other) = folders.insert(folder, call.clone()) {
                self.notes.retain(|note| [&call, &other].contains(&&note.call));
                return [other, call];
            }
        }
        unreachable!("there are 256 folders")
    }

    /// Ends calls at the same time.
    pub(super) async fn finish_together(&mut self, service: &Binary, calls: &[String]) {
        let recorder = &*self;
        let ends = calls.iter().map(|call| async move {
            let request = format!("cut-{call}.");
            let path = format!("/calls/{call}/end");
            let answer = recorder.ask(service, Method::POST, &path, &json!({}), &request).await.expect(200);
            assert_eq!(answer.json()["status"], "completed");
            Note { request, call: call.clone(), promise: Promise::Ended }
        });
        let notes = futures_util::future::join_all(ends).await;
        self.notes.extend(notes);
    }

    pub(super) async fn delete(&mut self, service: &Binary, call: &str) {
        assert!(self.request(service, Method::DELETE, &format!("/calls/{call}"), Value::Null, Promise::Deleted).await);
    }

    /// A whole call with its recording.
    pub(super) async fn record(&mut self, service: &Binary, call: &str) {
        self.start(service, call).await;
        for _ in 0..3 {
            assert!(self.send(service, call).await);
        }
        self.say(service, call, &format!("said in {call}")).await;
        assert!(self.finish(service, call).await);
    }
}

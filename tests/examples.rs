//! examples/: every program works unchanged against the built binary.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, resample, wav};
use tempfile::TempDir;

use crate::{
    keys::create,
    support::{Binary, client_builder, run_program},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A service that requires keys, and a client with one.
struct Service {
    folder: TempDir,
    binary: Binary,
    client: reqwest::Client,
    key: String,
}

impl Service {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let key = create(folder.path(), "admin", &[]).await;
        let authorization = ("authorization".parse().unwrap(), format!("Bearer {key}").parse().unwrap());
        let headers = [authorization].into_iter().collect();
        let client = client_builder().default_headers(headers).build().unwrap();
        let binary = Binary::serve(folder.path()).await;
        Self { folder, binary, client, key }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.client.post(self.binary.url(path)).json(&body).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    }

    /// Ends a call, unless the example has, and returns its recording and the samples of its channels.
    async fn recording(&self, call: &str) -> (Value, Vec<Vec<i16>>) {
        let ended = self.post(&format!("/calls/{call}/end"), json!({})).await;
        let recording = ended["recordings"][0].clone();
        let url = self.binary.url(&format!("/recordings/{}/audio", recording["id"].as_str().unwrap()));
        let bytes = self.client.get(url).send().await.unwrap().bytes().await.unwrap();
        let wav = wav::read(&bytes).unwrap();
        let channels = usize::from(wav.channels);
        let channel = |index: usize| wav.samples[index..].iter().step_by(channels).copied().collect();
        (recording, (0..channels).map(channel).collect())
    }

    /// Runs an example with this service's address and key.
    async fn run(&self, program: &[&str], arguments: &[&str]) {
        let url = format!("CALLSTORE_URL={}", self.binary.url(""));
        let key = format!("CALLSTORE_KEY={}", self.key);
        let environment = [&*url, &*key, "SPEED=100", "NO_PROXY=*"];
        run_program("env", &[&environment, program, arguments].concat()).await;
    }
}

/// A folder of the build into which scripts/test.sh installs packages.
pub(crate) fn packages(name: &str) -> PathBuf {
    let folder = Binary::path().ancestors().nth(2).unwrap().join(name);
    assert!(folder.exists(), "{} is missing; scripts/test.sh installs it", folder.display());
    folder
}

fn python() -> String {
    packages("examples").join("bin/python").to_str().unwrap().to_owned()
}

fn example(name: &str) -> String {
    format!("{ROOT}/examples/{name}")
}

/// A voice of the walk-through: the file and its samples.
fn voice(name: &str) -> (String, Vec<u8>) {
    let file = format!("{ROOT}/tests/fixtures/readme/{name}.ulaw");
    let bytes = fs::read(&file).unwrap();
    (file, bytes)
}

/// Checks that every second sample of a recording of 8 kHz audio is the sample that was sent.
fn sent(channel: &[i16]) -> Vec<i16> {
    channel.iter().step_by(2).copied().collect()
}

async fn records_over_http(program: &[&str]) {
    let service = Service::start().await;
    let (file, audio) = voice("caller");
    let out = service.folder.path().join("call.wav");
    service.run(program, &[&file, "call-1", out.to_str().unwrap()]).await;

    let (recording, channels) = service.recording("call-1").await;
    assert_eq!((&recording["gaps"], &recording["duplicates"]), (&json!([]), &json!(0)), "{recording}");
    assert_eq!(sent(&channels[0]), mulaw_to_pcm16(&audio));
    assert_eq!(wav::read(&fs::read(out).unwrap()).unwrap().samples, channels[0]);
}

/// Streams a file whose first chunks are already stored, twice.
async fn streams_and_resumes(program: &[&str]) {
    let service = Service::start().await;
    let (file, audio) = voice("caller");
    service.post("/calls", json!({ "streamSid": "MZ1", "caller": "+14155550134" })).await;
    for number in 0..10_usize {
        let audio = encode_base64(&audio[number * 160..(number + 1) * 160]);
        let chunk = json!({ "audio": audio, "sequence": number, "timestamp": number * 20 });
        service.post("/calls/MZ1/chunks", chunk).await;
    }
    service.run(program, &[&file, "MZ1"]).await;
    service.run(program, &[&file, "MZ1"]).await;

    let (recording, channels) = service.recording("MZ1").await;
    assert_eq!((&recording["gaps"], &recording["duplicates"]), (&json!([]), &json!(0)), "{recording}");
    assert_eq!(sent(&channels[0]), mulaw_to_pcm16(&audio));
}

#[tokio::test]
async fn the_http_recorder_in_python_records() {
    records_over_http(&[&python(), &example("http_recorder.py")]).await;
}

#[tokio::test]
async fn the_http_recorder_in_node_records() {
    records_over_http(&["node", &example("http_recorder.mjs")]).await;
}

#[tokio::test]
async fn the_stream_recorder_in_python_resumes() {
    streams_and_resumes(&[&python(), &example("stream_recorder.py")]).await;
}

#[tokio::test]
async fn the_stream_recorder_in_node_resumes() {
    // Where node finds the packages.
    let folder = TempDir::new_in(packages("node")).unwrap();
    let file = folder.path().join("stream_recorder.mjs");
    fs::copy(example("stream_recorder.mjs"), &file).unwrap();
    streams_and_resumes(&["node", file.to_str().unwrap()]).await;
}

#[tokio::test]
async fn the_twilio_client_makes_a_recording_of_both_sides() {
    let service = Service::start().await;
    let ((caller_file, caller), (agent_file, agent)) = (voice("caller"), voice("agent"));
    service.run(&[&python(), &example("twilio_client.py")], &[&caller_file, &agent_file, "MZ1"]).await;

    let (recording, channels) = service.recording("MZ1").await;
    assert_eq!((&recording["channels"], &recording["gaps"]), (&json!(2), &json!([])), "{recording}");
    assert_eq!(sent(&channels[0])[..caller.len()], mulaw_to_pcm16(&caller));
    assert_eq!(sent(&channels[1])[..agent.len()], mulaw_to_pcm16(&agent));
}

#[tokio::test]
async fn the_pipecat_observer_stores_both_sides() {
    let service = Service::start().await;
    // Pipecat sends whole chunks of 40 ms.
    let pcm = |name: &str| {
        let mut samples = resample(&mulaw_to_pcm16(&voice(name).1), 8_000, 16_000);
        samples.truncate(samples.len() / 640 * 640);
        let file = service.folder.path().join(format!("{name}.pcm"));
        fs::write(&file, samples.iter().flat_map(|sample| sample.to_le_bytes()).collect::<Vec<_>>()).unwrap();
        (file.to_str().unwrap().to_owned(), samples)
    };
    let ((caller_file, caller), (agent_file, agent)) = (pcm("caller"), pcm("agent"));
    let pipeline = Path::new(ROOT).join("tests/examples/pipecat_call.py");
    let path = format!("PYTHONPATH={ROOT}/examples");
    let (url, python) = (service.binary.url(""), python());
    let program = [&*path, "PYTHONDONTWRITEBYTECODE=1", &*python, pipeline.to_str().unwrap()];
    let arguments = [&*url, &*service.key, "call-1", &*caller_file, &*agent_file];
    run_program("env", &[&program[..], &arguments].concat()).await;

    let (recording, channels) = service.recording("call-1").await;
    assert_eq!((&recording["channels"], &recording["overlapSeconds"]), (&json!(2), &json!(0.0)), "{recording}");
    // On a busy machine frames come late, which the observer takes for pauses. All samples are there nevertheless.
    let heard = |samples: &[i16]| samples.iter().filter(|&&sample| sample != 0).count();
    assert_eq!(heard(&channels[0]), heard(&caller));
    assert_eq!(heard(&channels[1]), heard(&agent));
    let begin = channels[1].iter().position(|&sample| sample != 0).unwrap();
    assert!(begin >= caller.len(), "the agent answers once the caller has spoken: {begin}");
}

#[tokio::test]
async fn the_python_of_the_documents_can_be_parsed() {
    let text = fs::read_to_string(format!("{ROOT}/docs/agents.md")).unwrap();
    let blocks: Vec<_> = text.split("```python\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(blocks.len(), 2);
    let parse = "import ast, sys; [ast.parse(block) for block in sys.argv[1:]]";
    run_program(&python(), &[&["-c", parse], &blocks[..]].concat()).await;
}

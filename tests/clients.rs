//! Clients generated from openapi.json. Each generator builds its client, which goes through a whole call, from
//! `startCall` to `deleteCall`, against the built binary with a key.

use std::fs;

use serde_json::{Value, json};
use service::audio::encode_base64;
use tempfile::TempDir;

use crate::{
    examples::packages,
    keys::create,
    support::{Binary, client_builder, run_program},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi.json");
const VOICE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/readme/caller.ulaw");

/// A service with a key, and the SHA-256 of the recording expected for the voice.
struct Service {
    binary: Binary,
    key: String,
    sha256: String,
    _folder: TempDir,
}

impl Service {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let key = create(folder.path(), "admin", &[]).await;
        let binary = Binary::serve(folder.path()).await;
        let mut service = Self { binary, key, sha256: String::new(), _folder: folder };
        service.sha256 = service.recorded().await;
        service
    }

    /// Records the voice without any generated client, and deletes the call.
    async fn recorded(&self) -> String {
        let client = client_builder().build().unwrap();
        let send = async |method: &str, path: &str, body: Value| {
            let request = client.request(method.parse().unwrap(), self.binary.url(path)).bearer_auth(&self.key);
            request.json(&body).send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap()
        };
        send("POST", "/calls", json!({ "streamSid": "MZ-reference", "caller": "a" })).await;
        let voice = fs::read(VOICE).unwrap();
        let chunks: Vec<_> = voice
            .chunks(160)
            .enumerate()
            .map(|(at, frame)| json!({ "audio": encode_base64(frame), "sequence": at, "timestamp": at * 20 }))
            .collect();
        send("POST", "/calls/MZ-reference/chunks/batch", json!({ "chunks": chunks })).await;
        let ended: Value = serde_json::from_slice(&send("POST", "/calls/MZ-reference/end", json!({})).await).unwrap();
        send("DELETE", "/calls/MZ-reference", json!({})).await;
        ended["recordings"][0]["sha256"].as_str().unwrap().to_owned()
    }

    /// Runs a program of tests/clients/, which prints the SHA-256 of the recording that it made and downloaded.
    async fn is_used_by(&self, program: &[&str], audio: &str) {
        let url = self.binary.url("");
        let printed = run_program("env", &[&["NO_PROXY=*"], program, &[&*url, &*self.key, audio]].concat()).await;
        assert_eq!(printed, self.sha256);
    }
}

fn program(name: &str) -> String {
    format!("{ROOT}/tests/clients/{name}")
}

fn tool(folder: &str, name: &str) -> String {
    packages(folder).join(name).to_str().unwrap().to_owned()
}

/// Runs a program with a generated package `callstore_client` in `folder`.
async fn use_python(folder: &TempDir, name: &str) {
    let path = format!("PYTHONPATH={}", folder.path().display());
    let (python, program) = (tool("clients", "bin/python"), program(name));
    let service = Service::start().await;
    service.is_used_by(&[&path, "PYTHONDONTWRITEBYTECODE=1", &python, &program], VOICE).await;
}

#[tokio::test]
async fn openapi_fetch_goes_through_a_whole_call() {
    // Where node finds the packages.
    let folder = TempDir::new_in(packages("node")).unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let node = |name: &str| tool("node", &format!("node_modules/.bin/{name}"));
    fs::write(file("package.json"), r#"{ "type": "module" }"#).unwrap();
    fs::copy(program("whole_call.ts"), file("whole_call.ts")).unwrap();
    run_program(&node("openapi-typescript"), &[DOCUMENT, "-o", &file("callstore.d.ts")]).await;
    let options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"];
    run_program(&node("tsc"), &[&options[..], &[&*file("whole_call.ts")]].concat()).await;

    let audio = encode_base64(&fs::read(VOICE).unwrap());
    Service::start().await.is_used_by(&[&node("tsx"), &file("whole_call.ts")], &audio).await;
}

#[tokio::test]
async fn openapi_python_client_goes_through_a_whole_call() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // The generator recognizes `application/octet-stream` as bytes, but no audio types.
    let settings = json!({ "post_hooks": [], "content_type_overrides": { "audio/wav": "application/octet-stream" } });
    fs::write(file("settings.json"), settings.to_string()).unwrap();
    let (output, settings) = (file("callstore_client"), file("settings.json"));
    let options = ["generate", "--path", DOCUMENT, "--meta", "none", "--output-path", &output, "--config", &settings];
    run_program(&tool("clients", "bin/openapi-python-client"), &options).await;
    use_python(&folder, "openapi_python_client.py").await;
}

#[tokio::test]
async fn openapi_generator_s_python_goes_through_a_whole_call() {
    let folder = TempDir::new().unwrap();
    let generator = tool("clients", "bin/openapi-generator-cli");
    let parts = "models,apis,supportingFiles,modelTests=false,apiTests=false,modelDocs=false,apiDocs=false";
    let output = folder.path().to_str().unwrap();
    let options = ["generate", "-g", "python", "-i", DOCUMENT, "-o", output, "--global-property", parts];
    let package = ["--package-name", "callstore_client"];
    run_program(&generator, &[&options[..], &package].concat()).await;
    use_python(&folder, "openapi_generator.py").await;
}

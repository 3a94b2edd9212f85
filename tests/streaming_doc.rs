//! docs/streaming.md: its clients do what it says, run as they are written against the built binary.

use std::{fs, path::Path};

use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, wav};
use tempfile::TempDir;

use crate::{
    keys::create,
    support::{Binary, client_builder, run_program},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A program of the document, under its mark.
fn program(name: &str) -> String {
    let document = fs::read_to_string(format!("{ROOT}/docs/streaming.md")).unwrap();
    let (_, rest) = document.split_once(&format!("<!-- {name} -->\n```")).expect("the document has the program");
    let (_, rest) = rest.split_once('\n').unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Streams a file with a client, the first of it being there already, and compares the recording.
async fn check(program: &str, arguments: &[&str]) {
    let folder = TempDir::new().unwrap();
    let key = create(folder.path(), "admin", &[]).await;
    let authorization = ("authorization".parse().unwrap(), format!("Bearer {key}").parse().unwrap());
    let headers = [authorization].into_iter().collect();
    let client = client_builder().default_headers(headers).build().unwrap();
    let service = Binary::serve(folder.path()).await;
    let post = async |path: &str, body: Value| {
        let answer = client.post(service.url(path)).json(&body).send().await.unwrap().error_for_status().unwrap();
        answer.json::<Value>().await.unwrap()
    };
    let file = format!("{ROOT}/tests/fixtures/readme/caller.ulaw");
    let audio = fs::read(&file).unwrap();
    post("/calls", json!({ "streamSid": "MZ1", "caller": "a" })).await;
    // What an earlier connection had sent.
    for number in 0..10_usize {
        let audio = encode_base64(&audio[number * 160..(number + 1) * 160]);
        post("/calls/MZ1/chunks", json!({ "audio": audio, "sequence": number, "timestamp": number * 20 })).await;
    }
    let base = service.url("");
    let key = format!("CALLSTORE_KEY={key}");
    let arguments: Vec<&str> =
        [&*key, program].iter().chain(arguments).copied().chain([&*base, "MZ1", &*file]).collect();
    run_program("env", &arguments).await;

    let ended = post("/calls/MZ1/end", json!({})).await;
    let recording = &ended["recordings"][0];
    assert_eq!((&recording["gaps"], &recording["duplicates"]), (&json!([]), &json!(0)), "{ended}");
    let url = service.url(&format!("/recordings/{}/audio", recording["id"].as_str().unwrap()));
    let bytes = client.get(url).send().await.unwrap().bytes().await.unwrap();
    let samples: Vec<i16> = wav::read(&bytes).unwrap().samples.into_iter().step_by(2).collect();
    assert!(samples == mulaw_to_pcm16(&audio), "the recording is not what was sent");
}

#[tokio::test]
async fn the_client_in_python_streams_and_resumes() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("client.py");
    fs::write(&file, program("client.py")).unwrap();
    // Debian's own, since it is Debian's module.
    check("/usr/bin/python3", &[file.to_str().unwrap()]).await;
}

#[tokio::test]
async fn the_client_in_typescript_streams_and_resumes() {
    // Where scripts/test.sh has put the packages, so that node finds them.
    let packages = Binary::path().ancestors().nth(2).unwrap().join("node");
    let tsx = packages.join("node_modules/tsx/dist/cli.mjs");
    assert!(Path::new(&tsx).exists(), "{} is missing; scripts/test.sh installs it", tsx.display());
    let folder = TempDir::new_in(&packages).unwrap();
    let file = folder.path().join("client.mts");
    fs::write(&file, program("client.mts")).unwrap();
    check("node", &[tsx.to_str().unwrap(), file.to_str().unwrap()]).await;
}

//! `importTranscripts`: documents of recognizers, stored as their expectations say.

use std::{fs, path::Path};

use serde_json::{Value, json};

use super::PATH;
use crate::support::Server;

const IMPORT: &str = "/calls/MZ1/transcripts/import";

fn document(name: &str) -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../recognizers/tests/fixtures").join(name)).unwrap()
}

#[tokio::test]
async fn documents_of_all_forms_are_imported_once() {
    for (file, content_type) in [
        ("deepgram_live.json", "application/json"),
        ("retell.json", "application/json"),
        ("whisper_cpp_bytes.json", "application/json; charset=utf-8"),
        ("webvtt.vtt", "text/vtt"),
        ("srt.srt", "application/x-subrip"),
    ] {
        let server = Server::start().await;
        server.start_call("MZ1").await;
        let stem = file.split('.').next().unwrap();
        let expected: Value = serde_json::from_slice(&document(&format!("{stem}.expected.json"))).unwrap();
        let first = server.post_bytes(IMPORT, content_type, document(file)).await.expect(201).json();
        for count in ["provider", "imported", "skipped", "duplicates"] {
            assert_eq!(first[count], expected[count], "{file} {count}");
        }
        let stored = server.get(&format!("{PATH}?limit=500")).await.expect(200).json();
        let items = stored["items"].as_array().unwrap();
        let listed = expected["transcripts"].as_array().unwrap();
        assert_eq!(items.len(), listed.len());
        // Those without a time are listed in the order of the document.
        for (item, expected) in items.iter().zip(listed).filter(|(item, _)| !item["startTime"].is_null()) {
            for field in ["speaker", "track", "kind", "text", "startTime", "endTime", "data", "final"] {
                assert_eq!(item[field], expected[field], "{file} {field}");
            }
            let texts = |words: &Value| {
                words.as_array().map(|words| words.iter().map(|word| word["text"].clone()).collect::<Vec<_>>())
            };
            assert_eq!(texts(&item["words"]), texts(&expected["words"]), "{file}");
        }
        let again = server.post_bytes(IMPORT, content_type, document(file)).await.expect(200).json();
        let total = first["imported"].as_u64().unwrap() + first["duplicates"].as_u64().unwrap();
        assert_eq!((&again["imported"], &again["duplicates"]), (&json!(0), &json!(total)), "{file}");
        assert_eq!(server.get(&format!("{PATH}?limit=500")).await.json(), stored);
    }
}

#[tokio::test]
async fn a_later_document_replaces_what_it_names_again() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let message = |text: &str, is_final: bool| {
        json!({
            "type": "Results",
            "channel_index": [0, 2],
            "start": 3.1,
            "duration": 1.2,
            "is_final": is_final,
            "channel": { "alternatives": [{ "transcript": text, "confidence": 0.9, "words": [] }] },
            "metadata": { "request_id": "b1c6" },
        })
        .to_string()
    };
    server.post_bytes(IMPORT, "application/json", message("Ye", false)).await.expect(201);
    let second = server.post_bytes(IMPORT, "application/json", message("Yes.", true)).await.expect(201).json();
    assert_eq!((&second["imported"], &second["duplicates"]), (&json!(1), &json!(0)));
    let items = server.get(PATH).await.json()["items"].clone();
    assert_eq!(items.as_array().unwrap().len(), 1);
    assert_eq!(
        (&items[0]["text"], &items[0]["final"], &items[0]["track"]),
        (&json!("Yes."), &json!(true), &json!("inbound"))
    );
    assert_eq!(items[0]["externalId"], "deepgram:b1c6:0:3100");
}

#[tokio::test]
async fn bad_items_are_listed_and_the_rest_is_stored() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let segments = json!([{ "start": 0, "end": 1, "text": "good" }, { "start": 0, "end": 1, "text": " " }, 5]);
    let answer = server.post_bytes(IMPORT, "application/json", segments.to_string()).await.expect(201).json();
    assert_eq!((&answer["imported"], &answer["skipped"]), (&json!(1), &json!(2)));
    let pointers: Vec<_> = answer["problems"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!(json!(pointers), json!(["/1", "/2"]));
    let many: Vec<_> = (0..150).map(|_| json!({ "start": 0, "end": 1, "text": "" })).collect();
    let answer = server.post_bytes(IMPORT, "application/json", json!(many).to_string()).await.expect(201).json();
    assert_eq!(answer["skipped"], 150);
    assert_eq!(answer["problems"].as_array().unwrap().len(), 100);
    assert_eq!(server.count("transcript").await, 1);
}

#[tokio::test]
async fn a_document_that_cannot_be_read_is_refused_with_what_can_be() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let unknown = server.post_bytes(IMPORT, "application/json", "{}").await.expect(422).json();
    assert_eq!(unknown["code"], "unknown_transcript_format");
    assert!(unknown["detail"].as_str().unwrap().contains("deepgram, assemblyai, "));
    let named = format!("{IMPORT}?provider=google");
    let other = server.post_bytes(&named, "application/json", document("deepgram.json")).await.expect(422).json();
    assert_eq!(other["code"], "unknown_transcript_format");
    server.post_bytes(&format!("{IMPORT}?provider=siri"), "application/json", "{}").await.expect(422);
    let many = format!("[{}]", ["[]"; 250_000].join(","));
    server.post_bytes(IMPORT, "application/json", many).await.expect_problem(422, "validation_failed");
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    server.post_bytes(IMPORT, "application/json", deep).await.expect_problem(422, "validation_failed");
    assert_eq!(server.post_bytes(IMPORT, "application/json", "{").await.expect(400).json()["code"], "malformed_json");
    server.post_bytes(IMPORT, "text/vtt", "{}").await.expect_problem(422, "unknown_transcript_format");
    server.post_bytes(IMPORT, "text/plain", "WEBVTT").await.expect(415);
    server.post_bytes(IMPORT, "application/json", vec![b' '; 8 * 1024 * 1024 + 1]).await.expect(413);
    server.post_bytes("/calls/none/transcripts/import", "text/vtt", "WEBVTT").await.expect(404);
    assert_eq!(server.count("transcript").await, 0);
}

#[tokio::test]
async fn half_a_character_costs_no_document() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let document = r#"[{"start": 0, "end": 1, "text": "a\ud83d \uDE00\ud83d\ude00 \\ud83d"}]"#;
    server.post_bytes(IMPORT, "application/json", document).await.expect(201);
    assert_eq!(server.get(PATH).await.json()["items"][0]["text"], "a\u{fffd} \u{fffd}\u{1F600} \\ud83d");
}

#[tokio::test]
async fn the_largest_document_is_stored_as_a_whole() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let segment =
        |number: u32| json!({ "start": number % 40_000, "end": number % 40_000, "text": format!("{number}") });
    let segments: Vec<_> = (0..60_000).map(segment).collect();
    let answer = server.post_bytes(IMPORT, "application/json", json!(segments).to_string()).await.expect(201).json();
    assert_eq!(answer["imported"], 60_000);
    assert_eq!(server.count("transcript").await, 60_000);
}

//! Recordings: their metadata, and the file in whole and in part.

use serde_json::{Value, json};

use crate::support::{Answer, Leftover, Server, chunk, on_folder, silence};

/// A server with a stereo recording of 40 ms.
async fn recorded() -> (Server, Value) {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for (track, timestamp) in [("inbound", 0), ("outbound", 20)] {
        server.post("/calls/MZ1/chunks", &chunk(track, 0, timestamp)).await.expect(201);
    }
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let recording = ended["recordings"][0].clone();
    (server, recording)
}

fn audio_path(recording: &Value) -> String {
    format!("/recordings/{}/audio", recording["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_recording_is_known_with_all_that_the_contract_lists() {
    let (server, recording) = recorded().await;
    let id = recording["id"].as_str().unwrap();
    let call = recording["callId"].as_str().unwrap();
    let expected = json!({
        "id": id, "callId": call, "filePath": format!("{}/{call}.wav", &call[34..]), "fileUrl": recording["fileUrl"], "format": "wav",
        "codec": "pcm", "sampleRate": 16_000, "channels": 2, "duration": 0.04, "sizeBytes": 44 + 640 * 4,
        "sha256": recording["sha256"], "gaps": [{ "track": "outbound", "start": 0.0, "end": 0.02 }],
        "overlapSeconds": 0.0, "duplicates": 0, "createdAt": "2026-01-02T03:04:05.678Z",
    });
    assert_eq!(recording, expected);
    assert_eq!(recording["fileUrl"].is_null(), on_folder());
    assert_eq!(server.get(&format!("/recordings/{id}")).await.expect(200).json(), expected);
    assert_eq!(server.get("/calls/MZ1/recordings").await.expect(200).json(), json!({ "items": [expected] }));
    server.start_call("MZ2").await;
    assert_eq!(server.get("/calls/MZ2/recordings").await.expect(200).json(), json!({ "items": [] }));
    let file = server.recordings().join(recording["filePath"].as_str().unwrap());
    let served = server.get(&audio_path(&recording)).await.expect(200);
    assert_eq!(std::fs::read(file).unwrap(), served.bytes);
}

#[tokio::test]
async fn a_recording_is_shown_in_the_browser_and_saved_under_the_name_of_its_call() {
    let server = Server::start().await;
    let path = format!("/recordings/{}/audio", server.record("MZ:1-a_b.c").await);
    for (range, status) in [("", 200), ("bytes=0-9", 206), ("bytes=-5", 206)] {
        let request = server.request(reqwest::Method::GET, &path).header("range", range);
        let answer = Answer::read(request.send().await.unwrap()).await.expect(status);
        assert_eq!(answer.header("content-disposition"), "inline; filename=\"MZ:1-a_b.c.wav\"", "{range}");
    }
}

#[tokio::test]
async fn overlaps_are_summed_over_the_tracks() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for (track, timestamp) in [("inbound", 0), ("inbound", 1), ("outbound", 0), ("outbound", 1)] {
        let sequence = timestamp;
        // One second of audio, one millisecond after the previous one.
        let chunk =
            json!({ "audio": silence(8_000), "track": track, "sequence": sequence, "timestamp": timestamp * 500 });
        server.post("/calls/MZ1/chunks", &chunk).await.expect(201);
    }
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let recording = &ended["recordings"][0];
    assert_eq!((&recording["overlapSeconds"], &recording["duration"]), (&json!(1.0), &json!(1.5)));
}

#[tokio::test]
async fn a_part_of_a_recording_is_those_bytes_of_it() {
    let (server, recording) = recorded().await;
    let path = audio_path(&recording);
    let whole = server.get(&path).await.expect(200);
    let size = whole.bytes.len();
    assert_eq!((whole.header("accept-ranges"), whole.header("content-type")), ("bytes", "audio/wav"));
    assert_eq!(whole.header("content-length"), size.to_string());
    let last = size - 1;
    for (range, from, to) in [
        ("bytes=0-0", 0, 0),
        ("bytes=0-43", 0, 43),
        ("bytes=44-", 44, last),
        ("bytes=-10", size - 10, last),
        ("bytes=-99999999", 0, last),
        ("bytes=100-99999999", 100, last),
        ("Bytes = 7-9", 7, 9),
        ("bytes=0-99999999999999999999999", 0, last),
    ] {
        let part = server.get_with(&path, "range", range).await.expect(206);
        assert_eq!(part.bytes, whole.bytes[from..=to], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {from}-{to}/{size}"));
        assert_eq!(part.header("content-length"), (to - from + 1).to_string());
        assert_eq!((part.header("etag"), part.header("content-type")), (whole.header("etag"), "audio/wav"));
    }
    for range in ["bytes=0-1,5-6", "bytes=5-4", "bytes=", "bytes=-", "bytes=a-b", "seconds=0-1", "bytes", "bytes=+1-2"]
    {
        let answer = server.get_with(&path, "range", range).await.expect(200);
        assert_eq!(answer.bytes.len(), size, "{range}");
    }
    for range in [format!("bytes={size}-"), format!("bytes={size}-{size}"), "bytes=-0".to_owned()] {
        let answer = server.get_with(&path, "range", &range).await.expect_problem(416, "range_not_satisfiable");
        assert_eq!(answer.header("content-range"), format!("bytes */{size}"), "{range}");
    }
}

#[tokio::test]
async fn a_part_is_sent_only_of_the_recording_that_the_client_has() {
    let (server, recording) = recorded().await;
    let path = audio_path(&recording);
    let etag = format!("\"{}\"", recording["sha256"].as_str().unwrap());
    let weak = format!("W/{etag}");
    let date = "Thu, 01 Jan 2026 00:00:00 GMT";
    for (tag, status) in [(etag.as_str(), 206), ("\"other\"", 200), (&weak, 200), (date, 200)] {
        let request = server.request(reqwest::Method::GET, &path).header("range", "bytes=0-9").header("if-range", tag);
        Answer::read(request.send().await.unwrap()).await.expect(status);
    }
    for (tags, status) in [
        (etag.as_str(), 304),
        (&weak, 304),
        ("*", 304),
        (&format!("\"a\", {etag}"), 304),
        ("\"other\"", 200),
        (etag.trim_matches('"'), 200),
    ] {
        let answer = server.get_with(&path, "if-none-match", tags).await.expect(status);
        assert_eq!(answer.bytes.is_empty(), status == 304, "{tags}");
        assert_eq!(answer.header("etag"), etag);
    }
    let request =
        server.request(reqwest::Method::GET, &path).header("range", "bytes=0-9").header("if-none-match", &etag);
    Answer::read(request.send().await.unwrap()).await.expect(304);
}

#[tokio::test]
async fn the_head_of_a_recording_is_that_of_the_whole() {
    let (server, recording) = recorded().await;
    let path = audio_path(&recording);
    let whole = server.get(&path).await.expect(200);
    let head = Answer::read(server.request(reqwest::Method::HEAD, &path).send().await.unwrap()).await.expect(200);
    assert!(head.bytes.is_empty());
    for name in ["content-length", "content-type", "etag", "accept-ranges"] {
        assert_eq!(head.header(name), whole.header(name), "{name}");
    }
    let request = server.request(reqwest::Method::HEAD, &path).header("range", "bytes=0-9");
    let answer = Answer::read(request.send().await.unwrap()).await;
    assert!(answer.status == 206 || answer.status == 200, "{}", answer.status);
}

#[tokio::test]
async fn a_recording_is_never_compressed() {
    let (server, recording) = recorded().await;
    let path = audio_path(&recording);
    for range in ["bytes=0-", "bytes=0-9", ""] {
        let mut request = server.request(reqwest::Method::GET, &path).header("accept-encoding", "gzip, br, zstd");
        if !range.is_empty() {
            request = request.header("range", range);
        }
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert!(answer.status < 300);
        assert_eq!(answer.header("content-encoding"), "");
        assert!(range == "bytes=0-9" || answer.bytes.len() == recording["sizeBytes"].as_u64().unwrap() as usize);
    }
}

#[tokio::test]
async fn a_recording_survives_a_restart_of_the_service() {
    let (mut server, recording) = recorded().await;
    let before = server.get(&audio_path(&recording)).await.expect(200);
    server.restart().await;
    let after = server.get(&audio_path(&recording)).await.expect(200);
    assert_eq!(before.bytes, after.bytes);
    let listed = server.get("/calls/MZ1?include=recordings").await.expect(200).json();
    assert_eq!(listed["recordings"], json!([recording]));
}

#[tokio::test]
async fn a_recording_over_4_gib_is_refused_before_a_byte_is_written() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    // Moves the chunks from the journal into their table.
    server.get("/calls/MZ1/chunks").await.expect(200);
    // 60 hours of one track are 6.9 GB. Timestamps end at 12 hours, so no client gets there quickly.
    server.execute("UPDATE audio_chunk SET timestamp = 216000000").await;
    server.leaves(Leftover::Error("A recording failed."));
    for _ in 0..2 {
        let call = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
        assert_eq!((&call["status"], &call["failure"]["code"]), (&json!("failed"), &json!("recording_too_long")));
        assert!(call["failure"]["detail"].as_str().unwrap().contains("4 GiB"), "{call}");
        assert_eq!(call["recordings"], json!([]));
    }
    assert_eq!(server.count("audio_chunk").await, 1);
    let files = std::fs::read_dir(server.recordings().join("tmp")).map_or(0, Iterator::count);
    assert_eq!(files, 0, "a draft was left");
    // Nothing is lost: once the cause is fixed, the recording is made.
    server.execute("UPDATE audio_chunk SET timestamp = 0").await;
    let call = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    assert_eq!((&call["status"], &call["recordings"][0]["duration"]), (&json!("completed"), &json!(0.02)));
}

//! Chunks: sequence numbers, formats, duplicates, and missing ones.

use serde_json::{Value, json};

use crate::support::{Answer, Server, chunk, silence};

/// Starts a call in a format.
async fn start(server: &Server, stream_sid: &str, encoding: &str, rate: u32) {
    let format = json!({ "encoding": encoding, "sampleRate": rate });
    let call = json!({ "streamSid": stream_sid, "caller": "a", "audioFormat": format });
    server.post("/calls", &call).await.expect(201);
}

async fn sequence(answer: Answer) -> Value {
    answer.expect(201).json()["sequence"].clone()
}

/// Ends a call and reads its recording.
async fn recorded(server: &Server, call: &str) -> service::audio::Wav {
    let ended = server.post(&format!("/calls/{call}/end"), &json!({})).await.expect(200).json();
    let id = ended["recordings"][0]["id"].as_str().unwrap();
    let file = server.get(&format!("/recordings/{id}/audio")).await.expect(200);
    service::audio::wav::read(&file.bytes).unwrap()
}

#[tokio::test]
async fn a_chunk_without_a_sequence_is_the_next_of_its_track() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let next = json!({ "audio": silence(160) });
    let path = "/calls/MZ1/chunks";
    assert_eq!(sequence(server.post(path, &next).await).await, 0);
    assert_eq!(sequence(server.post(path, &next).await).await, 1);
    assert_eq!(sequence(server.post(path, &json!({ "audio": silence(160), "sequence": 9 })).await).await, 9);
    assert_eq!(sequence(server.post(path, &json!({ "audio": silence(160), "sequence": 4 })).await).await, 4);
    assert_eq!(sequence(server.post(path, &next).await).await, 10);
    let other = json!({ "audio": silence(80), "track": "outbound" });
    let stored = server.post(path, &other).await.expect(201).json();
    let expected = json!({ "track": "outbound", "sequence": 0, "bytes": 80, "duration": 0.01, "duplicate": false });
    assert_eq!(stored, expected);
    let batch = json!({ "chunks": [next, { "audio": silence(160), "sequence": 20 }, next, other, next] });
    let stored = server.post(&format!("{path}/batch"), &batch).await.expect(201).json();
    let numbers: Vec<_> = stored["items"].as_array().unwrap().iter().map(|item| item["sequence"].clone()).collect();
    assert_eq!(json!(numbers), json!([11, 20, 21, 1, 22]));
}

#[tokio::test]
async fn the_same_chunk_again_is_acknowledged_and_kept_once() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let path = "/calls/MZ1/chunks";
    let first = server.post(path, &chunk("inbound", 0, 0)).await.expect(201).json();
    assert_eq!(first["duplicate"], false);
    let again = server.post(path, &chunk("inbound", 0, 0)).await.expect(200).json();
    assert_eq!(again, json!({ "track": "inbound", "sequence": 0, "bytes": 160, "duration": 0.02, "duplicate": true }));
    // The same chunk as raw bytes is a duplicate, too.
    let raw = server.post_bytes(&format!("{path}?sequence=0&timestamp=0"), "audio/basic", vec![0xFF; 160]).await;
    raw.expect(200);
    // In a batch as well: 200 if all are duplicates, 201 if one is new.
    let known = json!({ "chunks": [chunk("inbound", 0, 0), chunk("inbound", 0, 0)] });
    let answer = server.post(&format!("{path}/batch"), &known).await.expect(200).json();
    assert!(answer["items"].as_array().unwrap().iter().all(|item| item["duplicate"] == true));
    let mixed = json!({ "chunks": [chunk("inbound", 1, 20), chunk("inbound", 0, 0), chunk("inbound", 1, 20)] });
    let answer = server.post(&format!("{path}/batch"), &mixed).await.expect(201).json();
    let duplicates: Vec<_> = answer["items"].as_array().unwrap().iter().map(|item| item["duplicate"].clone()).collect();
    assert_eq!(json!(duplicates), json!([false, true, true]));
    let tracks = server.get("/calls/MZ1/chunks").await.expect(200).json()["tracks"].clone();
    assert_eq!((&tracks[0]["chunks"], &tracks[1]), (&json!(2), &Value::Null));
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    assert_eq!((&ended["recordings"][0]["duplicates"], &ended["recordings"][0]["duration"]), (&json!(6), &json!(0.04)));
}

/// Base64 as programs write it, in single chunks and in a batch.
#[tokio::test]
async fn base64_is_taken_in_every_form_that_programs_write() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    // 64 bytes that begin with those that the two alphabets write differently.
    let audio: Vec<u8> = [0xFB, 0xEF, 0xBE].into_iter().chain(0..61).collect();
    let standard = service::audio::encode_base64(&audio);
    let lines = |end: &str| -> String {
        standard.as_bytes().chunks(76).map(|line| String::from_utf8_lossy(line) + end).collect()
    };
    let url_safe = standard.replace('+', "-").replace('/', "_");
    let forms = [
        standard.clone(),
        standard.trim_end_matches('=').to_owned(),
        url_safe.clone(),
        url_safe.trim_end_matches('=').to_owned(),
        lines("\n"),
        lines("\r\n"),
        format!(" {standard}\t"),
        format!("data:audio/basic;base64,{standard}"),
        format!("DATA:;BASE64,{url_safe}"),
    ];
    let chunks: Vec<_> = (0..).zip(&forms).map(|(number, form)| json!({ "audio": form, "sequence": number })).collect();
    for (number, chunk) in chunks.iter().enumerate() {
        let stored = server.post("/calls/MZ1/chunks", chunk).await.expect(201).json();
        assert_eq!(stored["bytes"], 64, "{}", forms[number]);
        // The same bytes in another notation are the same chunk.
        let again = json!({ "audio": standard, "sequence": number });
        server.post("/calls/MZ1/chunks", &again).await.expect(200);
    }
    server.post("/calls/MZ1/chunks/batch", &json!({ "chunks": chunks })).await.expect(200);
    let to = json!({ "encoding": "mulaw", "sampleRate": 8_000 });
    for form in forms {
        let same = server.post("/audio/convert", &json!({ "audio": form, "to": to })).await.expect(200).json();
        assert_eq!(same["audio"], standard, "{form}");
    }
}

#[tokio::test]
async fn a_batch_is_stored_whole_or_not_at_all() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let path = "/calls/MZ1/chunks/batch";
    let mut chunks: Vec<_> = (0..100).map(|number| chunk("inbound", number, number * 20)).collect();
    chunks.push(chunk("inbound", 50, 1)); // Another timestamp.
    let refused = server.post(path, &json!({ "chunks": chunks })).await.expect_problem(409, "chunk_conflict");
    assert_eq!(refused.pointers(), ["/chunks/100/sequence"]);
    let stored = async || server.get("/calls/MZ1/chunks").await.expect(200).json()["tracks"].clone();
    assert_eq!(stored().await, json!([]));
    chunks.pop();
    server.post(path, &json!({ "chunks": chunks })).await.expect(201);
    let whole = stored().await;
    assert_eq!((&whole[0]["chunks"], &whole[1]), (&json!(100), &Value::Null));
    let late =
        json!({ "chunks": [chunk("outbound", 0, 0), { "audio": silence(161), "sequence": 7, "timestamp": 140 }] });
    let refused = server.post(path, &late).await.expect_problem(409, "chunk_conflict");
    assert_eq!(refused.pointers(), ["/chunks/1/sequence"]);
    assert_eq!(stored().await, whole);
}

#[tokio::test]
async fn raw_bodies_of_each_media_type_are_the_same_audio() {
    let server = Server::start().await;
    let samples: Vec<i16> = (0..160).map(|number| (number - 80) * 100).collect();
    let little: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let big: Vec<u8> = samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    let mulaw = service::audio::pcm16_to_mulaw(&samples);
    let alaw = service::audio::pcm16_to_alaw(&samples);
    for (encoding, bytes, kinds) in [
        ("mulaw", &mulaw, vec![("audio/basic", &mulaw), ("audio/PCMU", &mulaw), ("audio/pcmu; rate=8000", &mulaw)]),
        ("alaw", &alaw, vec![("audio/PCMA", &alaw), ("audio/pcma;rate=8000;channels=1", &alaw)]),
        ("pcm16", &little, vec![("audio/L16;rate=8000", &big), ("audio/l16; channels=1; rate=8000", &big)]),
    ] {
        start(&server, encoding, encoding, 8_000).await;
        let path = format!("/calls/{encoding}/chunks");
        let audio = service::audio::encode_base64(bytes);
        let json = json!({ "audio": audio, "sequence": 0, "timestamp": 0, "track": "outbound" });
        server.post(&path, &json).await.expect(201);
        let place = format!("{path}?track=outbound&sequence=0&timestamp=0");
        for (kind, bytes) in kinds.into_iter().chain([("application/octet-stream", bytes)]) {
            let stored = server.post_bytes(&place, kind, bytes.clone()).await.expect(200).json();
            assert_eq!((&stored["duplicate"], &stored["duration"]), (&json!(true), &json!(0.02)), "{kind}");
        }
        // Without padding it is the same base64.
        let unpadded =
            json!({ "audio": audio.trim_end_matches('='), "sequence": 0, "timestamp": 0, "track": "outbound" });
        server.post(&path, &unpadded).await.expect(200);
    }
}

#[tokio::test]
async fn recordings_of_every_format_and_rate_are_as_long_as_their_audio() {
    let server = Server::start().await;
    let rates = [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000];
    let formats = rates.map(|rate| ("pcm16", rate, 2)).into_iter().chain([("mulaw", 8_000, 1), ("alaw", 8_000, 1)]);
    for (encoding, rate, width) in formats {
        let call = format!("{encoding}-{rate}");
        start(&server, &call, encoding, rate).await;
        // 1.5 seconds in three chunks.
        for _ in 0..3 {
            let bytes = vec![0x55; (rate / 2 * width) as usize];
            server.post_bytes(&format!("/calls/{call}/chunks"), "application/octet-stream", bytes).await.expect(201);
        }
        let status = server.get(&format!("/calls/{call}/chunks")).await.expect(200).json();
        let expected = f64::from(3 * (rate / 2)) / f64::from(rate);
        assert_eq!(status["tracks"][0]["duration"], expected);
        let wav = recorded(&server, &call).await;
        let frames = (f64::from(3 * (rate / 2)) * 16_000.0 / f64::from(rate)).round() as u64;
        assert_eq!((wav.sample_rate, wav.channels, wav.samples.len() as u64), (16_000, 1, frames), "{call}");
    }
}

#[tokio::test]
async fn chunk_status_tells_what_is_missing_while_the_call_runs_and_after() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let path = "/calls/MZ1/chunks";
    assert_eq!(server.get(path).await.expect(200).json(), json!({ "tracks": [] }));
    let numbers = [3, 4, 7, 8, 20];
    let chunks: Vec<_> = numbers.iter().rev().map(|&number| chunk("outbound", number, number * 20)).collect();
    server.post(&format!("{path}/batch"), &json!({ "chunks": chunks })).await.expect(201);
    server.post(path, &chunk("inbound", 0, 0)).await.expect(201);
    let expected = json!({ "tracks": [
        { "track": "inbound", "chunks": 1, "bytes": 160, "duration": 0.02, "lastSequence": 0, "missing": [], "missingTotal": 0 },
        { "track": "outbound", "chunks": 5, "bytes": 800, "duration": 0.1, "lastSequence": 20,
          "missing": [[5, 6], [9, 19]], "missingTotal": 13 },
    ] });
    assert_eq!(server.get(path).await.expect(200).json(), expected);
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    assert_eq!(server.get(path).await.expect(200).json(), expected);
}

#[tokio::test]
async fn chunk_status_lists_a_thousand_holes_and_counts_all() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for batch in 0..3_u32 {
        let chunk = |number: u32| json!({ "audio": "/w==", "sequence": (batch * 500 + number) * 3 });
        let chunks: Vec<_> = (0..500).map(chunk).collect();
        server.post("/calls/MZ1/chunks/batch", &json!({ "chunks": chunks })).await.expect(201);
    }
    let live = server.get("/calls/MZ1/chunks").await.expect(200).json();
    let track = &live["tracks"][0];
    assert_eq!((&track["chunks"], &track["missingTotal"]), (&json!(1_500), &json!(2 * 1_499)));
    let missing = track["missing"].as_array().unwrap();
    assert_eq!((missing.len(), &missing[0], &missing[999]), (1_000, &json!([1, 2]), &json!([2_998, 2_999])));
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    assert_eq!(server.get("/calls/MZ1/chunks").await.expect(200).json(), live);
}

#[tokio::test]
async fn chunks_of_many_clients_at_once_are_all_kept() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let bodies: Vec<_> = (0..64).map(|_| json!({ "audio": silence(160) })).collect();
    let answers =
        futures_util::future::join_all(bodies.iter().map(|body| server.post("/calls/MZ1/chunks", body))).await;
    let mut numbers: Vec<_> =
        answers.into_iter().map(|answer| answer.expect(201).json()["sequence"].as_u64()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..64).map(Some).collect::<Vec<_>>());
}

//! Calls: starting, finding, changing, ending and deleting them.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Leftover, Server, call, chunk, eventually, on_folder};

#[tokio::test]
async fn the_same_start_again_returns_the_same_call() {
    let server = Server::start().await;
    let first = server.post("/calls", &call("MZ1")).await.expect(201);
    assert_eq!(first.header("location"), format!("/calls/{}", first.json()["id"].as_str().unwrap()));
    let again = server.post("/calls", &call("MZ1")).await.expect(200);
    assert_eq!(first.json(), again.json());
}

#[tokio::test]
async fn a_start_with_fewer_fields_is_the_same_start() {
    let server = Server::start().await;
    let whole = json!({
        "streamSid": "MZ1", "callSid": "CA1", "caller": "a", "agent": "b", "direction": "outbound",
        "startTime": "2026-01-02T03:04:05.678+00:00", "audioFormat": { "encoding": "pcm16", "sampleRate": 24_000 },
    });
    let first = server.post("/calls", &whole).await.expect(201).json();
    server.clock.advance_ms(1_000);
    assert_eq!(server.post("/calls", &whole).await.expect(200).json(), first);
    assert_eq!(server.post("/calls", &json!({ "streamSid": "MZ1", "caller": "a" })).await.expect(200).json(), first);
    for (field, other) in [
        ("caller", json!("x")),
        ("callSid", json!("CA2")),
        ("agent", json!("x")),
        ("direction", json!("inbound")),
        ("startTime", json!("2026-01-02T03:04:05.679Z")),
        ("audioFormat", json!({ "encoding": "pcm16" })),
    ] {
        let mut changed = whole.clone();
        changed[field] = other;
        let refused = server.post("/calls", &changed).await.expect_problem(409, "stream_sid_conflict");
        assert!(refused.text().contains(field), "{field}: {}", refused.text());
    }
}

#[tokio::test]
async fn a_call_without_a_callsid_does_not_match_one_that_gives_it() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let named = json!({ "streamSid": "MZ1", "caller": "+14155550134", "callSid": "CA1" });
    server.post("/calls", &named).await.expect_problem(409, "stream_sid_conflict");
    let other = json!({ "streamSid": "MZ2", "caller": "a", "callSid": "CA1" });
    server.post("/calls", &other).await.expect(201);
    let third = json!({ "streamSid": "MZ3", "caller": "a", "callSid": "CA1" });
    server.post("/calls", &third).await.expect_problem(409, "call_sid_conflict");
}

#[tokio::test]
async fn a_call_is_found_by_its_id_and_by_its_stream_sid() {
    let server = Server::start().await;
    let id = server.start_call("MZ1").await;
    let by_id = server.get(&format!("/calls/{id}")).await.expect(200).json();
    assert_eq!(by_id, server.get("/calls/MZ1").await.expect(200).json());
    let defaults = json!({ "encoding": "mulaw", "sampleRate": 8_000 });
    assert_eq!((&by_id["audioFormat"], &by_id["status"]), (&defaults, &json!("active")));
    for empty in ["callSid", "agent", "direction", "endTime", "duration", "endReason", "failure"] {
        assert!(by_id.as_object().unwrap().contains_key(empty) && by_id[empty].is_null(), "{empty}");
    }
    // No other call can take its id as a `streamSid`.
    server.post("/calls", &call(&id)).await.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn a_call_comes_with_the_parts_that_are_asked_for() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let bare = server.get("/calls/MZ1").await.expect(200).json();
    for part in ["recordings", "transcripts", "analytics", "metadata"] {
        assert!(!bare.as_object().unwrap().contains_key(part));
    }
    let all = "/calls/MZ1?include=recordings,transcripts,analytics,metadata";
    let empty = server.get(all).await.expect(200).json();
    assert_eq!(
        (&empty["recordings"], &empty["transcripts"], &empty["analytics"]),
        (&json!([]), &json!([]), &json!([]))
    );
    assert!(empty.as_object().unwrap().contains_key("metadata") && empty["metadata"].is_null());

    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let said = server.post("/calls/MZ1/transcripts", &json!({ "speaker": "a", "text": "b" })).await.expect(201).json();
    let counted = server.post("/calls/MZ1/analytics", &json!({ "interruptions": 3 })).await.expect(201).json();
    let known = server.send(Method::PUT, "/calls/MZ1/metadata", &json!({ "language": "en" })).await.expect(201).json();
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let full = server.get(all).await.expect(200).json();
    assert_eq!(full["recordings"], ended["recordings"]);
    assert_eq!((&full["transcripts"], &full["analytics"]), (&json!([said]), &json!([counted])));
    assert_eq!(full["metadata"], known);
    for same in [
        "include=recordings&include=transcripts&include=analytics&include=metadata",
        "include=recordings,transcripts&include=analytics,metadata",
        "include=recordings%2Ctranscripts%2Canalytics%2Cmetadata",
    ] {
        assert_eq!(server.get(&format!("/calls/MZ1?{same}")).await.expect(200).json(), full, "{same}");
    }
}

#[tokio::test]
async fn a_patch_with_null_removes_and_leaves_the_rest() {
    let server = Server::start().await;
    server
        .post("/calls", &json!({ "streamSid": "MZ1", "caller": "a", "agent": "b", "callSid": "CA1" }))
        .await
        .expect(201);
    server.clock.advance_ms(5);
    let changed = server.send(Method::PATCH, "/calls/MZ1", &json!({ "agent": null })).await.expect(200).json();
    assert_eq!((&changed["agent"], &changed["callSid"]), (&json!(null), &json!("CA1")));
    assert_eq!(changed["updatedAt"], "2026-01-02T03:04:05.683Z");
    assert_eq!(changed["createdAt"], "2026-01-02T03:04:05.678Z");
    assert_eq!(changed, server.get("/calls/MZ1").await.expect(200).json());
    let all = json!({ "agent": "c", "callSid": "CA2", "caller": "d", "direction": "inbound" });
    let request = server.request(Method::PATCH, "/calls/MZ1").header("content-type", "application/merge-patch+json");
    let changed = Answer::read(request.body(all.to_string()).send().await.unwrap()).await.expect(200).json();
    for field in ["agent", "callSid", "caller", "direction"] {
        assert_eq!(changed[field], all[field]);
    }
    // Removed values are free again.
    server.post("/calls", &json!({ "streamSid": "MZ2", "caller": "a", "callSid": "CA1" })).await.expect(201);
}

#[tokio::test]
async fn ending_a_call_twice_gives_one_recording() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    server.clock.advance_ms(1_500);
    let first = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    assert_eq!((&first["status"], &first["duration"]), (&json!("completed"), &json!(1.5)));
    assert_eq!((&first["endTime"], &first["endReason"]), (&json!("2026-01-02T03:04:07.178Z"), &json!("api")));
    server.clock.advance_ms(1_500);
    let later = json!({ "endTime": "2026-01-02T04:00:00Z" });
    let earlier = json!({ "endTime": "2020-01-02T04:00:00Z" });
    for again in [later, earlier, json!({}), json!({ "endTime": null })] {
        assert_eq!(server.post("/calls/MZ1/end", &again).await.expect(200).json(), first);
    }
    assert_eq!(first["recordings"].as_array().unwrap().len(), 1);
    let listed = server.get("/calls/MZ1/recordings").await.expect(200).json();
    assert_eq!(listed["items"], first["recordings"]);
    let without_body = Answer::read(server.request(Method::POST, "/calls/MZ1/end").send().await.unwrap()).await;
    assert_eq!(without_body.expect(200).json(), first);
}

#[tokio::test]
async fn calls_that_are_ended_by_many_at_once_have_one_recording() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let nothing = json!({});
    let ends = (0..8).map(|_| server.post("/calls/MZ1/end", &nothing));
    let answers = futures_util::future::join_all(ends).await;
    let first = answers[0].json();
    for answer in answers {
        assert_eq!(answer.expect(200).json(), first);
    }
    assert_eq!(server.count("recording").await, 1);
}

#[tokio::test]
async fn a_call_ends_when_it_is_told_but_not_before_its_start() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let before = json!({ "endTime": "2026-01-02T03:04:05.677Z" });
    let refused = server.post("/calls/MZ1/end", &before).await.expect_problem(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/endTime"]);
    assert_eq!(server.get("/calls/MZ1").await.json()["status"], "active");
    let then = json!({ "endTime": "2026-01-02T03:05:06+00:00" });
    let ended = server.post("/calls/MZ1/end", &then).await.expect(200).json();
    assert_eq!((&ended["endTime"], &ended["duration"]), (&json!("2026-01-02T03:05:06.000Z"), &json!(60.322)));
}

#[tokio::test]
async fn a_call_without_audio_completes_without_a_recording() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    assert_eq!((&ended["status"], &ended["recordings"]), (&json!("completed"), &json!([])));
    assert_eq!(server.get("/calls/MZ1/chunks").await.expect(200).json(), json!({ "tracks": [] }));
}

#[tokio::test]
async fn a_deleted_call_is_gone_at_once_and_leaves_nothing() {
    let server = Server::start().await;
    let all = json!({ "streamSid": "MZ1", "callSid": "CA1", "caller": "a" });
    server.post("/calls", &all).await.expect(201);
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(200);
    server.post("/calls/MZ1/transcripts", &json!({ "speaker": "a", "text": "b" })).await.expect(201);
    server.post("/calls/MZ1/analytics", &json!({})).await.expect(201);
    server.send(Method::PUT, "/calls/MZ1/metadata", &json!({})).await.expect(201);
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let recording = &ended["recordings"][0];
    let file = server.recordings().join(recording["filePath"].as_str().unwrap());
    assert!(file.is_file());

    server.delete("/calls/MZ1").await.expect(204);
    let (call, recording) = (ended["id"].as_str().unwrap(), recording["id"].as_str().unwrap());
    for path in ["", "/chunks", "/recordings", "/transcripts", "/analytics", "/metadata"] {
        for name in [call, "MZ1"] {
            server.get(&format!("/calls/{name}{path}")).await.expect_problem(404, "call_not_found");
        }
    }
    for path in ["", "/audio"] {
        server.get(&format!("/recordings/{recording}{path}")).await.expect_problem(404, "recording_not_found");
    }
    assert_eq!(server.get("/calls?total=true").await.json()["page"]["total"], 0);
    server.delete("/calls/MZ1").await.expect_problem(404, "call_not_found");
    // Its ids are free.
    let next = server.post("/calls", &all).await.expect(201).json();
    assert_ne!(next["id"], ended["id"]);

    eventually("the file and the rows follow", || async {
        let rows = server.rows().await;
        let left: i64 = rows.iter().filter(|(table, _)| table != "outbox").map(|(_, count)| count).sum();
        (left == 1 && !file.exists()).then_some(())
    })
    .await;
    assert_eq!(server.count("call").await, 1);
}

#[tokio::test]
async fn a_call_that_cannot_be_recorded_fails_and_keeps_its_chunks_until_it_can() {
    if !on_folder() {
        return; // An object store that fails decides nothing: `objects` has that.
    }
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let recordings = server.recordings();
    std::fs::remove_dir_all(&recordings).unwrap();
    std::fs::write(&recordings, "a file in place of the folder").unwrap();
    server.leaves(Leftover::Error("A recording failed."));
    for _ in 0..2 {
        let failed = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
        assert_eq!((&failed["status"], &failed["failure"]["code"]), (&json!("failed"), &json!("store_failed")));
        assert_eq!(failed["recordings"], json!([]));
        assert!(!failed.to_string().contains("os error") && !failed.to_string().contains("/tmp"), "{failed}");
    }
    assert_eq!(server.count("audio_chunk").await, 1);
    assert_eq!(server.get("/calls/MZ1/chunks").await.json()["tracks"][0]["chunks"], 1);
    server.post("/calls/MZ1/chunks", &chunk("inbound", 1, 20)).await.expect_problem(409, "call_ended");
    assert_eq!(server.get("/calls?status=failed").await.json()["items"].as_array().unwrap().len(), 1);

    std::fs::remove_file(&recordings).unwrap();
    std::fs::create_dir_all(recordings.join("tmp")).unwrap();
    server.clock.advance_ms(60_000);
    let completed = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    assert_eq!((&completed["status"], &completed["failure"]), (&json!("completed"), &json!(null)));
    assert_eq!(completed["endTime"], "2026-01-02T03:04:05.678Z");
    assert_eq!(completed["recordings"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_end_that_does_not_wait_answers_before_the_recording_stands() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    // Without the table the call cannot be completed, however fast rendering is.
    server.execute("ALTER TABLE recording RENAME TO elsewhere").await;
    server.leaves(Leftover::Error("A transaction failed"));
    server.leaves(Leftover::Error("A call could not be finalized"));
    for _ in 0..2 {
        let request = server.request(Method::POST, "/calls/MZ1/end").header("prefer", "respond-async, wait=0");
        let answer = Answer::read(request.send().await.unwrap()).await.expect(202);
        assert_eq!(answer.json()["status"], "finalizing");
        assert!(!answer.json().as_object().unwrap().contains_key("recordings"));
    }
    server.post("/calls/MZ1/chunks", &chunk("inbound", 1, 20)).await.expect_problem(409, "call_ended");
    server.execute("ALTER TABLE elsewhere RENAME TO recording").await;
    let completed = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    assert_eq!(completed["recordings"].as_array().unwrap().len(), 1);
}

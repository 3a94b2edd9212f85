//! Several nodes on one database and one object store: what one node is told holds on the others. They need a database
//! server, so these tests only run on PostgreSQL.

use std::sync::{Arc, Mutex, mpsc};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    signatures::post_form,
    support::{Fate, Leftover, Objects, PATIENCE, Server, chunk, eventually, files, on_sqlite, set_reachable, silence},
    twilio,
};

/// The shared storage of two nodes, which has to outlive them, and both; `None` without a database server.
pub(crate) async fn nodes() -> Option<(TempDir, Server, Server)> {
    if on_sqlite() {
        return None;
    }
    let folder = TempDir::new().unwrap();
    let objects = Arc::new(Objects::start(folder.path()));
    let first = Server::on(&objects, &[]).await;
    let second = first.beside().await;
    Some((folder, first, second))
}

/// Does the same on both nodes at once, and returns the statuses of both responses, the smaller one first.
async fn both<T>(nodes: (&Server, &Server), ask: impl AsyncFn(&Server, usize) -> T) -> (T, T) {
    tokio::join!(ask(nodes.0, 0), ask(nodes.1, 1))
}

#[tokio::test]
async fn a_call_may_be_written_to_and_ended_on_any_node() {
    let Some((_shared, first, second)) = nodes().await else { return };
    first.start_call("MZ1").await;
    for sequence in 0..50 {
        let node = if sequence % 2 == 0 { &first } else { &second };
        node.post("/calls/MZ1/chunks", &chunk("inbound", sequence, sequence * 20)).await.expect(201);
    }
    // Without a sequence number the next one is used, whichever node assigned the last.
    for sequence in 0..10 {
        let node = if sequence % 2 == 0 { &first } else { &second };
        let body = json!({ "audio": silence(160), "track": "outbound" });
        let stored = node.post("/calls/MZ1/chunks", &body).await.expect(201).json();
        assert_eq!(stored["sequence"], sequence);
    }
    let ended = second.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    first.post("/calls/MZ1/chunks", &chunk("inbound", 50, 1000)).await.expect_problem(409, "call_ended");
    let recording = &ended["recordings"][0];
    assert_eq!((&recording["duration"], &recording["gaps"]), (&json!(1.0), &json!([])));
    let path = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
    let (one, other) = (first.get(&path).await.expect(200), second.get(&path).await.expect(200));
    assert_eq!((one.bytes.len(), &one.bytes), (44 + 16_000 * 4, &other.bytes));
}

#[tokio::test]
async fn a_chunk_that_comes_to_two_nodes_at_once_is_stored_once() {
    let Some((_shared, first, second)) = nodes().await else { return };
    first.start_call("MZ1").await;
    for sequence in 0..20 {
        let same = async |node: &Server, _| {
            node.post("/calls/MZ1/chunks", &chunk("inbound", sequence, sequence * 20)).await.status
        };
        let (one, other) = both((&first, &second), same).await;
        assert_eq!((one.min(other), one.max(other)), (200, 201));
        let different = async |node: &Server, which: usize| {
            let audio = service::audio::encode_base64(&[which as u8; 160]);
            let body = json!({ "audio": audio, "track": "outbound", "sequence": sequence, "timestamp": sequence * 20 });
            node.post("/calls/MZ1/chunks", &body).await.status
        };
        let (one, other) = both((&first, &second), different).await;
        assert_eq!((one.min(other), one.max(other)), (201, 409));
    }
    let status = second.get("/calls/MZ1/chunks").await.json();
    assert_eq!((&status["tracks"][0]["chunks"], &status["tracks"][1]["chunks"]), (&json!(20), &json!(20)));
}

#[tokio::test]
async fn what_both_nodes_are_asked_at_once_is_decided_once() {
    let Some((_shared, first, second)) = nodes().await else { return };
    for round in 0..20 {
        let name = format!("MZ{round}");
        let start = async |node: &Server, _| {
            let body = json!({ "streamSid": name, "callSid": name, "caller": "+14155550100" });
            let answer = node.post("/calls", &body).await;
            (answer.status, answer.json()["id"].clone())
        };
        let (one, other) = both((&first, &second), start).await;
        assert_eq!((one.0.min(other.0), one.0.max(other.0), &one.1), (200, 201, &other.1));

        let named = async |node: &Server, _| {
            let request = node.request(Method::POST, &format!("/calls/{name}/transcripts"));
            let request = request.header("Idempotency-Key", &name).json(&json!({ "speaker": "a", "text": "hello" }));
            let answer = crate::support::Answer::read(request.send().await.unwrap()).await;
            (answer.status, answer.json()["id"].clone())
        };
        let (one, other) = both((&first, &second), named).await;
        assert_eq!((one.0, other.0, &one.1), (201, 201, &other.1));

        let guarded = async |node: &Server, which: usize| {
            let request = node.request(Method::PUT, &format!("/calls/{name}/metadata"));
            let body = json!({ "language": if which == 0 { "de" } else { "en" } });
            request.header("If-None-Match", "*").json(&body).send().await.unwrap().status().as_u16()
        };
        let (one, other) = both((&first, &second), guarded).await;
        assert_eq!((one.min(other), one.max(other)), (201, 412));

        let end = async |node: &Server, _| {
            let ended = node.post(&format!("/calls/{name}/end"), &json!({})).await.expect(200).json();
            (ended["status"].clone(), ended["endTime"].clone())
        };
        let (one, other) = both((&first, &second), end).await;
        assert_eq!((&one.0, &one), (&json!("completed"), &other));
    }
    assert_eq!(first.count("transcript").await, 20);
}

#[tokio::test]
async fn keys_and_links_hold_on_every_node() {
    let Some((_shared, first, second)) = nodes().await else { return };
    let recording = first.record("MZ1").await;
    let link = first.post(&format!("/recordings/{recording}/links"), &json!({})).await.expect(201).json();
    let made = first.post("/admin/keys", &json!({ "scope": "admin" })).await.expect(201).json();
    let link = link["url"].as_str().unwrap().split_once("/recordings/").unwrap().1.to_owned();
    let status = async |key: Option<&str>, path: String| {
        let request = second.request(Method::GET, &path);
        let request = if let Some(key) = key { request.bearer_auth(key) } else { request };
        request.send().await.unwrap().status().as_u16()
    };
    let key = made["key"].as_str().unwrap();
    let closed = async || (status(None, "/calls".to_owned()).await == 401).then_some(());
    eventually("the other node requires keys", closed).await;
    assert_eq!(status(Some(key), "/calls".to_owned()).await, 200);
    assert_eq!(status(None, format!("/recordings/{link}")).await, 200);
}

#[tokio::test]
async fn a_database_that_is_gone_for_a_while_costs_nothing_that_was_acknowledged() {
    let Some((_shared, first, second)) = nodes().await else { return };
    first.start_call("MZ1").await;
    let database = first.database_file();
    // Everything that needs the database logs that it is gone.
    for node in [&first, &second] {
        node.leaves(Leftover::Error(""));
    }
    let mut acknowledged = 0;
    for _ in 0..2 {
        for node in [&first, &second] {
            let next = acknowledged;
            let stored = async || {
                let answer = node.post("/calls/MZ1/chunks", &chunk("inbound", next, next * 20)).await;
                // The client was told to retry; its first attempt may have been stored.
                matches!(answer.status, 200 | 201).then_some(())
            };
            eventually("the chunk is stored", stored).await;
            acknowledged += 1;
        }
        set_reachable(&database, false);
        for node in [&first, &second] {
            let written = node.post("/calls/MZ1/chunks", &chunk("inbound", 999, 0)).await;
            assert_eq!(written.expect_problem(503, "storage_unavailable").header("retry-after"), "1");
            let read = node.get("/calls/MZ1").await;
            assert_eq!(read.expect_problem(503, "storage_unavailable").header("retry-after"), "1");
            let ready = node.get("/readyz").await.expect_problem(503, "not_ready");
            assert!(ready.text().contains("the database"), "{}", ready.text());
            node.get("/livez").await.expect(200);
        }
        set_reachable(&database, true);
    }
    let ended = async || {
        let answer = second.post("/calls/MZ1/end", &json!({})).await;
        (answer.status == 200).then(|| answer.json())
    };
    let ended = eventually("the call is ended", ended).await;
    let recording = &ended["recordings"][0];
    assert_eq!((&recording["duration"], &recording["gaps"]), (&json!(0.02 * f64::from(acknowledged)), &json!([])));
}

#[tokio::test]
async fn what_a_node_leaves_is_ended_and_finalized_by_another() {
    let Some((_shared, mut first, second)) = nodes().await else { return };
    first.start_call("MZ1").await;
    first.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    // A call that has ended, and whose node died before it was finalized.
    first.start_call("MZ2").await;
    first.post("/calls/MZ2/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    first.execute("UPDATE call SET status = 'finalizing', end_time = 0, duration_ms = 0, end_reason = 'api' WHERE stream_sid = 'MZ2'").await;
    first.stop().await;
    second.clock.advance_ms(10 * 60_000);
    for (call, reason) in [("MZ1", "idle_timeout"), ("MZ2", "api")] {
        let completed = async || {
            let found: Value = second.get(&format!("/calls/{call}?include=recordings")).await.json();
            (found["status"] == "completed").then_some(found)
        };
        let found = eventually("the call is completed", completed).await;
        assert_eq!((&found["endReason"], found["recordings"].as_array().unwrap().len()), (&json!(reason), 1));
    }
}

#[tokio::test]
async fn a_node_that_is_late_with_a_recording_leaves_that_of_another_in_peace() {
    let folder = TempDir::new().unwrap();
    let objects = Arc::new(Objects::start(folder.path()));
    let node = Server::on(&objects, &[]).await;
    node.start_call("MZ1").await;
    node.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    // The store accepts the recording once the test allows it.
    let ((asking, asked), (allow, allowed)) = (mpsc::channel(), mpsc::channel());
    let (asking, allowed) = (Mutex::new(asking), Mutex::new(allowed));
    objects.decide(move |method, target| {
        if method == hyper::Method::PUT && target.contains(".wav") {
            asking.lock().unwrap().send(()).unwrap();
            allowed.lock().unwrap().recv().unwrap();
        }
        Fate::Answered
    });
    let ended = async { node.post("/calls/MZ1/end", &json!({})).await.expect(200).json() };
    let meanwhile = async {
        let asked = tokio::task::spawn_blocking(move || asked.recv_timeout(PATIENCE)).await.unwrap();
        asked.expect("the recording is sent");
        // Another node has taken the lease meanwhile and completed the call.
        node.execute("UPDATE call SET status = 'completed' WHERE stream_sid = 'MZ1'").await;
        // The row of the other node is missing.
        node.leaves(Leftover::Damage);
        allow.send(()).unwrap();
    };
    let (ended, ()) = tokio::join!(ended, meanwhile);
    assert_eq!((&ended["status"], node.count("recording").await), (&json!("completed"), 0));
    assert_eq!(files(&node.recordings()), 1, "the other node's object is gone");
}

#[tokio::test]
async fn a_phone_call_that_is_over_is_recorded_to_its_end_though_another_node_hears_of_it() {
    let Some((_shared, first, second)) = nodes().await else { return };
    let mut socket = twilio::started(&first, "MZ1").await;
    socket.json(&twilio::inbound("MZ1", 1, 0)).await;
    let fields = [("CallSid", "CA1"), ("StreamSid", "MZ1"), ("CallStatus", "completed"), ("To", "+14155550199")];
    let over = async { post_form(&second, "/twilio/status", &fields, None).await.expect(204) };
    let rest = async {
        let heard = async || {
            let call = second.get("/calls/MZ1?include=metadata").await.json();
            (call["metadata"]["customData"]["callee"] == "+14155550199").then_some(())
        };
        eventually("the other node knows that the call has ended", heard).await;
        socket.json(&twilio::inbound("MZ1", 2, 20)).await;
        socket.json(&twilio::stop("MZ1")).await;
    };
    tokio::join!(over, rest);
    let call = twilio::completed(&second, "MZ1").await;
    assert_eq!((&call["endReason"], &call["recordings"][0]["duration"]), (&json!("stream_stop"), &json!(0.04)));
}

#[tokio::test]
async fn a_stream_that_came_back_on_another_node_is_not_taken_for_gone() {
    let Some((_shared, first, second)) = nodes().await else { return };
    let old = twilio::started(&first, "MZ1").await;
    let mut new = twilio::connect(&second).await;
    new.json(&twilio::start("MZ1")).await;
    new.json(&twilio::inbound("MZ1", 1, 0)).await;
    let stored = async || (first.get("/calls/MZ1/chunks").await.json()["tracks"][0]["chunks"] == 1).then_some(());
    eventually("the stream continues on the other node", stored).await;
    // The first node only now notices that its socket is gone, and notes it while closing it.
    old.close().await;
    let open = async || twilio::column(&first, "MZ1", "disconnected_at").await.is_none().then_some(());
    eventually("the other node notes its own socket", open).await;
}

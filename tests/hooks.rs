//! Webhooks: made, changed and deleted over HTTP; what their endpoints are sent, and in which order.

mod addresses;
mod failures;
mod receiver;
mod verified;

use serde_json::{Value, json};

use self::receiver::{Receiver, Reply};
use crate::support::{CALLER, Server, chunk, eventually, on_sqlite, query_strings};

/// A service whose webhooks may lead to this machine.
async fn server() -> Server {
    Server::start_with(&["--webhook-allow", "127.0.0.0/8"]).await
}

/// Creates a webhook and returns the response.
async fn create(server: &Server, more: Value) -> Value {
    server.post("/webhooks", &more).await.expect(201).json()
}

fn path(webhook: &Value) -> String {
    format!("/webhooks/{}", webhook["id"].as_str().unwrap())
}

/// The deliveries of a webhook, the latest first.
async fn deliveries(server: &Server, webhook: &Value, query: &str) -> Vec<Value> {
    let list = server.get(&format!("{}/deliveries?limit=500{query}", path(webhook))).await.expect(200).json();
    list["items"].as_array().unwrap().clone()
}

/// Waits until so many deliveries have a status.
async fn settled(server: &Server, webhook: &Value, status: &str, count: usize) -> Vec<Value> {
    let query = format!("&status={status}");
    eventually(&format!("{count} {status}"), || async {
        Some(deliveries(server, webhook, &query).await).filter(|found| found.len() == count)
    })
    .await
}

fn kinds(received: &[receiver::Received]) -> Vec<String> {
    received.iter().map(receiver::Received::kind).collect()
}

#[tokio::test]
async fn an_endpoint_is_sent_the_events_that_it_wants_in_order_and_nothing_private() {
    let (server, receiver) = (server().await, Receiver::accepting().await);
    server.start_call("MZ0").await;
    let types = json!(["call.*", "transcript.added", "recording.ready"]);
    let made = create(&server, json!({ "url": receiver.url(), "types": types, "description": "CRM" })).await;
    let id = server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let utterance = json!({ "text": "It is a secret.", "speaker": "caller" });
    let transcript = server.post("/calls/MZ1/transcripts", &utterance).await.expect(201).json();
    server.post("/calls/MZ1/analytics", &json!({ "talkTime": 3.5 })).await.expect(201);
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    let received = receiver.wait(5).await;
    assert_eq!(
        kinds(&received),
        ["call.started", "transcript.added", "call.ended", "recording.ready", "call.completed"]
    );
    let body = received[1].json();
    let data = json!({ "callId": id, "streamSid": "MZ1", "transcriptIds": [transcript["id"]] });
    assert_eq!(body, json!({ "type": "transcript.added", "timestamp": "2026-01-02T03:04:05.678Z", "data": data }));
    let events = server.get("/events?call=MZ1&limit=2").await.expect(200).json();
    for (request, event) in received.iter().zip(events["items"].as_array().unwrap()) {
        assert_eq!(request.header("webhook-id"), event["id"].as_str().unwrap());
        assert_eq!(request.header("webhook-timestamp"), "1767323045");
        assert_eq!(request.header("content-type"), "application/json");
        assert!(request.header("webhook-signature").starts_with("v1,"), "{}", request.head);
        for secret in ["secret", CALLER] {
            assert!(!request.body.contains(secret), "{}", request.body);
        }
    }
    let done = settled(&server, &made, "succeeded", 5).await;
    assert_eq!((&done[4]["eventId"], &done[4]["type"]), (&events["items"][0]["id"], &json!("call.started")));
    assert_eq!(done[4]["attempts"][0]["status"], 204);
    let first = server.get(&format!("{}/deliveries?limit=2", path(&made))).await.expect(200).json();
    let next = first["page"]["nextCursor"].as_str().unwrap();
    let rest = server.get(&format!("{}/deliveries?cursor={next}", path(&made))).await.expect(200).json();
    assert_eq!([first["items"].as_array().unwrap().clone(), rest["items"].as_array().unwrap().clone()].concat(), done);
    server.get(&format!("{}/deliveries?cursor=x", path(&made))).await.expect_problem(400, "invalid_cursor");
}

#[tokio::test]
async fn webhooks_are_made_listed_changed_and_deleted() {
    let server = server().await;
    let url = "https://example.com/hooks";
    let made = create(&server, json!({ "url": url })).await;
    assert!(made["secret"].as_str().unwrap().starts_with("whsec_"));
    let mut kept = made.clone();
    kept.as_object_mut().unwrap().remove("secret");
    assert_eq!(server.get(&path(&made)).await.expect(200).json(), kept);
    assert_eq!(server.get("/webhooks").await.expect(200).json()["items"], json!([kept]));
    assert_eq!((&kept["types"], &kept["includeData"], &kept["enabled"]), (&Value::Null, &json!(false), &json!(true)));
    let patch = json!({ "types": ["call.*"], "description": "CRM", "enabled": false });
    let changed = server.send(reqwest::Method::PATCH, &path(&made), &patch).await.expect(200).json();
    assert_eq!(
        (&changed["types"], &changed["description"], &changed["enabled"]),
        (&json!(["call.*"]), &json!("CRM"), &json!(false))
    );
    let patch = json!({ "types": null, "description": null });
    let changed = server.send(reqwest::Method::PATCH, &path(&made), &patch).await.expect(200).json();
    assert_eq!((&changed["types"], &changed["description"]), (&Value::Null, &Value::Null));
    for (wrong, pointer) in [
        (json!({ "types": ["call"] }), "/types/0"),
        (json!({ "types": ["call.*", "*"] }), "/types/1"),
        (json!({ "types": [] }), "/types"),
        (json!({ "description": "" }), "/description"),
        (json!({ "url": "ftp://example.com/" }), "/url"),
    ] {
        let refused = server.send(reqwest::Method::PATCH, &path(&made), &wrong).await;
        let refused = refused.expect(422).json();
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{wrong}: {refused}");
    }
    server.delete(&path(&made)).await.expect(204);
    server.delete(&path(&made)).await.expect_problem(404, "webhook_not_found");
    for segment in ["", "/deliveries"] {
        server.get(&format!("{}{segment}", path(&made))).await.expect_problem(404, "webhook_not_found");
    }
}

#[tokio::test]
async fn a_rotated_secret_and_the_new_one_both_sign_for_a_day() {
    let (server, receiver) = (server().await, Receiver::accepting().await);
    let made = create(&server, json!({ "url": receiver.url() })).await;
    server.start_call("MZ1").await;
    receiver.wait(1).await;
    let rotated = server.post(&format!("{}/secret", path(&made)), &json!({})).await.expect(200).json();
    assert_ne!(rotated["secret"], made["secret"]);
    assert_eq!(rotated["previousSecretUntil"], "2026-01-03T03:04:05.678Z");
    server.start_call("MZ2").await;
    receiver.wait(2).await;
    settled(&server, &made, "succeeded", 2).await;
    server.clock.advance_ms(24 * 3_600_000);
    server.start_call("MZ3").await;
    let received = receiver.wait(3).await;
    let signatures: Vec<_> =
        received.iter().map(|one| one.header("webhook-signature").matches("v1,").count()).collect();
    assert_eq!(signatures, [1, 2, 1]);
    settled(&server, &made, "succeeded", 3).await;
}

#[tokio::test]
async fn a_secret_is_shown_once_and_sealed_in_the_database() {
    let server = server().await;
    let made = create(&server, json!({ "url": "https://example.com/" })).await;
    let secret = made["secret"].as_str().unwrap().strip_prefix("whsec_").unwrap();
    for request in [path(&made), "/webhooks".to_owned()] {
        assert!(!server.get(&request).await.expect(200).text().contains(secret));
    }
    let sealed =
        query_strings(&server.database().await, &format!("SELECT {} FROM webhook", crate::support::hex("secret")))
            .await;
    let plain = crate::support::run_program(
        "/usr/bin/python3",
        &["-c", &format!("import base64; print(base64.b64decode('{secret}').hex())")],
    )
    .await;
    assert_eq!((sealed.len(), plain.len()), (1, 64));
    assert!(!sealed[0].to_lowercase().contains(&plain));
}

#[tokio::test]
async fn a_test_sends_one_event_and_tells_what_came_back() {
    let (server, receiver) = (server().await, Receiver::start(|_, _| Reply::status(500)).await);
    let made = create(&server, json!({ "url": receiver.url(), "enabled": false })).await;
    let outcome = server.post(&format!("{}/test", path(&made)), &json!({})).await.expect(200).json();
    assert_eq!(outcome["status"], 500);
    assert_eq!(outcome["error"], "The endpoint did not answer with a 2xx status.");
    let received = receiver.all();
    assert_eq!(received[0].json()["type"], "webhook.test");
    assert_eq!(received[0].json()["data"], json!({ "webhookId": made["id"] }));
    assert_eq!(deliveries(&server, &made, "").await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_replay_sends_what_happened_since_a_time_under_the_same_ids() {
    let (server, receiver) = (server().await, Receiver::accepting().await);
    server.start_call("MZ1").await;
    server.clock.advance_ms(60_000);
    server.start_call("MZ2").await;
    let made = create(&server, json!({ "url": receiver.url(), "types": ["call.started"] })).await;
    server.start_call("MZ3").await;
    let first = receiver.wait(1).await;
    settled(&server, &made, "succeeded", 1).await;
    let replay = format!("{}/replay", path(&made));
    let since = json!({ "since": "2026-01-02T03:05:00.000Z" });
    assert_eq!(server.post(&replay, &since).await.expect(202).json(), json!({ "queued": 2 }));
    let received = receiver.wait(3).await;
    let ids: Vec<_> = received[1..].iter().map(|one| one.header("webhook-id")).collect();
    assert!(ids.contains(&first[0].header("webhook-id")));
    let none = json!({ "since": "2026-01-02T03:05:00.000Z", "types": ["call.deleted"] });
    assert_eq!(server.post(&replay, &none).await.expect(202).json(), json!({ "queued": 0 }));
    settled(&server, &made, "succeeded", 2).await;
    server.send(reqwest::Method::PATCH, &path(&made), &json!({ "enabled": false })).await.expect(200);
    server.post(&replay, &since).await.expect_problem(409, "webhook_disabled");
}

#[tokio::test]
async fn of_a_deleted_call_only_its_deletion_is_delivered() {
    let server = server().await;
    let receiver =
        Receiver::start(|_, one| Reply::with(if one.kind() == "call.deleted" { 200 } else { 500 }, "", "Ada")).await;
    let made = create(&server, json!({ "url": receiver.url() })).await;
    let id = server.start_call("MZ1").await;
    receiver.wait(1).await;
    eventually("the attempt is noted", || async {
        let found = deliveries(&server, &made, "").await;
        (found[0]["attempts"][0]["answer"] == "Ada").then_some(())
    })
    .await;
    server.delete("/calls/MZ1").await.expect(204);
    let deleted = settled(&server, &made, "succeeded", 1).await;
    assert_eq!((&deleted[0]["type"], &deleted[0]["callId"]), (&json!("call.deleted"), &json!(id)));
    assert_eq!(deliveries(&server, &made, "").await.len(), 1);
    let last = receiver.all().pop().unwrap();
    assert_eq!(last.json()["data"], json!({ "callId": id, "streamSid": null }));
}

#[tokio::test]
async fn two_nodes_deliver_each_event_once() {
    if on_sqlite() {
        return;
    }
    let (first, receiver) = (server().await, Receiver::accepting().await);
    let second = first.beside().await;
    let made = create(&first, json!({ "url": receiver.url() })).await;
    let mut calls = Vec::new();
    for number in 0..20 {
        let node = if number % 2 == 0 { &first } else { &second };
        calls.push(node.start_call(&format!("MZ{number}")).await);
    }
    settled(&second, &made, "succeeded", 20).await;
    let mut told: Vec<_> = receiver.all().iter().map(receiver::Received::call).collect();
    told.sort();
    calls.sort();
    assert_eq!(told, calls);
}

#[tokio::test]
async fn a_body_has_personal_data_only_for_an_endpoint_that_chose_it_and_stays_small() {
    let (server, receiver) = (server().await, Receiver::accepting().await);
    create(&server, json!({ "url": receiver.url(), "includeData": true })).await;
    server.start_call("MZ1").await;
    assert_eq!(receiver.wait(1).await[0].json()["data"]["call"]["caller"], CALLER);
    let utterance = json!({ "text": "Grüße", "speaker": "caller" });
    let transcript = server.post("/calls/MZ1/transcripts", &utterance).await.expect(201).json();
    assert_eq!(receiver.wait(2).await[1].json()["data"]["transcripts"], json!([transcript]));
    let long = json!({ "text": "x".repeat(10_000), "speaker": "caller" });
    server.post("/calls/MZ1/transcripts/batch", &json!({ "transcripts": [long, long] })).await.expect(201);
    let received = receiver.wait(3).await;
    assert_eq!(received[2].json()["data"]["transcripts"], Value::Null);
    assert_eq!(received[2].json()["data"]["transcriptIds"].as_array().unwrap().len(), 2);
    let metadata = json!({ "customData": { "name": "Ada" } });
    server.send(reqwest::Method::PUT, "/calls/MZ1/metadata", &metadata).await.expect(201);
    assert_eq!(receiver.wait(4).await[3].json()["data"]["metadata"]["customData"]["name"], "Ada");
    assert!(receiver.all().iter().all(|one| one.body.len() < 20_000));
}

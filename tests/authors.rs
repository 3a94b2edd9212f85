//! Which key wrote what, and which key may still change an ended call.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    ownership::{make, send},
    support::{ADMIN_KEY, Answer, Server, Socket, call},
};

#[tokio::test]
async fn transcripts_analytics_and_metadata_name_the_key_that_wrote_them() {
    let server = Server::keyed().await;
    server.start_call("MZ1").await;
    let (key, id) = make(&server, json!({ "scope": "ingest" })).await;
    let made = send(&server, &key, Method::POST, "/calls/MZ1/tokens", &json!({})).await.expect(201).json();
    let (token, by_token) = (made["token"].as_str().unwrap(), format!("token:{id}"));
    let utterance = json!({ "speaker": "a", "text": "b" });
    for (bearer, by) in [(key.as_str(), &id), (token, &by_token)] {
        let post = async |path: &str, body: &Value| send(&server, bearer, Method::POST, path, body).await;
        let said = post("/calls/MZ1/transcripts", &utterance).await.expect(201).json();
        let batch = json!({ "transcripts": [utterance] });
        let batch = post("/calls/MZ1/transcripts/batch", &batch).await.expect(201).json();
        let figures = post("/calls/MZ1/analytics", &json!({ "talkTime": 1 })).await.expect(201).json();
        let set = send(&server, bearer, Method::PUT, "/calls/MZ1/metadata", &json!({ "language": "en" })).await.json();
        let patch = send(&server, bearer, Method::PATCH, "/calls/MZ1/metadata", &json!({ "region": "x" })).await.json();
        for written in [&said, &batch["items"][0], &figures, &set, &patch] {
            assert_eq!(written["createdBy"], json!(by), "{written}");
        }
    }
    let listed = server.get("/calls/MZ1/transcripts").await.json();
    let by: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["createdBy"].clone()).collect();
    assert_eq!(by, [&id, &id, &by_token, &by_token].map(|by| json!(by)));
    let parts = server.get("/calls/MZ1?include=transcripts,analytics,metadata").await.json();
    assert_eq!(
        (&parts["transcripts"][0]["createdBy"], &parts["metadata"]["createdBy"]),
        (&json!(id), &json!(by_token))
    );
    // The parameters of a stream are its key's.
    let mut socket = Socket::try_open_as(&server.url("/twilio/stream"), Some(&key)).await.unwrap();
    let start = json!({ "streamSid": "MZ2", "customParameters": { "campaign": "spring" } });
    socket.json(&json!({ "event": "start", "streamSid": "MZ2", "start": start })).await;
    socket.json(&json!({ "event": "stop", "streamSid": "MZ2" })).await;
    assert_eq!(socket.closed().await.0, 1000);
    assert_eq!(server.get("/calls/MZ2/metadata").await.expect(200).json()["createdBy"], json!(id));
}

#[tokio::test]
async fn without_keys_nobody_is_named() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = json!({ "speaker": "a", "text": "b" });
    let said = server.post("/calls/MZ1/transcripts", &said).await.expect(201).json();
    let metadata = server.send(Method::PUT, "/calls/MZ1/metadata", &json!({ "language": "en" })).await.json();
    assert_eq!((&said["createdBy"], &metadata["createdBy"]), (&Value::Null, &Value::Null));
    assert!(said.as_object().unwrap().contains_key("createdBy"));
}

#[tokio::test]
async fn who_spoke_on_an_ended_call_is_changed_by_an_admin_alone() {
    let server = Server::keyed().await;
    let (key, _) = make(&server, json!({ "scope": "ingest" })).await;
    send(&server, &key, Method::POST, "/calls", &call("MZ1")).await.expect(201);
    let patch = async |key: &str, body: Value| send(&server, key, Method::PATCH, "/calls/MZ1", &body).await;
    patch(&key, json!({ "agent": "a", "direction": "inbound", "caller": "c" })).await.expect(200);
    send(&server, &key, Method::POST, "/calls/MZ1/end", &json!({})).await.expect(200);
    for change in
        [json!({ "agent": "b" }), json!({ "agent": null }), json!({ "direction": null }), json!({ "caller": "d" })]
    {
        let refused = patch(&key, change).await.expect_problem(403, "forbidden");
        assert!(refused.text().contains("The call has ended"), "{}", refused.text());
    }
    // What stays as it is, and the carrier's id, it may still send.
    let same = json!({ "agent": "a", "direction": "inbound", "caller": "c", "callSid": "CA1" });
    assert_eq!(patch(&key, same).await.expect(200).json()["callSid"], "CA1");
    let changed = patch(ADMIN_KEY, json!({ "agent": "b", "direction": "outbound", "caller": "d" })).await.expect(200);
    assert_eq!((&changed.json()["agent"], &changed.json()["caller"]), (&json!("b"), &json!("d")));
    // Without keys everyone is the admin.
    let open = Server::start().await;
    open.start_call("MZ1").await;
    open.post("/calls/MZ1/end", &json!({})).await.expect(200);
    open.send(Method::PATCH, "/calls/MZ1", &json!({ "agent": "b" })).await.expect(200);
}

#[tokio::test]
async fn a_patch_that_changes_nothing_needs_only_read() {
    let server = Server::keyed().await;
    let started = json!({ "streamSid": "MZ1", "caller": "a", "agent": "b" });
    server.post("/calls", &started).await.expect(201);
    let (key, id) = make(&server, json!({ "scope": "read" })).await;
    let before = server.get("/calls/MZ1").await;
    server.clock.advance_ms(1_000);
    let patch = async |body: Value, etag: Option<&str>| {
        let request = server.request(Method::PATCH, "/calls/MZ1").bearer_auth(&key).json(&body);
        let request = etag.into_iter().fold(request, |request, etag| request.header("if-match", etag));
        Answer::read(request.send().await.unwrap()).await
    };
    for nothing in [json!({}), json!({ "agent": "b" }), json!({ "caller": "a", "direction": null, "callSid": null })] {
        let answer = patch(nothing, Some(before.header("etag"))).await.expect(200);
        assert_eq!((answer.json(), answer.header("etag")), (before.json(), before.header("etag")));
    }
    // A condition that does not hold is told before the right to change.
    patch(json!({}), Some("\"other\"")).await.expect_problem(412, "precondition_failed");
    let refused = patch(json!({ "agent": "c" }), None).await.expect_problem(403, "forbidden");
    assert!(refused.text().contains("changes nothing"), "{}", refused.text());
    assert_eq!(server.get("/calls/MZ1").await.json(), before.json());
    // Also what changes nothing is in the audit, as every PATCH.
    let entries = server.get(&format!("/admin/audit?keyId={id}&limit=100")).await.json();
    let answered = entries["items"].as_array().unwrap().iter().filter(|entry| entry["status"] == 200).count();
    assert_eq!(answered, 3, "{entries}");
}

//! Events of a call other than audio, with their positions.

use serde_json::{Value, json};

use crate::{
    support::{Server, eventually, silence},
    twilio::{self, started},
};

async fn events(server: &Server, query: &str) -> Value {
    server.get(&format!("/calls/MZ1/events{query}")).await.expect(200).json()
}

#[tokio::test]
async fn events_are_listed_with_the_place_where_they_came() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1").await;
    let media = |chunk: u32, timestamp: u32| {
        json!({
            "event": "media", "streamSid": "MZ1",
            "media": { "track": "outbound", "chunk": chunk.to_string(), "timestamp": timestamp.to_string(), "payload": silence(160) },
        })
    };
    socket.json(&json!({ "event": "mark", "streamSid": "MZ1", "mark": { "name": "a\u{0}b" } })).await;
    socket.json(&media(1, 91)).await;
    socket.json(&media(3, 131)).await;
    // A late, older frame does not move the position back.
    socket.json(&media(2, 111)).await;
    let key = json!({ "event": "dtmf", "streamSid": "MZ1", "dtmf": { "track": "inbound_track", "digit": "7" } });
    socket.json(&key).await;
    socket.json(&json!({ "event": "mark", "streamSid": "MZ1", "mark": { "name": "é".repeat(300) } })).await;
    socket.json(&twilio::stop("MZ1")).await;
    socket.closed().await;

    let page = events(&server, "").await;
    let items = page["items"].as_array().unwrap();
    let expected = [
        json!({ "type": "mark", "track": null, "digit": null, "name": "ab", "position": 0.0 }),
        json!({ "type": "dtmf", "track": "inbound", "digit": "7", "name": null, "position": 0.131 }),
        json!({ "type": "mark", "track": null, "digit": null, "name": "é".repeat(256), "position": 0.131 }),
    ];
    assert_eq!(items.len(), expected.len());
    for (item, mut expected) in items.iter().zip(expected) {
        expected["id"] = item["id"].clone();
        expected["createdAt"] = json!("2026-01-02T03:04:05.678Z");
        assert_eq!(item, &expected);
    }
    let info = json!({ "limit": 50, "offset": 0, "nextCursor": null, "hasMore": false, "total": null });
    assert_eq!(page["page"], info);
    let second = events(&server, "?limit=1&offset=1").await;
    assert_eq!((&second["items"], &second["page"]["hasMore"]), (&json!([items[1]]), &json!(true)));
    assert_eq!(events(&server, "?offset=3").await["items"], json!([]));
}

#[tokio::test]
async fn a_call_without_events_has_an_empty_list_and_a_deleted_one_none() {
    let server = Server::start().await;
    server.get("/calls/MZ1/events").await.expect_problem(404, "call_not_found");
    let mut socket = started(&server, "MZ1").await;
    assert_eq!(events(&server, "").await["items"], json!([]));
    socket.json(&json!({ "event": "dtmf", "dtmf": { "digit": "1" } })).await;
    eventually("the event is stored", || async { (server.count("call_event").await == 1).then_some(()) }).await;
    server.delete("/calls/MZ1").await.expect(204);
    server.get("/calls/MZ1/events").await.expect_problem(404, "call_not_found");
    eventually("the event is removed", || async { (server.count("call_event").await == 0).then_some(()) }).await;
}

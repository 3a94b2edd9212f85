//! Analytics: all snapshots are kept, newest first.

use serde_json::{Value, json};

use crate::support::Server;

const PATH: &str = "/calls/MZ1/analytics";

#[tokio::test]
async fn a_snapshot_is_kept_with_all_its_fields() {
    let server = Server::start().await;
    let call = server.start_call("MZ1").await;
    server.start_call("MZ2").await;
    let whole = json!({
        "sentiment": "neutral", "sentimentScore": 0.25, "talkTime": 1.5, "silenceTime": 0.5, "interruptions": 2,
        "averageLatency": 312.5, "metrics": { "a": [1, null, { "b": "c" }], "": 1e-3 },
        "snapshotTime": "2026-01-02T03:04:00.000Z",
    });
    let stored = server.post(PATH, &whole).await.expect(201).json();
    let mut expected = whole;
    expected["id"] = stored["id"].clone();
    expected["callId"] = json!(call);
    expected["createdAt"] = json!("2026-01-02T03:04:05.678Z");
    expected["createdBy"] = json!(null);
    assert_eq!(stored, expected);
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    server.clock.advance_ms(1);
    // A fraction of zero counts as a whole number, and null as absent.
    let bare = server.post(PATH, &json!({ "interruptions": 3.0, "sentiment": null })).await.expect(201).json();
    assert_eq!((&bare["interruptions"], &bare["snapshotTime"]), (&json!(3), &json!("2026-01-02T03:04:05.679Z")));
    for mood in ["POSITIVE", "Neutral", "negative"] {
        let stored = server.post("/calls/MZ2/analytics", &json!({ "sentiment": mood })).await.expect(201).json();
        assert_eq!(stored["sentiment"], mood.to_lowercase());
    }
    for field in ["sentiment", "sentimentScore", "talkTime", "silenceTime", "averageLatency", "metrics"] {
        assert!(bare.as_object().unwrap().contains_key(field) && bare[field].is_null());
    }
    assert_eq!(server.get(PATH).await.expect(200).json()["items"], json!([bare, stored]));
}

#[tokio::test]
async fn the_newest_snapshot_comes_first_whenever_it_arrived() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for (number, second) in [3, 1, 5, 1, 4].into_iter().enumerate() {
        let snapshot = json!({ "interruptions": number, "snapshotTime": format!("2026-01-02T03:04:0{second}Z") });
        server.post(PATH, &snapshot).await.expect(201);
    }
    let numbers = |page: &Value| -> Vec<_> {
        page["items"].as_array().unwrap().iter().map(|item| item["interruptions"].as_u64().unwrap()).collect()
    };
    let order = [2, 4, 0, 3, 1];
    assert_eq!(numbers(&server.get(PATH).await.json()), order);
    for offset in 0..6 {
        let page = server.get(&format!("{PATH}?limit=2&offset={offset}")).await.expect(200).json();
        assert_eq!(numbers(&page), order.iter().skip(offset).take(2).copied().collect::<Vec<_>>());
        let info =
            json!({ "limit": 2, "offset": offset, "nextCursor": null, "hasMore": offset + 2 < 5, "total": null });
        assert_eq!(page["page"], info);
    }
}

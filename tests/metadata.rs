//! Metadata: replaced, merged, removed.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server};

const PATH: &str = "/calls/MZ1/metadata";

async fn patch(server: &Server, change: Value) -> Value {
    server.send(Method::PATCH, PATH, &change).await.expect(200).json()
}

#[tokio::test]
async fn a_put_replaces_all_and_a_delete_removes_it() {
    let server = Server::start().await;
    let call = server.start_call("MZ1").await;
    server.get(PATH).await.expect_problem(404, "metadata_not_found");
    let whole = json!({
        "language": "en-US", "region": "California", "deviceType": "mobile", "networkQuality": "good",
        "customData": { "a": { "b": null } },
    });
    let first = server.send(Method::PUT, PATH, &whole).await.expect(201).json();
    let mut expected = whole;
    expected["callId"] = json!(call);
    expected["createdAt"] = json!("2026-01-02T03:04:05.678Z");
    expected["createdBy"] = json!(null);
    expected["updatedAt"] = json!("2026-01-02T03:04:05.678Z");
    assert_eq!(first, expected);
    server.clock.advance_ms(1_000);
    let second = server.send(Method::PUT, PATH, &json!({ "region": "Bavaria" })).await.expect(200).json();
    let expected = json!({
        "callId": call, "language": null, "region": "Bavaria", "deviceType": null, "networkQuality": null,
        "customData": null, "createdAt": "2026-01-02T03:04:05.678Z", "createdBy": null,
        "updatedAt": "2026-01-02T03:04:06.678Z",
    });
    assert_eq!(second, expected);
    assert_eq!(server.get(PATH).await.expect(200).json(), expected);
    server.delete(PATH).await.expect(204);
    server.delete(PATH).await.expect_problem(404, "metadata_not_found");
    server.get("/calls/MZ1").await.expect(200);
    server.send(Method::PUT, PATH, &json!({})).await.expect(201);
}

#[tokio::test]
async fn a_patch_merges_as_rfc_7396_says() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let start =
        json!({ "language": "en", "customData": { "keep": 1, "drop": 2, "deep": { "x": 1, "y": [1, 2] }, "null": 3 } });
    let created = server.send(Method::PATCH, PATH, &start).await.expect(201).json();
    assert_eq!(created["customData"], start["customData"]);

    let changed = patch(
        &server,
        json!({ "region": "r", "customData": { "drop": null, "deep": { "y": [3], "z": { "a": null } } } }),
    )
    .await;
    assert_eq!((&changed["language"], &changed["region"]), (&json!("en"), &json!("r")));
    assert_eq!(changed["customData"], json!({ "keep": 1, "deep": { "x": 1, "y": [3], "z": {} }, "null": 3 }));
    let changed = patch(&server, json!({ "customData": { "deep": "text", "keep": { "now": "object" } } })).await;
    assert_eq!(changed["customData"], json!({ "keep": { "now": "object" }, "deep": "text", "null": 3 }));
    assert_eq!(patch(&server, json!({})).await["customData"], changed["customData"]);
    let removed = patch(&server, json!({ "language": null, "customData": null })).await;
    assert_eq!(
        (&removed["language"], &removed["customData"], &removed["region"]),
        (&json!(null), &json!(null), &json!("r"))
    );
    // A merge into nothing drops its nulls, too.
    let again = patch(&server, json!({ "customData": { "a": null, "b": { "c": null } } })).await;
    assert_eq!(again["customData"], json!({ "b": {} }));
    assert_eq!(server.get(PATH).await.json(), again);
}

#[tokio::test]
async fn a_merge_patch_has_its_own_content_type_as_well() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for (kind, status) in [("application/merge-patch+json", 201), ("application/json; charset=utf-8", 200)] {
        let request = server.request(Method::PATCH, PATH).header("content-type", kind).body(r#"{"language":"en"}"#);
        Answer::read(request.send().await.unwrap()).await.expect(status);
    }
}

#[tokio::test]
async fn custom_data_keeps_its_numbers_names_and_order_of_items() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let data = json!({ "big": 9_007_199_254_740_993_u64, "negative": -1, "small": 1e-300, "": "", "é/~": [3, 1, 2], "a\u{1f}": true });
    let stored = server.send(Method::PUT, PATH, &json!({ "customData": data })).await.expect(201).json();
    assert_eq!(stored["customData"], data);
    assert_eq!(server.get(PATH).await.json()["customData"], data);
}

#[tokio::test]
async fn a_number_comes_back_to_its_last_digit() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    // A fast parser would be off by one in the last digit.
    let number = "0.09995464852607709";
    let body = format!(r#"{{"customData":{{"a":{number}}}}}"#);
    let request = server.request(Method::PUT, PATH).header("content-type", "application/json").body(body);
    let stored = Answer::read(request.send().await.unwrap()).await.expect(201);
    assert!(stored.text().contains(number), "{}", stored.text());
    assert!(server.get(PATH).await.text().contains(number));
}

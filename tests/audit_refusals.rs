//! Refused requests in the audit: counted, so that nobody can fill it, and shown so that nobody can bend what an
//! operator reads.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    keys::create,
    support::{Answer, Binary, Server, client_builder, eventually},
};

/// The refusals in the audit, oldest first: actor, operation, resource, status and count.
async fn refusals(server: &Server) -> Vec<String> {
    let page = server.get("/admin/audit?limit=500").await.expect(200).json();
    let items = page["items"].as_array().unwrap().iter().rev();
    let items = items.filter(|entry| entry["status"].as_u64().is_some_and(|status| status >= 400));
    let said = |entry: &Value| {
        let fields = ["actor", "operation", "resource"].map(|name| entry[name].as_str().unwrap().to_owned());
        format!("{} {} {}", fields.join(" "), entry["status"], entry["count"])
    };
    items.map(said).collect()
}

async fn ask(server: &Server, key: &str, method: Method, path: &str) -> u16 {
    let request = client_builder().build().unwrap().request(method, server.url(path)).bearer_auth(key);
    Answer::read(request.send().await.unwrap()).await.status
}

#[tokio::test]
async fn repeated_refusals_are_counted_in_one_entry_a_minute_and_key() {
    let server = Server::keyed().await;
    let reader = server.post("/admin/keys", &json!({ "scope": "read" })).await.expect(201).json();
    let reader = reader["key"].as_str().unwrap().to_owned();
    for number in 0..50 {
        assert_eq!(ask(&server, &reader, Method::DELETE, &format!("/calls/MZ{number}")).await, 403);
        assert_eq!(ask(&server, &reader, Method::GET, &format!("/calls/MZ{number}/transcripts")).await, 404);
    }
    assert_eq!(refusals(&server).await, ["key deleteCall /calls/MZ0 403 1"]);
    server.clock.advance_ms(60_000);
    let expected = ["key deleteCall /calls/MZ0 403 1", "key listTranscripts /calls/MZ49/transcripts 404 99"];
    eventually("the others are counted", || async { (refusals(&server).await == expected).then_some(()) }).await;
    assert_eq!(ask(&server, &reader, Method::DELETE, "/calls/MZ1").await, 403);
    assert_eq!(refusals(&server).await.len(), 3);
}

#[tokio::test]
async fn strangers_are_counted_by_address() {
    let server = Server::keyed().await;
    for path in ["/calls/MZ1/transcripts", "/admin/keys", "/calls", "/metrics"] {
        assert_eq!(ask(&server, "nobody-s", Method::GET, path).await, 401, "{path}");
    }
    server.clock.advance_ms(60_000);
    let expected = ["anyone listTranscripts /calls/MZ1/transcripts 401 1", "anyone getMetrics /metrics 401 3"];
    eventually("the others are counted", || async { (refusals(&server).await == expected).then_some(()) }).await;
}

#[tokio::test]
async fn refusals_of_the_last_minute_outlive_a_stop() {
    let folder = TempDir::new().unwrap();
    let key = create(folder.path(), "admin", &[]).await;
    let client = client_builder().build().unwrap();
    let get = async |service: &Binary, key: &str, path: &str| {
        Answer::read(client.get(service.url(path)).bearer_auth(key).send().await.unwrap()).await
    };
    let service = Binary::serve(folder.path()).await;
    for _ in 0..3 {
        get(&service, "nobody-s", "/admin/keys").await.expect(401);
    }
    service.tell_to_stop().await;
    service.stopped().await;
    let service = Binary::serve(folder.path()).await;
    let page = get(&service, &key, "/admin/audit?operation=listKeys").await.expect(200).json();
    let counts = page["items"].as_array().unwrap().iter().map(|entry| entry["count"].as_u64().unwrap());
    // A minute may have begun meanwhile.
    assert_eq!(counts.sum::<u64>(), 3);
}

#[tokio::test]
async fn a_path_cannot_steer_what_an_operator_reads() {
    let server = Server::keyed().await;
    let path = "/calls/MZ%1B%5B2J%0D%0Afake%00%E2%80%AE/transcripts";
    assert!([404, 422].contains(&server.get(path).await.status));
    let refused = refusals(&server).await;
    assert_eq!(refused.len(), 1, "{refused:?}");
    assert!(refused[0].contains("/calls/MZ%1B[2J%0D%0Afake%00%E2%80%AE/transcripts "), "{refused:?}");
}

#[tokio::test]
async fn each_request_has_an_id_that_its_client_did_not_choose() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for _ in 0..2 {
        server.get_with("/calls/MZ1/transcripts", "x-request-id", "again").await.expect(200);
    }
    let own = server.get("/calls/MZ1/transcripts").await.expect(200);
    let page = server.get("/admin/audit?operation=listTranscripts").await.json();
    let entries = page["items"].as_array().unwrap();
    assert_eq!(entries.len(), 3);
    let mut ids: Vec<_> = entries.iter().map(|entry| entry["serverRequestId"].as_str().unwrap()).collect();
    assert_eq!((&entries[1]["requestId"], &entries[2]["requestId"]), (&json!("again"), &json!("again")));
    assert_eq!((own.header("x-request-id"), ids[0]), (ids[0], entries[0]["requestId"].as_str().unwrap()));
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

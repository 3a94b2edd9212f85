//! The index for search: of a database that has transcripts from before, of a copy, of several nodes; and that nothing
//! deleted is left in it.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{call_with, search, texts};
use crate::{
    nodes::nodes,
    support::{Answer, Binary, Server, client_builder, eventually, execute, on_sqlite, query_strings},
};

/// Makes the database look as a version without search left it.
const FORGET: &str = "DELETE FROM search_entry; DELETE FROM search_progress";

async fn until_indexed(server: &Server) {
    eventually("all are indexed", || async {
        let ready = server.get("/readyz").await.expect(200).json();
        ready["searchIndexing"].is_null().then_some(())
    })
    .await;
}

#[tokio::test]
async fn transcripts_from_before_are_indexed_in_the_background() {
    let mut server = Server::start().await;
    let said: Vec<String> = (0..250).map(|number| format!("refund number{number}")).collect();
    let said: Vec<&str> = said.iter().map(String::as_str).collect();
    call_with(&server, "MZ1", 0, &said).await;
    server.stop().await;
    server.execute(FORGET).await;
    server.restart().await;
    until_indexed(&server).await;
    let page = search(&server, "refund", "&limit=500").await;
    assert_eq!((texts(&page), &page["indexing"]), (said, &Value::Null));
    assert_eq!(server.count("search_entry").await, 250);
}

#[tokio::test]
async fn a_search_says_that_the_index_is_not_complete() {
    let folder = TempDir::new().unwrap();
    let client = client_builder().build().unwrap();
    let send = async |service: &Binary, method: Method, path: &str, body: &Value| {
        let answer = client.request(method, service.url(path)).json(body).send().await.unwrap();
        Answer::read(answer.error_for_status().unwrap()).await
    };
    let service = Binary::start(Binary::command(folder.path())).await;
    send(&service, Method::POST, "/calls", &json!({ "streamSid": "MZ1" })).await;
    let said = |number| json!({ "track": "inbound", "text": format!("refund {number}"), "startTime": number });
    let batch = json!({ "transcripts": (0..250).map(said).collect::<Vec<_>>() });
    let path = "/calls/MZ1/transcripts";
    send(&service, Method::POST, &format!("{path}/batch"), &batch).await;
    service.kill().await;
    execute(&folder.path().join("data/callstore.db"), FORGET).await;

    // The work stops after its first transaction, which has the newest 100.
    let held = folder.path().join("held");
    let mut command = Binary::command(folder.path());
    command.env("CALLSTORE_HOLD_AT", format!("search.indexed:{}", held.display()));
    let service = Binary::start(command).await;
    eventually("the work is held", || async { held.exists().then_some(()) }).await;
    let search = async || send(&service, Method::GET, "/search?q=refund&limit=500", &Value::Null).await.json();
    let (page, progress) = (search().await, json!({ "done": 100, "total": 250 }));
    assert_eq!((texts(&page).len(), &page["indexing"]), (100, &progress));
    assert_eq!(send(&service, Method::GET, "/readyz", &Value::Null).await.json()["searchIndexing"], progress);
    // New transcripts are found at once. Those that are not indexed yet can be changed and deleted.
    send(&service, Method::POST, path, &json!({ "track": "inbound", "text": "refund new" })).await;
    assert_eq!(texts(&search().await).len(), 101);
    let old = send(&service, Method::GET, &format!("{path}?limit=2"), &Value::Null).await.json();
    let old = |at: usize| format!("/transcripts/{}", old["items"][at]["id"].as_str().unwrap());
    send(&service, Method::PATCH, &old(0), &json!({ "text": "refund changed" })).await;
    send(&service, Method::DELETE, &old(1), &Value::Null).await;
    std::fs::remove_file(&held).unwrap();
    eventually("all are indexed", || async { search().await["indexing"].is_null().then_some(()) }).await;
    let page = search().await;
    let found = texts(&page);
    assert_eq!((found.len(), found[0], found[1], found[249]), (250, "refund changed", "refund 2", "refund new"));
    service.kill().await;
}

#[tokio::test]
async fn the_index_of_sqlite_agrees_with_the_entries() {
    if !on_sqlite() {
        return;
    }
    let server = Server::start().await;
    call_with(&server, "MZ1", 0, &["refund one", "refund two", "credit"]).await;
    call_with(&server, "MZ2", 0, &["refund three"]).await;
    server.delete("/calls/MZ1").await.expect(204);
    eventually("the call is removed", || async { (server.count("call").await == 1).then_some(()) }).await;
    // An error, if a word is in one of them alone.
    server.execute("INSERT INTO search_text (search_text, rank) VALUES ('integrity-check', 1)").await;
    let database = server.database().await;
    assert_eq!(query_strings(&database, "PRAGMA integrity_check").await, ["ok"]);
    let words = "SELECT CAST(rowid >> 21 AS TEXT) FROM search_text WHERE search_text MATCH 'refund'";
    assert_eq!(query_strings(&database, words).await, ["1767322800000"]);
}

#[tokio::test]
async fn what_one_node_stores_another_one_finds() {
    let Some((_shared, first, second)) = nodes().await else { return };
    call_with(&first, "MZ1", 0, &["refund one"]).await;
    call_with(&second, "MZ2", 1, &["refund two"]).await;
    for node in [&first, &second] {
        assert_eq!(texts(&search(node, "refund", "").await), ["refund two", "refund one"]);
    }
    second.delete("/calls/MZ1").await.expect(204);
    assert_eq!(texts(&search(&first, "refund", "").await), ["refund two"]);
}

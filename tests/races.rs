//! Concurrent requests: whatever their order, nothing is lost or duplicated.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Server, call, chunk, eventually};

fn count(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn a_call_that_many_start_at_once_is_one_call() {
    let server = Server::start().await;
    let body = call("MZ1");
    let answers = join_all((0..16).map(|_| server.post("/calls", &body))).await;
    assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 15));
    assert!(answers.iter().all(|answer| answer.json()["id"] == answers[0].json()["id"]));
}

#[tokio::test]
async fn a_callsid_that_many_want_at_once_is_given_once() {
    let server = Server::start().await;
    let bodies: Vec<_> =
        (0..16).map(|number| json!({ "streamSid": format!("MZ{number}"), "callSid": "CA1", "caller": "a" })).collect();
    let answers = join_all(bodies.iter().map(|body| server.post("/calls", body))).await;
    assert_eq!((count(&answers, 201), count(&answers, 409)), (1, 15));
    assert_eq!(server.count("call").await, 1);
}

#[tokio::test]
async fn a_chunk_that_was_acknowledged_beside_the_end_is_in_the_recording() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let bodies: Vec<_> = (0..32).map(|number| chunk("inbound", number, number * 20)).collect();
    let nothing = json!({});
    let chunks = join_all(bodies.iter().map(|body| server.post("/calls/MZ1/chunks", body)));
    let (chunks, ended) = tokio::join!(chunks, server.post("/calls/MZ1/end", &nothing));
    ended.expect(200);
    assert_eq!(count(&chunks, 201) + count(&chunks, 409), 32);
    let kept = server.get("/calls/MZ1/chunks").await.json()["tracks"][0]["chunks"].as_u64().unwrap_or(0);
    assert_eq!(kept, count(&chunks, 201) as u64);
}

#[tokio::test]
async fn patches_that_meet_are_all_merged() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let bodies: Vec<_> = (0..16).map(|number| json!({ "customData": { number.to_string(): number } })).collect();
    let patches = bodies.iter().map(|body| server.send(Method::PATCH, "/calls/MZ1/metadata", body));
    let answers = join_all(patches).await;
    assert_eq!((count(&answers, 201), count(&answers, 200)), (1, 15));
    let data = server.get("/calls/MZ1/metadata").await.json()["customData"].clone();
    assert_eq!(data.as_object().unwrap().len(), 16);
}

#[tokio::test]
async fn a_call_that_is_deleted_while_it_ends_leaves_nothing() {
    let server = Server::start().await;
    for number in 0..8 {
        let path = format!("/calls/MZ{number}");
        server.start_call(&format!("MZ{number}")).await;
        server.post(&format!("{path}/chunks"), &chunk("inbound", 0, number * 1_000_000)).await.expect(201);
        let nothing = json!({});
        let end = format!("{path}/end");
        let (ended, deleted) = tokio::join!(server.post(&end, &nothing), server.delete(&path));
        deleted.expect(204);
        if ended.status >= 300 {
            ended.expect_problem(404, "call_not_found");
        }
        server.get(&path).await.expect_problem(404, "call_not_found");
    }
    let store = server.recordings();
    eventually("rows and files are gone", || async {
        let rows = server.rows().await;
        // The events that tell the deletions stay.
        let rows: i64 = rows.iter().filter(|(table, _)| table != "outbox").map(|(_, count)| count).sum();
        let folders = std::fs::read_dir(&store).into_iter().flatten().map(|entry| entry.unwrap().path());
        let files: usize = folders.map(|folder| std::fs::read_dir(folder).unwrap().count()).sum();
        (rows == 0 && files == 0).then_some(())
    })
    .await;
}

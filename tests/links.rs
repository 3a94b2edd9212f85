//! Links to recordings: they play their recording, without a key, until they expire.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server};

/// A link to a recording: its path and query, and the whole response.
async fn link(server: &Server, recording: &str, body: &Value) -> (String, Value) {
    let made = server.post(&format!("/recordings/{recording}/links"), body).await.expect(201).json();
    let path = made["url"].as_str().unwrap().strip_prefix(&server.url("")).expect("the server's address").to_owned();
    (path, made)
}

#[tokio::test]
async fn a_link_plays_a_recording_in_whole_and_in_part_also_after_a_restart() {
    let mut server = Server::start().await;
    let recording = server.record("MZ1").await;
    let whole = server.get(&format!("/recordings/{recording}/audio")).await.expect(200);
    let (path, made) = link(&server, &recording, &json!({})).await;
    assert_eq!(made["expiresAt"], "2026-01-02T03:09:05.678Z");
    for _ in 0..2 {
        let played = server.get(&path).await.expect(200);
        assert_eq!((&played.bytes, played.header("etag")), (&whole.bytes, whole.header("etag")));
        let part = server.get_with(&path, "range", "bytes=4-7").await.expect(206);
        assert_eq!(part.bytes, whole.bytes[4..8]);
        server.get_with(&path, "range", "bytes=999999-").await.expect_problem(416, "range_not_satisfiable");
        server.get_with(&path, "if-none-match", whole.header("etag")).await.expect(304);
        let head = Answer::read(server.request(Method::HEAD, &path).send().await.unwrap()).await.expect(200);
        assert!(head.bytes.is_empty());
        assert_eq!(head.header("content-length"), whole.bytes.len().to_string());
        server.restart().await;
    }
}

#[tokio::test]
async fn a_link_works_until_it_expires() {
    let server = Server::start().await;
    let recording = server.record("MZ1").await;
    let bodies =
        [json!({}), json!({ "ttlSeconds": null }), json!({ "ttlSeconds": 1 }), json!({ "ttlSeconds": 86_400 })];
    for (body, seconds) in bodies.iter().zip([300, 300, 1, 86_400]) {
        let (path, _) = link(&server, &recording, body).await;
        server.clock.advance_ms(seconds * 1_000 - 1);
        server.get(&path).await.expect(200);
        server.clock.advance_ms(1);
        server.get(&path).await.expect_problem(403, "link_expired");
        let head = Answer::read(server.request(Method::HEAD, &path).send().await.unwrap()).await;
        assert_eq!(head.status, 403);
    }
    // The body is optional.
    let bare =
        Answer::read(server.request(Method::POST, &format!("/recordings/{recording}/links")).send().await.unwrap());
    bare.await.expect(201);
    for (seconds, pointer) in [(json!(0), "/ttlSeconds"), (json!(86_401), "/ttlSeconds"), (json!("5"), "/ttlSeconds")] {
        let path = format!("/recordings/{recording}/links");
        let refused =
            server.post(&path, &json!({ "ttlSeconds": seconds })).await.expect_problem(422, "validation_failed");
        assert_eq!(refused.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn a_link_that_was_changed_is_refused() {
    let server = Server::start().await;
    let (recording, other) = (server.record("MZ1").await, server.record("MZ2").await);
    let (path, _) = link(&server, &recording, &json!({})).await;
    let (base, query) = path.split_once("?expires=").unwrap();
    let (expires, signature) = query.split_once("&signature=").unwrap();
    let (later, last) = (expires.parse::<i64>().unwrap() + 1, signature.len() - 1);
    let flip = |index: usize| {
        let mut changed = signature.to_owned().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        String::from_utf8(changed).unwrap()
    };
    for query in [
        format!("expires={later}&signature={signature}"),
        format!("expires=0{expires}&signature={signature}"),
        format!("expires=%2B{expires}&signature={signature}"),
        format!("expires=&signature={signature}"),
        format!("expires=x&signature={signature}"),
        format!("expires=99999999999999999999&signature={signature}"),
        format!("expires={expires}&signature={}", flip(0)),
        format!("expires={expires}&signature={}", flip(last)),
        format!("expires={expires}&signature={}", &signature[..last]),
        format!("expires={expires}&signature={signature}A"),
        format!("expires={expires}&signature={signature}%3D"),
        format!("expires={expires}&signature="),
        format!("expires={expires}&signature=%C3%A9"),
        format!("expires={expires}"),
        format!("signature={signature}"),
    ] {
        server.get(&format!("{base}?{query}")).await.expect_problem(403, "link_invalid");
    }
    // It is valid for one recording only, and its signature is checked before its expiry.
    server.get(&path.replace(&recording, &other)).await.expect_problem(403, "link_invalid");
    server.clock.advance_ms(600_000);
    server.get(&path.replace(&recording, &other)).await.expect_problem(403, "link_invalid");
    server.get(&path).await.expect_problem(403, "link_expired");
    // Another service has another secret.
    let stranger = Server::start().await;
    stranger.get(&path).await.expect_problem(403, "link_invalid");
    // Without the link's parameters it is an ordinary request; further parameters are refused.
    server.get(base).await.expect(200);
    let unknown = server.get(&format!("{path}&nonsense=1")).await.expect_problem(422, "validation_failed");
    assert_eq!(unknown.pointers(), ["/nonsense"]);
    let twice = server.get(&format!("{path}&expires=1")).await.expect_problem(422, "validation_failed");
    assert_eq!(twice.pointers(), ["/expires"]);
}

#[tokio::test]
async fn a_link_ends_with_its_recording() {
    let server = Server::start().await;
    let recording = server.record("MZ1").await;
    let (path, _) = link(&server, &recording, &json!({})).await;
    server.delete("/calls/MZ1").await.expect(204);
    server.get(&path).await.expect_problem(404, "recording_not_found");
    let again = server.post(&format!("/recordings/{recording}/links"), &json!({})).await;
    again.expect_problem(404, "recording_not_found");
}

#[tokio::test]
async fn a_link_begins_with_the_public_address() {
    let server = Server::start_with(&["--public-url", "https://calls.example.com/store/", "--insecure-no-auth"]).await;
    let recording = server.record("MZ1").await;
    let made = server.post(&format!("/recordings/{recording}/links"), &json!({})).await.expect(201).json();
    let url = made["url"].as_str().unwrap();
    let (base, path) = url.split_at("https://calls.example.com/store".len());
    assert_eq!(base, "https://calls.example.com/store");
    server.get(path).await.expect(200);
}

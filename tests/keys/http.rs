//! Keys over HTTP, for admins.

use std::{fs, process::Stdio};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::create;
use crate::{
    idempotency::{held_body, hold_as},
    support::{ADMIN_KEY, Answer, Binary, Server, client_builder, eventually},
};

async fn status(server: &Server, key: &str, path: &str) -> u16 {
    server.request(Method::GET, path).bearer_auth(key).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn an_admin_makes_lists_and_revokes_keys() {
    let server = Server::keyed().await;
    let made = json!({ "scope": "read", "label": "dashboard", "expiresAt": "2026-01-03T00:00:00Z" });
    let made = server.post("/admin/keys", &made).await.expect(201).json();
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("cs_") && key.len() == 46, "{key}");
    assert_eq!(
        (&made["scope"], &made["label"], &made["revokedAt"]),
        (&json!("read"), &json!("dashboard"), &json!(null))
    );
    assert_eq!((status(&server, key, "/calls").await, status(&server, key, "/admin/keys").await), (200, 403));

    let keys = server.get("/admin/keys?limit=1&offset=1").await.expect(200).json();
    let mut kept = made.clone();
    kept.as_object_mut().unwrap().remove("key");
    kept["lastUsedAt"] = json!("2026-01-02T03:04:05.678Z");
    assert_eq!(keys["items"], json!([kept]));
    assert_eq!(keys["page"], json!({ "limit": 1, "offset": 1, "nextCursor": null, "hasMore": false, "total": null }));
    assert_eq!(server.get("/admin/keys?limit=1").await.json()["page"]["hasMore"], true);

    // A key is revoked once the response is sent.
    let path = format!("/admin/keys/{}", made["id"].as_str().unwrap());
    server.delete(&path).await.expect(204);
    assert_eq!(status(&server, key, "/calls").await, 401);
    server.delete(&path).await.expect(204);
    for unknown in ["/admin/keys/00000000-0000-7000-8000-000000000000", "/admin/keys/nonsense"] {
        server.delete(unknown).await.expect_problem(404, "key_not_found");
    }
    let past = json!({ "scope": "read", "expiresAt": "2026-01-01T00:00:00Z" });
    assert_eq!(
        server.post("/admin/keys", &past).await.expect_problem(422, "validation_failed").pointers(),
        ["/expiresAt"]
    );
    let kept = json!({ "scope": "read", "label": "admin key file" });
    assert_eq!(server.post("/admin/keys", &kept).await.expect_problem(422, "validation_failed").pointers(), ["/label"]);
}

#[tokio::test]
async fn a_key_ends_when_it_expires() {
    let server = Server::keyed().await;
    let made = json!({ "scope": "ingest", "expiresAt": "2026-01-02T03:05:05.678Z" });
    let made = server.post("/admin/keys", &made).await.expect(201).json();
    let key = made["key"].as_str().unwrap();
    server.start_call("MZ1").await;
    let url = server.url("/calls/MZ1/stream");
    let socket = crate::support::Socket::try_open_as(&url, Some(key)).await.unwrap();
    server.clock.advance_ms(59_999);
    assert_eq!(status(&server, key, "/calls/MZ1/chunks").await, 200);
    server.clock.advance_ms(1);
    assert_eq!(status(&server, key, "/calls/MZ1/chunks").await, 401);
    assert_eq!(socket.closed().await.0, 1008);
    assert_eq!(status(&server, ADMIN_KEY, "/calls").await, 200);
}

#[tokio::test]
async fn keys_hold_while_the_database_cannot_be_read() {
    let server = Server::keyed().await;
    server.break_database().await;
    // For longer than the interval at which keys are read.
    let begun = std::time::Instant::now();
    while begun.elapsed() < std::time::Duration::from_millis(1_200) {
        server.get("/calls").await.expect_problem(500, "internal_error");
    }
    assert_eq!((status(&server, "nobody-s", "/calls").await, status(&server, ADMIN_KEY, "/livez").await), (401, 200));
}

#[tokio::test]
async fn no_key_is_in_the_log_nor_in_any_answer() {
    let folder = TempDir::new().unwrap();
    let (log, file) = (folder.path().join("log"), folder.path().join("admin-key"));
    let admin = "canary-of-the-admin-key-file-0123456789";
    crate::support::write_secret(&file, admin);
    create(folder.path(), "admin", &[]).await;
    let read = create(folder.path(), "read", &[]).await;
    let mut command = Binary::command(folder.path());
    command.env("RUST_LOG", "trace").env("CALLSTORE_ADMIN_KEY_FILE", &file);
    command.stderr(fs::File::create(&log).unwrap()).stdout(Stdio::null());
    let mut service = command.spawn().unwrap();
    let address = eventually("the service listens", async || {
        let text = fs::read_to_string(&log).unwrap();
        let address = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        address.filter_map(|line| Some(line["address"].as_str()?.to_owned())).next()
    })
    .await;
    let client = client_builder().build().unwrap();
    let mut canaries = vec![admin.to_owned(), read.clone(), "canary-that-nobody-has-made".to_owned()];
    let made =
        client.post(format!("http://{address}/admin/keys")).bearer_auth(admin).json(&json!({ "scope": "ingest" }));
    let made: Value = made.send().await.unwrap().error_for_status().unwrap().json().await.unwrap();
    canaries.push(made["key"].as_str().unwrap().to_owned());
    let mut said = String::new();
    for key in &canaries {
        for (method, path) in [
            ("GET", "/calls".to_owned()),
            ("GET", "/admin/keys".to_owned()),
            ("GET", "/metrics".to_owned()),
            ("POST", "/calls".to_owned()),
            ("DELETE", "/calls/MZ1".to_owned()),
            ("GET", format!("/calls?key={key}")),
            ("GET", format!("/calls?{key}")),
            ("GET", "/twilio/stream".to_owned()),
        ] {
            let request = client.request(method.parse().unwrap(), format!("http://{address}{path}")).bearer_auth(key);
            let answer = request.send().await.unwrap();
            let headers = format!("{:?}", answer.headers());
            said += &format!("{headers} {}\n", answer.text().await.unwrap().replace(&format!("/{key}"), ""));
        }
    }
    service.kill().await.unwrap();
    let log = fs::read_to_string(&log).unwrap();
    assert!(log.lines().count() > 20, "{log}");
    for key in canaries {
        assert!(!log.contains(&key), "a key is in the log: {}", log.lines().find(|line| line.contains(&key)).unwrap());
        // The error repeats the parameter's name as the client wrote it, in its pointer.
        let shown: Vec<_> = said.lines().filter(|line| line.contains(&key) && !line.contains("is not known")).collect();
        assert!(shown.is_empty(), "a key is in an answer: {shown:?}");
    }
}

#[tokio::test]
async fn a_key_that_ends_while_a_body_is_sent_writes_nothing() {
    let server = Server::keyed().await;
    let made = server.post("/admin/keys", &json!({ "scope": "ingest" })).await.expect(201).json();
    let mut socket = hold_as(&server, "held", made["key"].as_str()).await;
    server.delete(&format!("/admin/keys/{}", made["id"].as_str().unwrap())).await.expect(204);
    socket.write_all(held_body().as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    Answer::parse(&answer).expect_problem(401, "unauthorized");
    assert_eq!(server.count("call").await, 0);
}

#[tokio::test]
async fn the_first_key_is_an_admin_s_and_the_last_admin_key_goes_only_by_force() {
    let server = Server::start().await;
    for scope in ["ingest", "read"] {
        let refused = server.post("/admin/keys", &json!({ "scope": scope })).await;
        assert!(refused.expect_problem(409, "admin_key_required").text().contains("Make an admin key first"));
    }
    // Nothing was made: the service is open as before.
    assert_eq!(server.get("/admin/keys").await.expect(200).json()["items"], json!([]));

    let server = Server::keyed().await;
    let of = |key: &Value| format!("/admin/keys/{}", key["id"].as_str().unwrap());
    let keys = server.get("/admin/keys").await.expect(200).json();
    let first = of(&keys["items"][0]);
    server.delete(&first).await.expect_problem(409, "last_admin_key");
    // One of another scope, or one that expires before, does not take its place.
    server.post("/admin/keys", &json!({ "scope": "read" })).await.expect(201);
    let short = json!({ "scope": "admin", "expiresAt": "2026-01-02T03:04:06Z" });
    let short = server.post("/admin/keys", &short).await.expect(201).json();
    server.clock.advance_ms(1_000);
    server.delete(&first).await.expect_problem(409, "last_admin_key");
    server.delete(&of(&short)).await.expect(204);
    let second = server.post("/admin/keys", &json!({ "scope": "admin" })).await.expect(201).json();
    server.delete(&of(&second)).await.expect(204);
    server.delete(&format!("{first}?force=true")).await.expect(204);
    assert_eq!(status(&server, ADMIN_KEY, "/calls").await, 401);
}

/// Of many first keys at once at most those are made that leave an admin.
#[tokio::test]
async fn first_keys_that_race_leave_an_admin() {
    let server = Server::start().await;
    let scopes = ["read", "admin", "ingest", "admin", "read", "ingest"];
    let bodies = scopes.map(|scope| json!({ "scope": scope }));
    let answers = futures_util::future::join_all(bodies.iter().map(|body| server.post("/admin/keys", body))).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 201).map(Answer::json).collect();
    assert!(made.iter().any(|key| key["scope"] == "admin"), "{made:?}");
    assert_eq!(server.count("api_key").await, made.len() as i64);
}

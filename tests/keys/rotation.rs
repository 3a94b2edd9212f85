//! Keys that are rotated, and when keys were last used.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{create, id_of, keys, listed, printed, refusal};
use crate::{
    ownership::{make, send},
    support::{Server, TestClock, call, chunk, eventually, query_strings},
};

async fn status(server: &Server, key: &str) -> u16 {
    server.request(Method::GET, "/calls/MZ1/chunks").bearer_auth(key).send().await.unwrap().status().as_u16()
}

async fn key_of(server: &Server, id: &str) -> Value {
    let keys = server.get("/admin/keys").await.json();
    keys["items"].as_array().unwrap().iter().find(|key| key["id"] == *id).unwrap().clone()
}

#[tokio::test]
async fn a_rotated_key_has_a_successor_with_the_same_rights_and_calls() {
    let server = Server::keyed().await;
    let fields = json!({ "scope": "ingest", "label": "agent", "ownCallsOnly": true, "allowedNetworks": ["127.0.0.0/8"],
        "expiresAt": "2027-01-01T00:00:00Z" });
    let (old, old_id) = make(&server, fields).await;
    send(&server, &old, Method::POST, "/calls", &call("MZ1")).await.expect(201);
    let path = format!("/admin/keys/{old_id}/rotate");
    let made = server.post(&path, &json!({ "overlapSeconds": 60 })).await.expect(201);
    assert!(made.header("location").starts_with("/admin/keys/"));
    let made = made.json();
    let (new, new_id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert!(new != old && new.starts_with("cs_") && new_id != old_id);
    for (field, value) in [
        ("scope", json!("ingest")),
        ("label", json!("agent")),
        ("ownCallsOnly", json!(true)),
        ("allowedNetworks", json!(["127.0.0.0/8"])),
        ("expiresAt", json!("2027-01-01T00:00:00.000Z")),
        ("replacedBy", Value::Null),
        ("lastUsedAt", Value::Null),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let replaced = key_of(&server, &old_id).await;
    assert_eq!((&replaced["replacedBy"], &replaced["expiresAt"]), (&json!(new_id), &json!("2026-01-02T03:05:05.678Z")));
    // Both write to the calls of both, until the old one ends.
    send(&server, new, Method::POST, "/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    send(&server, new, Method::POST, "/calls", &call("MZ2")).await.expect(201);
    send(&server, &old, Method::POST, "/calls/MZ2/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    server.clock.advance_ms(59_999);
    assert_eq!((status(&server, &old).await, status(&server, new).await), (200, 200));
    server.clock.advance_ms(1);
    assert_eq!((status(&server, &old).await, status(&server, new).await), (401, 200));
    // A line of keys is rotated at its end. A second rotation keeps the calls of the first key.
    server.post(&path, &json!({})).await.expect_problem(409, "key_not_rotatable");
    let path = format!("/admin/keys/{new_id}/rotate");
    let third = server.post(&path, &json!({ "overlapSeconds": 0 })).await.expect(201).json();
    let third = third["key"].as_str().unwrap();
    assert_eq!((status(&server, new).await, status(&server, third).await), (401, 200));
}

#[tokio::test]
async fn what_cannot_be_rotated_is_refused_with_the_reason() {
    let server = Server::keyed().await;
    let keys = server.get("/admin/keys").await.json();
    let file = format!("/admin/keys/{}/rotate", keys["items"][0]["id"].as_str().unwrap());
    let refused = server.post(&file, &json!({})).await.expect_problem(409, "key_not_rotatable");
    assert!(refused.text().contains("admin key file"), "{}", refused.text());
    let (_, id) = make(&server, json!({ "scope": "read", "expiresAt": "2026-01-02T03:04:06Z" })).await;
    server.clock.advance_ms(1_000);
    let path = format!("/admin/keys/{id}/rotate");
    assert!(server.post(&path, &json!({})).await.expect_problem(409, "key_not_rotatable").text().contains("expired"));
    server.delete(&format!("/admin/keys/{id}")).await.expect(204);
    assert!(server.post(&path, &json!({})).await.expect_problem(409, "key_not_rotatable").text().contains("revoked"));
    for id in ["00000000-0000-7000-8000-000000000000", "nonsense"] {
        server.post(&format!("/admin/keys/{id}/rotate"), &json!({})).await.expect_problem(404, "key_not_found");
    }
    let long = server.post(&path, &json!({ "overlapSeconds": 2_592_001 })).await;
    assert_eq!(long.expect_problem(422, "validation_failed").pointers(), ["/overlapSeconds"]);
}

#[tokio::test]
async fn the_last_lasting_admin_key_is_not_revoked_for_one_that_soon_ends() {
    let server = Server::keyed().await;
    let keys = server.get("/admin/keys").await.json();
    let first = format!("/admin/keys/{}", keys["items"][0]["id"].as_str().unwrap());
    let made = json!({ "scope": "admin", "expiresAt": "2026-01-09T03:04:05Z" });
    let (_, short) = make(&server, made).await;
    let refused = server.delete(&first).await.expect_problem(409, "last_admin_key");
    assert!(refused.text().contains("7 days"), "{}", refused.text());
    // The one that ends first may go before the other, and one that lasts a week may stay alone.
    server.delete(&format!("/admin/keys/{short}")).await.expect(204);
    make(&server, json!({ "scope": "admin", "expiresAt": "2026-01-09T03:04:06Z" })).await;
    server.delete(&first).await.expect(204);
}

#[tokio::test]
async fn a_key_shows_when_it_was_last_used_and_that_is_written_once_a_minute() {
    let mut server = Server::keyed().await;
    server.start_call("MZ1").await;
    let (key, id) = make(&server, json!({ "scope": "ingest" })).await;
    assert_eq!(key_of(&server, &id).await["lastUsedAt"], Value::Null);
    let stored = async |server: &Server| {
        let database = server.database().await;
        let query = "SELECT COALESCE(CAST(last_used_at AS TEXT), '') FROM api_key WHERE scope = 'ingest'";
        let stored = query_strings(&database, query).await;
        database.close().await.unwrap();
        stored[0].clone()
    };
    let written = async |server: &Server, ms: i64| {
        let expected = (TestClock::START_MS + ms).to_string();
        eventually("the last use is written", async || (stored(server).await == expected).then_some(())).await;
    };
    assert_eq!(status(&server, &key).await, 200);
    assert_eq!(key_of(&server, &id).await["lastUsedAt"], "2026-01-02T03:04:05.678Z");
    written(&server, 0).await;
    // Within the minute it is known, but not written.
    server.clock.advance_ms(30_000);
    assert_eq!(status(&server, &key).await, 200);
    assert_eq!(key_of(&server, &id).await["lastUsedAt"], "2026-01-02T03:04:35.678Z");
    let (other, _) = make(&server, json!({ "scope": "read" })).await;
    assert_eq!(server.request(Method::GET, "/calls").bearer_auth(&other).send().await.unwrap().status(), 200);
    eventually("a later use of another key is written", async || {
        let database = server.database().await;
        let query = "SELECT CAST(COUNT(*) AS TEXT) FROM api_key WHERE scope = 'read' AND last_used_at IS NOT NULL";
        let count = query_strings(&database, query).await;
        database.close().await.unwrap();
        (count[0] == "1").then_some(())
    })
    .await;
    assert_eq!(stored(&server).await, TestClock::START_MS.to_string());
    server.clock.advance_ms(30_000);
    written(&server, 30_000).await;
    server.restart().await;
    assert_eq!(key_of(&server, &id).await["lastUsedAt"], "2026-01-02T03:04:35.678Z");
}

#[tokio::test]
async fn the_command_line_limits_and_rotates_keys() {
    let folder = TempDir::new().unwrap();
    create(folder.path(), "admin", &["--label", "me"]).await;
    let limits =
        ["--label", "agent", "--own-calls-only", "--allowed-network", "10.0.0.0/8", "--allowed-network", "::1"];
    let old = create(folder.path(), "ingest", &limits).await;
    let id = id_of(folder.path(), "agent").await;
    let rotated = keys(folder.path(), &["rotate", &id, "--overlap", "1h"]).await;
    let said = String::from_utf8(rotated.stderr.clone()).unwrap();
    let new = printed(rotated).trim_end().to_owned();
    assert!(new.starts_with("cs_") && new != old, "{new}");
    assert!(said.contains(&format!("Replaced key {id}")) && said.contains("not shown again"), "{said}");
    let all = listed(folder.path()).await;
    assert_eq!(
        (&all[2]["ownCallsOnly"], &all[2]["allowedNetworks"], &all[1]["replacedBy"]),
        (&json!(true), &json!(["10.0.0.0/8", "::1/128"]), &all[2]["id"])
    );
    let table = printed(keys(folder.path(), &["list"]).await);
    let lines: Vec<_> = table.lines().collect();
    for column in ["LAST USED", "CALLS", "NETWORKS"] {
        assert!(lines[0].contains(column), "{table}");
    }
    assert!(lines[2].contains(" replaced ") && lines[3].contains(" own ") && lines[3].contains("10.0.0.0/8,::1/128"));
    for (arguments, words) in [
        (&["rotate", &*id][..], "It was rotated already"),
        (&["rotate", "00000000-0000-7000-8000-000000000000"], "`callstore keys list` lists all keys"),
        (&["rotate", &*id, "--overlap", "31d"], "at most 30d"),
        (&["revoke", "00000000-0000-7000-8000-000000000000"], "`callstore keys list` lists all keys"),
        (&["create", "--scope", "read", "--expires", "2020-01-01T00:00:00Z"], "--expires: Must be in the future"),
        (&["create", "--scope", "read", "--label", ""], "--label: Must be 1 to 128"),
        (&["create", "--scope", "read", "--allowed-network", "10.1.2.3/8"], "--allowed-network: "),
        (&["create", "--scope", "read", "--own-calls-only"], "--own-calls-only: "),
    ] {
        let said = refusal(&keys(folder.path(), arguments).await);
        assert!(said.contains(words) && !said.contains("GET /"), "{arguments:?}: {said}");
    }
}

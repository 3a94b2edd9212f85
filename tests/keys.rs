//! Keys: created, listed and revoked by the command line and over HTTP, and shown only where they are created.

mod http;
mod networks;
mod rotation;
mod simulate;

use std::{path::Path, process::Output, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::time::Instant;

use crate::support::{Binary, Socket, chunk, client_builder, connect, eventually, hex, on_sqlite, query_strings};

/// `callstore keys` in a folder.
pub(crate) async fn keys(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Binary::with_database(folder);
    command.arg("keys").args(arguments);
    Binary::output(command).await
}

/// The output of a command.
#[track_caller]
fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Creates a key.
pub(crate) async fn create(folder: &Path, scope: &str, more: &[&str]) -> String {
    let arguments: Vec<_> = ["create", "--scope", scope].iter().chain(more).copied().collect();
    printed(keys(folder, &arguments).await).trim_end().to_owned()
}

/// All keys, as the command line lists them.
pub(crate) async fn listed(folder: &Path) -> Vec<Value> {
    let json = printed(keys(folder, &["list", "--json"]).await);
    serde_json::from_str(&json).unwrap()
}

/// The id of the key with a label.
pub(crate) async fn id_of(folder: &Path, label: &str) -> String {
    let keys = listed(folder).await;
    keys.iter().find(|key| key["label"] == label).unwrap()["id"].as_str().unwrap().to_owned()
}

/// The error of a command that must fail.
#[track_caller]
fn refusal(output: &Output) -> String {
    assert!(!output.status.success() && output.stdout.is_empty());
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Status of a request for the calls.
pub(crate) async fn list_calls(service: &Binary, key: &str) -> u16 {
    let client = client_builder().build().unwrap();
    client.get(service.url("/calls")).bearer_auth(key).send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn the_command_line_makes_lists_and_revokes_keys_without_a_service() {
    let folder = TempDir::new().unwrap();
    let other = create(folder.path(), "admin", &["--expires", "2999-01-01T00:00:00Z", "--label", "other"]).await;
    let key = create(folder.path(), "ingest", &["--label", "voice \u{1b}[31magent", "--expires", "90d"]).await;
    assert!(key.len() == 46 && key.starts_with("cs_"), "{key}");
    assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)), "{key}");
    let plain = create(folder.path(), "read", &[]).await;
    assert!(key != other && other != plain);

    let all = listed(folder.path()).await;
    let scopes: Vec<_> = all.iter().map(|key| key["scope"].as_str().unwrap()).collect();
    assert_eq!(scopes, ["admin", "ingest", "read"]);
    assert_eq!((&all[0]["expiresAt"], &all[0]["label"]), (&json!("2999-01-01T00:00:00.000Z"), &json!("other")));
    assert_eq!(
        (&all[2]["expiresAt"], &all[2]["label"], &all[2]["revokedAt"]),
        (&json!(null), &json!(null), &json!(null))
    );

    let id = id_of(folder.path(), "other").await;
    // It is the last usable admin key.
    assert!(refusal(&keys(folder.path(), &["revoke", &id]).await).contains("--force"));
    let revoked = keys(folder.path(), &["revoke", &id, "--force"]).await;
    let said = String::from_utf8(revoked.stderr.clone()).unwrap();
    assert_eq!(printed(revoked), "");
    assert!(said.starts_with(&format!("Revoked key {id} (scope admin).\nThere is no usable admin key")), "{said}");
    let at = listed(folder.path()).await[0]["revokedAt"].clone();
    assert!(at.is_string());
    // Revoking again changes nothing.
    let again = keys(folder.path(), &["revoke", &id]).await;
    assert!(String::from_utf8(again.stderr.clone()).unwrap().contains("was revoked already, at "));
    printed(again);
    assert_eq!(listed(folder.path()).await[0]["revokedAt"], at);

    let table = printed(keys(folder.path(), &["list"]).await);
    let lines: Vec<_> = table.lines().collect();
    assert_eq!(lines.len(), 4, "{table}");
    assert!(lines[0].starts_with("ID ") && lines[2].contains(" usable ") && lines[2].ends_with("voice ?[31magent"));
    assert!(lines[1].contains(" revoked ") && lines[1].contains(&id) && lines[3].contains("  never "), "{table}");
    for key in [&key, &other, &plain] {
        assert!(!table.contains(key.as_str()) && !all.iter().any(|shown| shown.to_string().contains(key.as_str())));
    }
    // The database holds no part of the key that would be of use.
    if on_sqlite() {
        let database = std::fs::read(folder.path().join("data/callstore.db")).unwrap();
        assert!(!database.windows(16).any(|window| window == &key.as_bytes()[3..19]));
    }
}

#[tokio::test]
async fn what_cannot_be_made_or_revoked_is_refused_with_the_reason() {
    let folder = TempDir::new().unwrap();
    let long = "x".repeat(129);
    for (arguments, word) in [
        (&["create"][..], "--scope"),
        (&["create", "--scope", "all"], "ingest, read, admin"),
        (&["create", "--scope", "read", "--expires", "soon"], "90d"),
        (&["create", "--scope", "read", "--expires", "0s"], "in the future"),
        (&["create", "--scope", "read", "--expires", "2020-01-01T00:00:00Z"], "in the future"),
        (&["create", "--scope", "read", "--label", ""], "1 to 128"),
        (&["create", "--scope", "read", "--label", &long], "1 to 128"),
        (&["create", "--scope", "read", "--label", "admin key file"], "reserved for"),
        (&["revoke", "00000000-0000-7000-8000-000000000000"], "No key has this id"),
        (&["revoke", "nonsense"], "nonsense"),
    ] {
        let said = refusal(&keys(folder.path(), arguments).await);
        assert!(said.contains(word), "{arguments:?}: {said}");
    }
    assert_eq!(listed(folder.path()).await, Vec::<Value>::new());
}

#[tokio::test]
async fn a_service_that_runs_takes_and_drops_keys_of_the_command_line_within_a_second() {
    let folder = TempDir::new().unwrap();
    let first = create(folder.path(), "admin", &[]).await;
    let service = Binary::serve(folder.path()).await;
    let client = client_builder().build().unwrap();
    let call = client.post(service.url("/calls")).bearer_auth(&first).json(&crate::support::call("MZ1"));
    assert_eq!(call.send().await.unwrap().status(), 201);

    let key = create(folder.path(), "admin", &["--label", "short-lived"]).await;
    let wait = async |status: u16| {
        let begun = Instant::now();
        eventually("the change of the key takes effect", async || {
            (list_calls(&service, &key).await == status).then_some(())
        })
        .await;
        assert!(begun.elapsed() < Duration::from_secs(1), "it took {:?}", begun.elapsed());
    };
    // The first request with it is answered.
    assert_eq!(list_calls(&service, &key).await, 200);
    // Open sockets close with their key; what was sent before is durable.
    let mut own = Socket::try_open_as(&service.url("/calls/MZ1/stream"), Some(&key)).await.unwrap();
    let other = Socket::try_open_as(&service.url("/calls/MZ1/stream"), Some(&first)).await.unwrap();
    let carrier = Socket::try_open_as(&service.url("/twilio/stream"), Some(&key)).await.unwrap();
    own.json(&chunk("inbound", 0, 0)).await;
    assert_eq!(own.receive().await["ack"]["sequence"], 0);
    let id = id_of(folder.path(), "short-lived").await;
    printed(keys(folder.path(), &["revoke", &id]).await);
    wait(401).await;
    let reason = "The key was revoked or has expired.".to_owned();
    assert_eq!((own.closed().await, carrier.closed().await), ((1008, reason.clone()), (1008, reason)));
    // The socket of another key stays open.
    let mut other = other;
    other.json(&chunk("inbound", 1, 20)).await;
    assert_eq!(other.receive().await["ack"]["sequence"], 1);
}

#[tokio::test]
async fn a_key_is_taken_after_a_restart_and_only_its_hash_is_stored() {
    let folder = TempDir::new().unwrap();
    let key = create(folder.path(), "admin", &[]).await;
    for _ in 0..2 {
        let service = Binary::serve(folder.path()).await;
        assert_eq!(list_calls(&service, &key).await, 200);
        service.kill().await;
    }
    let database = connect(&folder.path().join("data/callstore.db")).await;
    let stored = query_strings(&database, &format!("SELECT {} FROM api_key", hex("hash"))).await;
    database.close().await.unwrap();
    let hash: String = <sha2::Sha256 as sha2::Digest>::digest(&key).iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(stored, [hash]);
}

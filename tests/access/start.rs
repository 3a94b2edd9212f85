//! A service refuses to start if other machines could use it without a key.

use std::path::Path;

use tempfile::TempDir;
use tokio::process::Command;

use super::client;
use crate::{
    keys::{create, id_of, keys, listed},
    support::Binary,
};

const BEYOND: &str = "0.0.0.0:0";

pub(super) fn command(folder: &Path, listen: &str) -> Command {
    let mut command = Binary::with_database(folder);
    command.args(["serve", "--log-format", "json", "--listen", listen]);
    command
}

pub(super) async fn refusal(command: Command) -> String {
    let output = Binary::output(command).await;
    assert_eq!(output.status.code(), Some(1));
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn without_a_usable_key_no_other_machine_is_answered() {
    let folder = TempDir::new().unwrap();
    for listen in [BEYOND, "[::]:0"] {
        let said = refusal(command(folder.path(), listen)).await;
        for word in [listen, "callstore keys create --scope admin", "--admin-key-file", "--insecure-no-auth"] {
            assert!(said.contains(word), "{word} is not in {said}");
        }
    }
    // A key that is no longer valid does not count.
    create(folder.path(), "admin", &["--label", "revoked"]).await;
    assert!(keys(folder.path(), &["revoke", "--force", &id_of(folder.path(), "revoked").await]).await.status.success());
    assert!(refusal(command(folder.path(), BEYOND)).await.contains("no usable key"));

    let key = create(folder.path(), "admin", &["--expires", "1d"]).await;
    let service = Binary::start(command(folder.path(), BEYOND)).await;
    assert_eq!(client().get(service.url("/calls")).send().await.unwrap().status(), 401);
    assert_eq!(client().get(service.url("/calls")).bearer_auth(key).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_service_without_keys_is_open_only_where_that_is_said() {
    for by_flag in [true, false] {
        let folder = TempDir::new().unwrap();
        let mut command = command(folder.path(), BEYOND);
        if by_flag {
            command.arg("--insecure-no-auth");
        } else {
            command.env("CALLSTORE_INSECURE_NO_AUTH", "true");
        }
        let service = Binary::start(command).await;
        let calls = client().get(service.url("/calls")).header("host", "anything.example");
        assert_eq!(calls.send().await.unwrap().status(), 200);
        // Once a key exists it is required all the same.
        let made = client().post(service.url("/admin/keys")).json(&serde_json::json!({ "scope": "admin" }));
        assert_eq!(made.send().await.unwrap().status(), 201);
        assert_eq!(client().get(service.url("/calls")).send().await.unwrap().status(), 401);
    }
}

#[tokio::test]
async fn the_first_key_can_be_given_as_a_file() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("admin-key");
    let start = async |key: &str| {
        crate::support::write_secret(&file, key);
        let mut command = command(folder.path(), BEYOND);
        Binary::start({
            command.env("CALLSTORE_ADMIN_KEY_FILE", &file);
            command
        })
        .await
    };
    let status = async |service: &Binary, key: &str| {
        client().get(service.url("/admin/keys")).bearer_auth(key).send().await.unwrap().status().as_u16()
    };
    let (first, second) = ("a".repeat(32), "b".repeat(40));
    let service = start(&format!("  {first}\n")).await;
    assert_eq!((status(&service, &first).await, status(&service, &second).await), (200, 401));
    service.kill().await;
    // The same file gives the same key; another file replaces it.
    let service = start(&first).await;
    assert_eq!(listed(folder.path()).await.len(), 1);
    service.kill().await;
    let service = start(&second).await;
    assert_eq!((status(&service, &first).await, status(&service, &second).await), (401, 200));
    service.kill().await;

    let known = listed(folder.path()).await;
    let labels: Vec<_> =
        known.iter().map(|key| (key["label"].as_str().unwrap(), key["scope"].as_str().unwrap())).collect();
    assert_eq!(labels, [("admin key file", "admin"); 2]);
    assert!(!known[0]["revokedAt"].is_null() && known[1]["revokedAt"].is_null(), "{known:?}");

    // A revoked key stays revoked, whatever the file says.
    assert!(keys(folder.path(), &["revoke", "--force", known[1]["id"].as_str().unwrap()]).await.status.success());
    let mut again = command(folder.path(), BEYOND);
    again.env("CALLSTORE_ADMIN_KEY_FILE", &file);
    let said = refusal(again).await;
    assert!(said.contains("was revoked") && said.contains("no usable key") && !said.contains(&second), "{said}");

    for short in ["", "too-short", &"with a space ".repeat(4)] {
        crate::support::write_secret(&file, short);
        let mut command = command(folder.path(), BEYOND);
        command.env("CALLSTORE_ADMIN_KEY_FILE", &file);
        assert!(refusal(command).await.contains("at least 32"), "{short:?}");
    }
}

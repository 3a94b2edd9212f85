//! `callstore migrate` on SQLite: the schema migrates up and down, and data of an earlier version survives.

use std::path::Path;

use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use service::audio::encode_base64;
use tempfile::TempDir;

use crate::support::{Binary, client_builder, query_strings};

/// Runs `callstore migrate STEP` on the database in a folder.
async fn migrate(folder: &Path, step: &str) -> String {
    let mut command = Binary::bare(folder);
    command.args(["migrate", step]);
    let output = Binary::output(command).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn database(folder: &Path) -> DatabaseConnection {
    let url = format!("sqlite://{}", folder.join("data/callstore.db").display());
    sea_orm::Database::connect(url).await.unwrap()
}

async fn query(folder: &Path, query: &str) -> Vec<String> {
    let database = database(folder).await;
    let found = query_strings(&database, query).await;
    database.close().await.unwrap();
    found
}

/// The schema as the database describes it.
async fn schema(folder: &Path) -> Vec<String> {
    let all = "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY type, name";
    query(folder, all).await
}

#[tokio::test]
async fn migrating_up_down_and_up_again_gives_the_same_schema() {
    let folder = TempDir::new().unwrap();
    let folder = folder.path();
    let pending = migrate(folder, "status").await;
    assert!(pending.lines().count() >= 3 && pending.lines().all(|line| line.starts_with("pending  m20")), "{pending}");
    let applied = migrate(folder, "up").await;
    assert_eq!(applied, pending.replace("pending", "applied"));
    let first = schema(folder).await;
    assert!(first.len() > 20, "{first:?}");
    let steps = applied.lines().count();
    for step in 1..=steps {
        let status = migrate(folder, "down").await;
        assert_eq!(status.lines().filter(|line| line.starts_with("pending")).count(), step, "{status}");
        assert_eq!(migrate(folder, "status").await, status);
    }
    let left = schema(folder).await;
    assert!(left.iter().all(|entry| entry.contains("migrations")), "{left:?}");
    migrate(folder, "up").await;
    assert_eq!(schema(folder).await, first);
    assert_eq!(migrate(folder, "up").await, applied);
}

/// Starts the service on SQLite, whatever database the other tests use.
async fn serve(folder: &Path) -> Binary {
    let mut command = Binary::bare(folder);
    command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
    Binary::start(command).await
}

#[tokio::test]
async fn chunks_of_a_running_call_outlive_a_migration() {
    const ROWS: &str =
        "SELECT hex(call_id) || track || ' ' || first_sequence || ' ' || last_sequence || ' ' || hex(data)
        FROM audio_chunk ORDER BY call_id, track, first_sequence";
    let (folder, client) = (TempDir::new().unwrap(), client_builder().build().unwrap());
    let folder = folder.path();
    let post = async |service: &Binary, path: &str, body: Value| {
        let response = client.post(service.url(path)).json(&body).send().await.unwrap().error_for_status().unwrap();
        response.json::<Value>().await.unwrap()
    };
    // Far apart, so that no two share a row.
    let chunks = |track: &str| -> Value {
        let chunk = |number: u8| {
            let (audio, at) = (encode_base64(&[number; 160]), u32::from(number) * 6000);
            json!({ "audio": audio, "track": track, "sequence": number, "timestamp": at })
        };
        json!({ "chunks": (0..100).map(chunk).collect::<Vec<_>>() })
    };

    let service = serve(folder).await;
    post(&service, "/calls", json!({ "streamSid": "MZ1", "caller": "a" })).await;
    for track in ["inbound", "outbound"] {
        post(&service, "/calls/MZ1/chunks/batch", chunks(track)).await;
    }
    service.tell_to_stop().await;
    service.stopped().await;
    let rows = query(folder, ROWS).await;
    assert!(rows.len() >= 100, "{rows:?}");

    while !migrate(folder, "down").await.contains("pending  m20261123_000011_rows") {}
    assert_eq!(query(folder, ROWS).await, rows);
    let service = serve(folder).await;
    assert_eq!(query(folder, ROWS).await, rows);
    for track in ["inbound", "outbound"] {
        let again = post(&service, "/calls/MZ1/chunks/batch", chunks(track)).await;
        let known = again["items"].as_array().unwrap();
        assert!(known.len() == 100 && known.iter().all(|chunk| chunk["duplicate"] == true), "{again}");
    }
    let call = post(&service, "/calls/MZ1/end", json!({})).await;
    assert_eq!((&call["status"], &call["recordings"][0]["duration"]), (&json!("completed"), &json!(594.02)));
    service.kill().await;
}

//! `callstore copy`, as used to move a service from one machine to several: from SQLite and a folder to whatever the
//! other tests use.

mod moving;

use std::{fs, path::Path, process::Output};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::support::{Answer, Binary, call, chunk, connect, on_sqlite, query_strings};
use moving::{Asking, Move};

async fn done(command: Command) -> String {
    let output = Binary::output(command).await;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The error of a command that failed.
async fn refusal(command: Command) -> String {
    let Output { status, stderr, .. } = Binary::output(command).await;
    let said = String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(1), "{said}");
    said
}

const UTTERANCES: usize = 2500;

/// Writes calls of every kind; the last chunks are left in the journal.
async fn fill(asking: &Asking<'_>) {
    for name in ["MZ1", "MZ2"] {
        asking.post("/calls", &call(name)).await;
        for sequence in 0..100 {
            for track in ["inbound", "outbound"] {
                // Every third one is lost.
                asking.post(&format!("/calls/{name}/chunks"), &chunk(track, sequence * 3 / 2, sequence * 30)).await;
            }
        }
    }
    let numbers: Value =
        serde_json::from_str(r#"{"z": 1e16, "a": [1.0, -0.0, 1e300, 1.1e-9, {"c": 1, "b": null}]}"#).unwrap();
    asking
        .post("/calls/MZ1/analytics", &json!({ "sentiment": "positive", "sentimentScore": 0.1, "metrics": numbers }))
        .await;
    let put =
        asking.request(Method::PUT, "/calls/MZ1/metadata").json(&json!({ "language": "de", "customData": numbers }));
    Answer::read(put.send().await.unwrap()).await.expect(201);
    asking.post("/calls/MZ1/end", &json!({})).await;
    let utterances: Vec<_> =
        (0..UTTERANCES).map(|number| json!({ "speaker": "ä", "text": format!("{number}") })).collect();
    for some in utterances.chunks(500) {
        asking.post("/calls/MZ2/transcripts/batch", &json!({ "transcripts": some })).await;
    }
}

/// JSON with numbers in one notation, because PostgreSQL keeps only their values.
fn numbers_alike(json: &[u8]) -> Value {
    fn alike(json: &mut Value) {
        match json {
            Value::Object(members) => members.values_mut().for_each(alike),
            Value::Array(values) => values.iter_mut().for_each(alike),
            Value::Number(number) => *json = json!(number.as_f64().unwrap() + 0.0),
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    let mut json = serde_json::from_slice(json).unwrap();
    alike(&mut json);
    json
}

/// Some columns of the copied rows, without the header.
fn columns(tables: &str, columns: &[usize]) -> Vec<Vec<String>> {
    let words = tables.lines().skip(1).map(|line| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>());
    words.map(|words| columns.iter().map(|column| words[*column].clone()).collect()).collect()
}

#[tokio::test]
async fn a_service_goes_on_elsewhere_as_if_nothing_had_been() {
    let moving = Move::new();
    let old = moving.serve_old().await;
    let mut asking = Asking::new(&old, None);
    fill(&asking).await;
    let named = |asking: &Asking<'_>| {
        let body = json!({ "speaker": "agent", "text": "once" });
        asking.request(Method::POST, "/calls/MZ1/transcripts").header("Idempotency-Key", "one").json(&body)
    };
    let made = asking.post("/admin/keys", &json!({ "scope": "admin" })).await;
    let key = made["key"].as_str().unwrap();
    asking.key = Some(key.to_owned());
    let once = Answer::read(named(&asking).send().await.unwrap()).await.expect(201).json();
    let recordings = asking.get("/calls/MZ1?include=recordings").await.json()["recordings"].clone();
    let audio = format!("/recordings/{}/audio", recordings[0]["id"].as_str().unwrap());
    let link = asking.post(&audio.replace("/audio", "/links"), &json!({})).await["url"].as_str().unwrap().to_owned();
    let link = format!("/recordings/{}", link.split_once("/recordings/").unwrap().1);
    let paths = [
        "/calls?sort=startTime",
        "/calls/MZ1/transcripts",
        "/calls/MZ2/transcripts?limit=1000",
        "/calls/MZ1/analytics",
        "/calls/MZ1/metadata",
        "/calls/MZ1/chunks",
        &audio,
    ];
    let mut answers = Vec::new();
    for path in paths {
        answers.push(asking.get(path).await.bytes);
    }
    asking.post("/calls/MZ2/chunks", &chunk("inbound", 150, 3000)).await;
    let status = refusal(moving.database()).await;
    assert!(status.contains("--from: the database /"), "{status}");
    assert!(status.contains("/old/data/callstore.db is in use; stop the services"), "{status}");
    old.kill().await;

    assert!(done(moving.recordings()).await.starts_with("1 recordings of "));
    let tables = done(moving.database()).await;
    let rows = |table: &str| {
        tables.lines().find_map(|line| line.strip_prefix(table)).unwrap().split_whitespace().next().unwrap()
    };
    assert_eq!((rows("call "), rows("transcript "), rows("recording ")), ("2", "2501", "1"));

    let new = moving.serve_new().await;
    let asking = Asking::new(&new, Some(key));
    for (path, answer) in paths.iter().zip(answers) {
        let moved = asking.get(path).await.bytes;
        if *path == audio {
            assert!(moved == answer, "another recording");
        } else {
            assert_eq!(numbers_alike(&moved), numbers_alike(&answer), "{path}");
        }
    }
    let replayed = Answer::read(named(&asking).send().await.unwrap()).await.expect(201);
    assert_eq!((replayed.header("idempotent-replayed"), replayed.json()), ("true", once));
    Answer::read(Asking::new(&new, None).request(Method::GET, &link).send().await.unwrap()).await.expect(200);
    asking.post("/calls/MZ2/chunks", &chunk("inbound", 151, 3020)).await;
    let ended = asking.post("/calls/MZ2/end", &json!({})).await;
    assert_eq!((&ended["status"], &ended["recordings"][0]["duration"]), (&json!("completed"), &json!(3.04)));
    let entries = asking.get("/admin/audit?limit=1000").await.json();
    let operations: Vec<_> = entries["items"].as_array().unwrap().iter().map(|entry| &entry["operation"]).collect();
    assert!(operations.contains(&&json!("createKey")), "{entries}");
}

#[tokio::test]
async fn a_copy_that_was_interrupted_goes_on_where_it_stopped() {
    let moving = Move::new();
    let old = moving.serve_old().await;
    fill(&Asking::new(&old, None)).await;
    old.kill().await;
    let mut interrupted = 0;
    let tables = loop {
        let mut command = moving.database();
        command.env("CALLSTORE_CRASH_AT", "copy.slice:2");
        let output = Binary::output(command).await;
        if output.status.success() {
            break String::from_utf8(output.stdout).unwrap();
        }
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        interrupted += 1;
    };
    assert!(interrupted > 2, "it was interrupted {interrupted} times");
    let all = done(moving.database()).await;
    assert_eq!(columns(&tables, &[0, 1, 3]), columns(&all, &[0, 1, 3]));
    assert!(columns(&all, &[2]).iter().all(|copied| copied == &["0"]), "{all}");
}

#[tokio::test]
async fn a_copy_back_is_what_was_copied() {
    let moving = Move::new();
    let old = moving.serve_old().await;
    fill(&Asking::new(&old, None)).await;
    old.kill().await;
    let there = done(moving.database()).await;
    let mut command = moving.command();
    command.args(["copy", "--from", &moving.new_database(), "--to", "sqlite://back.db"]);
    let back = done(command).await;
    let all = [0, 1, 2, 3];
    assert_eq!(columns(&there, &all), columns(&back, &all));
}

#[tokio::test]
async fn what_is_there_is_not_overwritten() {
    let moving = Move::new();
    let old = moving.serve_old().await;
    fill(&Asking::new(&old, None)).await;
    old.kill().await;
    let new = moving.serve_new().await;
    let asking = Asking::new(&new, None);
    asking.post("/calls", &call("MZ1")).await;
    let call = asking.get("/calls/MZ1").await.json();
    let said = refusal(moving.database()).await;
    assert!(said.contains("--to: the database") && said.contains("is in use"), "{said}");
    new.kill().await;
    let said = refusal(moving.database()).await;
    assert!(said.contains("has other rows in call") && said.contains("empty database"), "{said}");
    let new = moving.serve_new().await;
    let asking = Asking::new(&new, None);
    assert_eq!(asking.get("/calls/MZ1").await.json(), call);
    assert_eq!(asking.get("/calls").await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn rows_that_were_changed_since_are_found() {
    let moving = Move::new();
    let old = moving.serve_old().await;
    fill(&Asking::new(&old, None)).await;
    old.kill().await;
    done(moving.database()).await;
    let database = sea_orm::Database::connect(moving.new_database()).await.unwrap();
    let change = "UPDATE transcript SET text = 'other' WHERE text = '17'";
    sea_orm::ConnectionTrait::execute_unprepared(&database, change).await.unwrap();
    database.close().await.unwrap();
    let said = refusal(moving.database()).await;
    assert!(said.contains("the table transcript differs"), "{said}");
}

#[tokio::test]
async fn a_recording_that_is_not_what_it_was_is_told_and_the_others_are_copied() {
    let moving = Move::new();
    let old = moving.serve_old().await;
    let asking = Asking::new(&old, None);
    let mut files = Vec::new();
    for name in ["MZ1", "MZ2", "MZ3"] {
        asking.post("/calls", &call(name)).await;
        asking.post(&format!("/calls/{name}/chunks"), &chunk("inbound", 0, 0)).await;
        let ended = asking.post(&format!("/calls/{name}/end"), &json!({})).await;
        let id = ended["id"].as_str().unwrap();
        files.push(moving.old().join(format!("data/recordings/{}/{id}.wav", &id[id.len() - 2..])));
    }
    let said = refusal(moving.recordings()).await;
    assert!(said.contains("another Callstore that is running uses it"), "{said}");
    old.kill().await;
    let whole = fs::read(&files[1]).unwrap();
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&files[1], changed).unwrap();
    fs::remove_file(&files[2]).unwrap();
    let said = refusal(moving.recordings()).await;
    assert!(said.contains("2 of 3 recordings could not be copied") && said.contains("another hash"), "{said}");
    for file in &files[1..] {
        fs::write(file, &whole).unwrap();
    }
    let done = done(moving.recordings()).await;
    assert!(done.starts_with("3 recordings of ") && done.contains(", 2 of them copied now"), "{done}");
}

#[tokio::test]
async fn every_table_is_copied() {
    let moving = Move::new();
    moving.serve_old().await.kill().await;
    let copied = done(moving.database()).await;
    let mut copied: Vec<_> = copied.lines().skip(1).map(|line| line.split_whitespace().next().unwrap()).collect();
    // What only running services use, what triggers and services make anew, and the records of migrations.
    copied.extend(["audit_pending", "chunk_journal", "lease", "seaql_migrations", "stats_mark", "stats_slot"]);
    copied.extend(["search_entry", "search_progress"]);
    if on_sqlite() {
        copied.extend(["search_text", "search_text_config", "search_text_data", "search_text_idx"]);
    }
    copied.sort_unstable();
    let tables = if on_sqlite() {
        "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
    } else {
        "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    };
    let database = connect(&moving.folder.path().join("new/callstore.db")).await;
    assert_eq!(query_strings(&database, tables).await, copied);
}

#[tokio::test]
async fn a_copy_from_nowhere_or_of_what_is_no_url_is_refused() {
    let moving = Move::new();
    let file = Path::new("old/data/callstore.db");
    for (arguments, words) in [
        (vec!["--from", "sqlite://nowhere.db", "--to", "sqlite://x.db"], "--from: there is no database at "),
        (vec!["--from", "sqlite://x.db", "--to", "sqlite://x.db"], "--from and --to name the same database"),
        (
            vec!["--from", "sqlite://x.db", "--from-store", "s3://a", "--to-store", "s3://a"],
            "--from-store and --to-store name the same store",
        ),
        (vec!["--from", "mysql://secret", "--to", "sqlite://x.db"], "--from is not understood"),
        (vec!["--from", "sqlite://x.db", "--to", "mysql://secret"], "--to is not understood"),
        (
            vec!["--from", "sqlite://x.db", "--from-store", "data", "--to-store", "s3://a"],
            "--from-store is not understood",
        ),
    ] {
        let mut command = moving.command();
        command.arg("copy").args(&arguments);
        let said = refusal(command).await;
        assert!(said.contains(words) && !said.contains("secret"), "{arguments:?}: {said}");
        assert!(!moving.folder.path().join(file).exists());
    }
}

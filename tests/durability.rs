//! Acknowledged data survives: the built binary is killed and stopped at bad moments, and started again.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering},
};

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, wav};
use tempfile::TempDir;

use crate::support::{Binary, client_builder, connect, eventually, execute, on_folder, query_strings};

const DATABASE: &str = "data/callstore.db";

fn client() -> Client {
    client_builder().build().unwrap()
}

async fn post(client: &Client, url: String, body: &Value) -> Result<(StatusCode, Value), reqwest::Error> {
    let response = client.post(url).json(body).send().await?;
    Ok((response.status(), response.json().await?))
}

async fn get(client: &Client, url: String) -> Value {
    client.get(url).send().await.unwrap().json().await.unwrap()
}

/// 20 ms of audio, different for each number.
fn audio(number: u32) -> Vec<u8> {
    (0..160).map(|index| (number * 7 + index * 3 + number / 256) as u8).collect()
}

fn numbered(number: u32) -> Value {
    json!({ "audio": encode_base64(&audio(number)), "sequence": number, "timestamp": number * 20 })
}

async fn count(folder: &Path, table: &str) -> String {
    let database = connect(&folder.join(DATABASE)).await;
    let found = query_strings(&database, &format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}")).await;
    database.close().await.unwrap();
    found[0].clone()
}

/// The names of all files below the store's folder, without the peaks beside recordings.
fn files(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            names.extend(files(&entry.path()));
        } else if entry.path().extension() != Some("peaks".as_ref()) {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names
}

async fn completed(client: &Client, service: &Binary, call: &str) -> Value {
    eventually("the call is completed", || async {
        let call = get(client, service.url(&format!("/calls/{call}?include=recordings"))).await;
        (call["status"] == "completed").then_some(call)
    })
    .await
}

#[tokio::test]
async fn a_call_goes_on_after_a_crash_with_every_chunk_that_was_acknowledged() {
    const ALL: u32 = 300;
    let (folder, client) = (TempDir::new().unwrap(), client());
    let mut service = Some(Binary::serve(folder.path()).await);
    let url = |service: &Option<Binary>, path: &str| service.as_ref().unwrap().url(path);
    post(&client, url(&service, "/calls"), &json!({ "streamSid": "MZ1", "caller": "a" })).await.unwrap();

    // Each client sends its share until the service is gone, and remembers what was acknowledged.
    let acknowledged = AtomicU32::new(0);
    let chunks = url(&service, "/calls/MZ1/chunks");
    let sender = |share: u32| {
        let (client, chunks, acknowledged) = (&client, chunks.clone(), &acknowledged);
        async move {
            let mut known = Vec::new();
            for number in (share..ALL).step_by(4) {
                let Ok((status, _)) = post(client, chunks.clone(), &numbered(number)).await else { break };
                assert_eq!(status, 201);
                known.push(number);
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
            known
        }
    };
    let crash = async {
        eventually("a hundred chunks are acknowledged", || async {
            (acknowledged.load(Ordering::SeqCst) >= 100).then_some(())
        })
        .await;
        service.take().unwrap().kill().await;
    };
    let (known, ()) = tokio::join!(futures_util::future::join_all((0..4).map(sender)), crash);
    let known: Vec<u32> = known.into_iter().flatten().collect();

    let service = Binary::serve(folder.path()).await;
    for number in known {
        let (status, stored) = post(&client, service.url("/calls/MZ1/chunks"), &numbered(number)).await.unwrap();
        assert_eq!((status.as_u16(), &stored["duplicate"]), (200, &json!(true)), "chunk {number} was lost");
    }
    let batch = json!({ "chunks": (0..ALL).map(numbered).collect::<Vec<_>>() });
    let (status, _) = post(&client, service.url("/calls/MZ1/chunks/batch"), &batch).await.unwrap();
    assert!(status.is_success());
    let (status, call) = post(&client, service.url("/calls/MZ1/end"), &json!({})).await.unwrap();
    assert_eq!((status.as_u16(), &call["status"]), (200, &json!("completed")));
    let id = call["recordings"][0]["id"].as_str().unwrap();
    let file = client.get(service.url(&format!("/recordings/{id}/audio"))).send().await.unwrap().bytes().await.unwrap();
    // Every second sample is an original one.
    let samples: Vec<i16> = wav::read(&file).unwrap().samples.into_iter().step_by(2).collect();
    let sent: Vec<u8> = (0..ALL).flat_map(audio).collect();
    assert!(samples == mulaw_to_pcm16(&sent), "the recording is not what was sent");
}

/// Starts a call of two hours, nearly all of it silence, and ends it without waiting.
async fn end_a_long_call(client: &Client, service: &Binary) {
    post(client, service.url("/calls"), &json!({ "streamSid": "MZ1", "caller": "a" })).await.unwrap();
    for (sequence, timestamp) in [(0, 0), (1, 7_200_000)] {
        let chunk = json!({ "audio": encode_base64(&audio(sequence)), "sequence": sequence, "timestamp": timestamp });
        let (status, _) = post(client, service.url("/calls/MZ1/chunks"), &chunk).await.unwrap();
        assert_eq!(status, 201);
    }
    let end = client.post(service.url("/calls/MZ1/end")).header("prefer", "wait=0").send().await.unwrap();
    assert!(end.status().is_success());
}

#[tokio::test]
async fn a_recording_that_a_crash_interrupted_is_made_by_the_next_start() {
    if !on_folder() {
        return; // What a crash leaves of an upload is for the object store to clear away.
    }
    let (folder, client) = (TempDir::new().unwrap(), client());
    let service = Binary::serve(folder.path()).await;
    end_a_long_call(&client, &service).await;
    let store = Binary::recordings(folder.path());
    eventually("the recording is being written", || async { (!files(&store).is_empty()).then_some(()) }).await;
    service.kill().await;

    let service = Binary::serve(folder.path()).await;
    let call = completed(&client, &service, "MZ1").await;
    let recordings = call["recordings"].as_array().unwrap();
    assert_eq!((recordings.len(), &recordings[0]["duration"]), (1, &json!(7_200.02)));
    assert_eq!(files(&store), [format!("{}.wav", call["id"].as_str().unwrap())]);
    let size = fs::metadata(store.join(recordings[0]["filePath"].as_str().unwrap())).unwrap().len();
    assert_eq!(json!(size), recordings[0]["sizeBytes"]);
    eventually("all chunks are removed", || async { (count(folder.path(), "audio_chunk").await == "0").then_some(()) })
        .await;
}

#[tokio::test]
async fn a_crash_between_the_file_and_its_row_leaves_one_recording() {
    let (folder, client) = (TempDir::new().unwrap(), client());
    let database = folder.path().join(DATABASE);
    let service = Binary::serve(folder.path()).await;
    post(&client, service.url("/calls"), &json!({ "streamSid": "MZ1", "caller": "a" })).await.unwrap();
    post(&client, service.url("/calls/MZ1/chunks"), &numbered(0)).await.unwrap();
    execute(&database, "ALTER TABLE recording RENAME TO elsewhere").await;
    let end = client.post(service.url("/calls/MZ1/end")).header("prefer", "wait=0").send().await.unwrap();
    assert_eq!(end.status(), 202);
    let store = Binary::recordings(folder.path());
    let published = || async { files(&store).iter().any(|name| name.ends_with(".wav")).then_some(()) };
    eventually("the file has its final name", published).await;
    service.kill().await;
    execute(&database, "ALTER TABLE elsewhere RENAME TO recording").await;

    let service = Binary::serve(folder.path()).await;
    let call = completed(&client, &service, "MZ1").await;
    assert_eq!(call["recordings"].as_array().unwrap().len(), 1);
    assert_eq!(files(&store), [format!("{}.wav", call["id"].as_str().unwrap())]);
}

#[tokio::test]
async fn a_deleted_call_is_removed_by_the_next_start() {
    let (folder, client) = (TempDir::new().unwrap(), client());
    let service = Binary::serve(folder.path()).await;
    post(&client, service.url("/calls"), &json!({ "streamSid": "MZ1", "caller": "a" })).await.unwrap();
    post(&client, service.url("/calls/MZ1/chunks"), &numbered(0)).await.unwrap();
    post(&client, service.url("/calls/MZ1/end"), &json!({})).await.unwrap();
    service.kill().await;
    // The state after a crash right after the response.
    let hide = "UPDATE call SET deleted_at = 1, stream_sid = NULL";
    execute(&folder.path().join(DATABASE), hide).await;
    let _service = Binary::serve(folder.path()).await;
    let store = Binary::recordings(folder.path());
    eventually("rows and file are gone", || async {
        (count(folder.path(), "call").await == "0" && files(&store).is_empty()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn sigterm_lets_a_waiting_end_answer_and_exits_with_0() {
    let (folder, client) = (TempDir::new().unwrap(), client());
    let database = folder.path().join(DATABASE);
    let service = Binary::serve(folder.path()).await;
    post(&client, service.url("/calls"), &json!({ "streamSid": "MZ1", "caller": "a" })).await.unwrap();
    post(&client, service.url("/calls/MZ1/chunks"), &numbered(0)).await.unwrap();
    // The call cannot be completed, so its end waits.
    execute(&database, "ALTER TABLE recording RENAME TO elsewhere").await;
    let end = client.post(service.url("/calls/MZ1/end")).header("prefer", "wait=30").send();
    let stop = async {
        eventually("endCall waits", || async {
            (get(&client, service.url("/calls/MZ1")).await["status"] == "finalizing").then_some(())
        })
        .await;
        service.tell_to_stop().await;
    };
    let (answer, ()) = tokio::join!(end, stop);
    let answer = answer.unwrap();
    assert_eq!(answer.status(), 202);
    assert_eq!(answer.json::<Value>().await.unwrap()["status"], "finalizing");
    service.stopped().await;

    execute(&database, "ALTER TABLE elsewhere RENAME TO recording").await;
    let service = Binary::serve(folder.path()).await;
    assert_eq!(completed(&client, &service, "MZ1").await["recordings"].as_array().unwrap().len(), 1);
}

//! Responses put together from several reads show one moment. Each test holds a request between two of its reads while
//! another request changes the data, and then checks the response.

use std::{future::Future, path::PathBuf};

use reqwest::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{
    Answer, Binary, call, chunk, client_builder, connect, eventually, execute, on_folder, query_strings,
};

/// A service that holds the first request to reach a point.
struct Holding {
    folder: TempDir,
    binary: Binary,
    client: Client,
}

impl Holding {
    async fn at(point: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let mut command = Binary::command(folder.path());
        command.env("CALLSTORE_HOLD_AT", format!("{point}:{}", folder.path().join("held").display()));
        let binary = Binary::start(command).await;
        Self { folder, binary, client: client_builder().build().unwrap() }
    }

    fn held(&self) -> PathBuf {
        self.folder.path().join("held")
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = Answer::read(self.client.post(self.binary.url(path)).json(body).send().await.unwrap()).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::read(self.client.get(self.binary.url(path)).send().await.unwrap()).await
    }

    async fn delete(&self, path: &str) {
        let answer = Answer::read(self.client.delete(self.binary.url(path)).send().await.unwrap()).await;
        answer.expect(204);
    }

    /// Waits until a table is empty.
    async fn emptied(&self, table: &str) {
        let database = connect(&self.folder.path().join("data/callstore.db")).await;
        let count = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table}");
        let empty = || async { (query_strings(&database, &count).await == ["0"]).then_some(()) };
        eventually("the rows are gone", empty).await;
        database.close().await.unwrap();
    }

    /// Sends a request, makes `change` between two of its reads, and returns the response.
    async fn between(&self, request: impl Future<Output = Answer>, change: impl Future<Output = ()>) -> Answer {
        let changing = async {
            let held = || async { self.held().exists().then_some(()) };
            eventually("the request is held", held).await;
            change.await;
            std::fs::remove_file(self.held()).unwrap();
        };
        tokio::join!(request, changing).0
    }

    /// A call with three chunks in each direction.
    async fn fill(&self) {
        self.post("/calls", &call("MZ1")).await;
        for number in 0..3 {
            for track in ["inbound", "outbound"] {
                self.post("/calls/MZ1/chunks", &chunk(track, number, number * 20)).await;
            }
        }
        self.post("/calls/MZ1/transcripts", &json!({ "speaker": "agent", "text": "hello" })).await;
    }

    /// Ends the call, and waits until its chunks are purged.
    async fn end_and_purge(&self) {
        let ended = self.post("/calls/MZ1/end", &json!({})).await;
        assert_eq!((&ended["status"], &ended["recordings"][0]["duration"]), (&json!("completed"), &json!(0.06)));
        self.emptied("audio_chunk").await;
    }

    /// Deletes the call, and waits until its rows are gone.
    async fn delete_and_purge(&self) {
        self.delete("/calls/MZ1").await;
        self.emptied("transcript").await;
        self.emptied("recording").await;
    }
}

#[tokio::test]
async fn chunks_are_told_of_a_call_that_is_completed_and_purged_meanwhile() {
    let service = Holding::at("call.read").await;
    service.fill().await;
    let answer = service.between(service.get("/calls/MZ1/chunks"), service.end_and_purge()).await.expect(200).json();
    let chunks = |answer: &Value| -> Vec<_> {
        answer["tracks"].as_array().unwrap().iter().map(|track| track["chunks"].as_u64().unwrap()).collect()
    };
    assert_eq!(chunks(&answer), [3, 3], "{answer}");
    assert_eq!(service.get("/calls/MZ1/chunks").await.expect(200).json(), answer);
}

#[tokio::test]
async fn a_call_and_its_parts_are_of_one_moment() {
    let service = Holding::at("call.read").await;
    service.fill().await;
    let request = service.get("/calls/MZ1?include=recordings,transcripts");
    let answer = service.between(request, service.end_and_purge()).await.expect(200).json();
    assert_eq!((&answer["status"], &answer["recordings"]), (&json!("active"), &json!([])), "{answer}");
}

#[tokio::test]
async fn a_list_in_a_call_is_of_the_moment_in_which_the_call_was_found() {
    let service = Holding::at("call.read").await;
    service.fill().await;
    let request = service.get("/calls/MZ1/transcripts");
    let answer = service.between(request, service.delete_and_purge()).await.expect(200).json();
    assert_eq!(answer["items"][0]["text"], "hello", "{answer}");
    service.get("/calls/MZ1/transcripts").await.expect(404);
}

#[tokio::test]
async fn captions_of_a_whole_call_are_of_one_moment() {
    for format in ["srt", "vtt", "txt"] {
        let service = Holding::at("transcripts.slice").await;
        service.post("/calls", &call("MZ1")).await;
        let said = |number: u32| json!({ "speaker": "a", "text": format!("line {number}."), "startTime": number, "endTime": number });
        for batch in 0..2 {
            let transcripts: Vec<_> = (batch * 400 + 1..=batch * 400 + 400).map(said).collect();
            service.post("/calls/MZ1/transcripts/batch", &json!({ "transcripts": transcripts })).await;
        }
        // Comes first in the order, and would move all others.
        let add = async {
            service.post("/calls/MZ1/transcripts", &said(0)).await;
        };
        let path = format!("/calls/MZ1/transcripts?format={format}");
        let text = service.between(service.get(&path), add).await.expect(200).text();
        for number in 0..=800 {
            let times = usize::from(number > 0);
            assert_eq!(text.matches(&format!("line {number}.")).count(), times, "{format}: line {number}");
        }
        assert!(service.get(&path).await.expect(200).text().contains("line 0."));
    }
}

#[tokio::test]
async fn a_call_that_ends_while_calls_are_listed_by_duration_is_in_the_list_once() {
    let service = Holding::at("calls.read").await;
    service.fill().await;
    let request = service.get("/calls?sort=duration&total=true");
    let answer = service.between(request, service.end_and_purge()).await.expect(200).json();
    assert_eq!(answer["items"].as_array().unwrap().len(), 1, "{answer}");
    assert_eq!(answer["page"]["total"], 1, "{answer}");
}

#[tokio::test]
async fn an_ended_call_comes_with_its_recordings_though_it_is_deleted_meanwhile() {
    let service = Holding::at("call.read").await;
    service.fill().await;
    let request = service.client.post(service.binary.url("/calls/MZ1/end")).json(&json!({})).send();
    let request = async { Answer::read(request.await.unwrap()).await };
    let answer = service.between(request, service.delete_and_purge()).await.expect(200).json();
    assert_eq!(answer["recordings"][0]["duration"], 0.06, "{answer}");
}

#[tokio::test]
async fn a_recording_is_not_replaced_by_one_that_lacks_chunks_which_are_purged_meanwhile() {
    if !on_folder() {
        return;
    }
    let service = Holding::at("finalize.planned").await;
    service.fill().await;
    let id = service.get("/calls/MZ1").await.json()["id"].as_str().unwrap().to_owned();
    let folder = Binary::recordings(service.folder.path()).join(&id[id.len() - 2..]);
    let file = folder.join(format!("{id}.wav"));
    // What another node does when it takes over the call while this one hangs.
    let other_node = async {
        std::fs::create_dir_all(folder).unwrap();
        std::fs::write(&file, "whole").unwrap();
        let purge = "UPDATE call SET status = 'completed'; DELETE FROM audio_chunk";
        execute(&service.folder.path().join("data/callstore.db"), purge).await;
    };
    let request = service.client.post(service.binary.url("/calls/MZ1/end")).json(&json!({})).send();
    let request = async { Answer::read(request.await.unwrap()).await };
    let answer = service.between(request, other_node).await.expect(200).json();
    assert_eq!(answer["status"], "completed", "{answer}");
    assert_eq!(std::fs::read_to_string(file).unwrap(), "whole");
}

#[tokio::test]
async fn a_recording_that_goes_between_its_row_and_its_file_is_not_found() {
    let service = Holding::at("recording.read").await;
    service.fill().await;
    service.end_and_purge().await;
    let recordings = service.get("/calls/MZ1/recordings").await.json();
    let path = format!("/recordings/{}/audio", recordings["items"][0]["id"].as_str().unwrap());
    let answer = service.between(service.get(&path), service.delete_and_purge()).await.expect(404);
    assert_eq!(answer.json()["code"], "recording_not_found");
}

#[tokio::test]
async fn a_total_counts_the_calls_of_the_list() {
    let service = Holding::at("calls.read").await;
    service.fill().await;
    let change = async { drop(service.post("/calls", &call("MZ2")).await) };
    let answer = service.between(service.get("/calls?total=true"), change).await.expect(200).json();
    assert_eq!((&answer["page"]["total"], answer["items"].as_array().unwrap().len()), (&json!(1), 1), "{answer}");
}

//! Recordings in an object store: the same as in a folder, whatever happens to the store meanwhile.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Answer, Fate, Leftover, Objects, Server, chunk, eventually};

mod downloads;
mod moto;
mod start;
mod trouble;

/// An object store, and a service that keeps its recordings there. Fields are dropped in order, so the first stops
/// first.
struct World {
    server: Server,
    objects: Arc<Objects>,
    _root: TempDir,
}

impl World {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(arguments: &[&str]) -> Self {
        let root = TempDir::new().unwrap();
        let objects = Arc::new(Objects::start(root.path()));
        Self { server: Server::on(&objects, arguments).await, objects, _root: root }
    }

    /// The object of a recording, as stored.
    fn object(&self, recording: &Value) -> Option<Vec<u8>> {
        std::fs::read(self.server.recordings().join(recording["filePath"].as_str().unwrap())).ok()
    }
}

/// Starts a call of this many minutes, nearly all of it silence: 1.9 MB per minute.
async fn start_call(server: &Server, stream_sid: &str, minutes: u32) {
    server.start_call(stream_sid).await;
    for sequence in [0, 1] {
        let chunk = chunk("inbound", sequence, sequence * minutes * 60_000);
        server.post(&format!("/calls/{stream_sid}/chunks"), &chunk).await.expect(201);
    }
}

/// Ends a call and returns its recording.
async fn end_call(server: &Server, stream_sid: &str) -> Value {
    let request = server.request(Method::POST, &format!("/calls/{stream_sid}/end")).header("prefer", "wait=30");
    let ended = Answer::read(request.send().await.unwrap()).await.expect(200).json();
    assert_eq!(ended["status"], "completed");
    ended["recordings"][0].clone()
}

/// Ends a call without waiting for its recording.
async fn begin_end(server: &Server, stream_sid: &str) {
    let request = server.request(Method::POST, &format!("/calls/{stream_sid}/end")).header("prefer", "wait=0");
    Answer::read(request.send().await.unwrap()).await.expect(202);
}

/// Waits until a call is completed, and returns its recording.
async fn completed(server: &Server, stream_sid: &str) -> Value {
    eventually("the call is completed", || async {
        let call = server.get(&format!("/calls/{stream_sid}?include=recordings")).await.expect(200).json();
        assert_ne!(call["status"], "failed");
        (call["status"] == "completed").then(|| call["recordings"][0].clone())
    })
    .await
}

fn audio(recording: &Value) -> String {
    format!("/recordings/{}/audio", recording["id"].as_str().unwrap())
}

#[tokio::test]
async fn a_recording_is_the_same_to_the_byte_as_in_a_folder() {
    let (world, local) = (World::new().await, Server::start().await);
    for (name, minutes) in [("MZlong", 10), ("MZshort", 0)] {
        let mut bytes = Vec::new();
        for server in [&world.server, &local] {
            start_call(server, name, minutes).await;
            let recording = end_call(server, name).await;
            bytes.push(server.get(&audio(&recording)).await.expect(200).bytes);
        }
        assert!(bytes[0] == bytes[1], "{name}");
    }
    // 19 MB in parts, and a few hundred bytes in one request.
    let asked = world.objects.asked();
    let parts: Vec<_> = asked.iter().filter(|line| line.contains("partNumber=")).collect();
    assert_eq!(parts.len(), 3, "{parts:?}");
    assert_eq!(world.objects.unfinished(), 0);
}

#[tokio::test]
async fn an_object_has_the_name_that_its_recording_says() {
    let world = World::new().await;
    start_call(&world.server, "MZ1", 0).await;
    let recording = end_call(&world.server, "MZ1").await;
    let path = recording["filePath"].as_str().unwrap();
    assert_eq!(recording["fileUrl"], format!("s3://recordings/calls/{path}"));
    for path in ["/calls/MZ1/recordings", "/calls/MZ1?include=recordings"] {
        let answer = world.server.get(path).await.expect(200).json();
        let listed = answer.get("items").unwrap_or(&answer["recordings"]);
        assert_eq!(listed, &json!([recording]));
    }
    let id = recording["id"].as_str().unwrap();
    assert_eq!(world.server.get(&format!("/recordings/{id}")).await.expect(200).json(), recording);
    let served = world.server.get(&audio(&recording)).await.expect(200);
    assert!(world.object(&recording).unwrap() == served.bytes);
    assert_eq!(served.bytes.len() as u64, recording["sizeBytes"].as_u64().unwrap());
}

#[tokio::test]
async fn a_deleted_call_takes_its_object_along() {
    let world = World::new().await;
    start_call(&world.server, "MZ1", 0).await;
    let recording = end_call(&world.server, "MZ1").await;
    // The store is away at first.
    world.objects.decide(|_, _| Fate::Cut);
    world.server.delete("/calls/MZ1").await.expect(204);
    world.server.get(&audio(&recording)).await.expect_problem(404, "recording_not_found");
    let deletes = || world.objects.asked().iter().any(|line| line.starts_with("DELETE"));
    eventually("the deletion of the object is requested", || async { deletes().then_some(()) }).await;
    assert!(world.object(&recording).is_some());
    world.objects.decide(|_, _| Fate::Answered);
    eventually("the object is gone", || async { world.object(&recording).is_none().then_some(()) }).await;
    eventually("the row is gone", || async { (world.server.count("call").await == 0).then_some(()) }).await;

    // Deleting an object that is gone succeeds.
    start_call(&world.server, "MZ2", 0).await;
    let recording = end_call(&world.server, "MZ2").await;
    std::fs::remove_file(world.server.recordings().join(recording["filePath"].as_str().unwrap())).unwrap();
    world.server.delete("/calls/MZ2").await.expect(204);
    eventually("the call is gone", || async { (world.server.count("call").await == 0).then_some(()) }).await;
}

#[tokio::test]
async fn an_object_without_a_call_is_removed_at_the_start() {
    let mut world = World::new().await;
    start_call(&world.server, "MZ1", 1).await;
    let recording = end_call(&world.server, "MZ1").await["filePath"].as_str().unwrap().to_owned();
    world.server.restarts_without_orphans(&recording).await;
}

//! What is served of a recording is what was recorded, byte for byte: a file that was changed, cut, replaced or lost is
//! told from one that is whole, and no changed byte reaches a client.

mod log;
mod scrub;
mod verify;

use std::{fs, ops::Range, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Leftover, Server, chunk, on_folder, silence};

/// Bytes that share a hash.
const BLOCK: usize = 128 * 1024;

/// A service, its recording of one minute (1.9 MB), and the recording's file.
struct World {
    server: Server,
    recording: Value,
    file: PathBuf,
    bytes: Vec<u8>,
}

impl World {
    async fn new() -> Self {
        Self::of(Server::start().await).await
    }

    async fn of(server: Server) -> Self {
        server.start_call("MZ1").await;
        for sequence in [0, 1] {
            let chunk = chunk("inbound", sequence, sequence * 60_000);
            server.post("/calls/MZ1/chunks", &chunk).await.expect(201);
        }
        let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
        let recording = ended["recordings"][0].clone();
        let file = server.recordings().join(recording["filePath"].as_str().unwrap());
        let bytes = fs::read(&file).unwrap();
        assert!(bytes.len() > 14 * BLOCK);
        // Each test damages the file on purpose.
        server.leaves(Leftover::Damage);
        server.leaves(Leftover::Error("A recording is "));
        Self { server, recording, file, bytes }
    }

    fn path(&self) -> String {
        format!("/recordings/{}/audio", self.recording["id"].as_str().unwrap())
    }

    fn flip(&self, place: usize) {
        let mut bytes = self.bytes.clone();
        bytes[place] ^= 0x10;
        fs::write(&self.file, bytes).unwrap();
    }

    fn mend(&self) {
        let _ = fs::remove_file(&self.file);
        fs::write(&self.file, &self.bytes).unwrap();
    }

    /// Downloads a part until the connection ends; returns the status, and whether all of it came.
    async fn download(&self, part: &Range<usize>) -> (u16, Vec<u8>, bool) {
        let range = format!("bytes={}-{}", part.start, part.end - 1);
        let mut response = self.server.request(Method::GET, &self.path()).header("range", range).send().await.unwrap();
        let status = response.status().as_u16();
        let mut received = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(piece)) => received.extend(piece),
                Ok(None) => return (status, received, true),
                Err(_) => return (status, received, false),
            }
        }
    }

    /// Asks for the recording in every way, and expects the same problem.
    async fn refused(&self, status: u16, code: &str) {
        let link = format!("/recordings/{}/links", self.recording["id"].as_str().unwrap());
        let link = self.server.post(&link, &json!({})).await.expect(201).json();
        let link = link["url"].as_str().unwrap();
        for path in [&self.path(), &link[link.find("/recordings/").unwrap()..]] {
            self.server.get(path).await.expect_problem(status, code);
            self.server.get_with(path, "range", "bytes=0-9").await.expect_problem(status, code);
            let head = self.server.request(Method::HEAD, path).send().await.unwrap();
            assert_eq!(head.status(), status, "{path}");
        }
        // What needs no file is answered.
        let etag = format!("\"{}\"", self.recording["sha256"].as_str().unwrap());
        self.server.get_with(&self.path(), "if-none-match", &etag).await.expect(304);
        self.server.get("/calls/MZ1?include=recordings").await.expect(200);
    }

    async fn whole(&self) {
        assert!(self.server.get(&self.path()).await.expect(200).bytes == self.bytes);
    }
}

#[tokio::test]
async fn no_byte_of_a_changed_block_is_served_and_all_others_are() {
    let world = World::new().await;
    let size = world.bytes.len();
    for place in [0, 100, BLOCK - 1, BLOCK, 7 * BLOCK + 9, size - 1] {
        world.flip(place);
        let bad = place / BLOCK * BLOCK..(place / BLOCK * BLOCK + BLOCK).min(size);
        for part in [0..size, bad.start..bad.end, place..place + 1, bad.end - 1..size, bad.start..size] {
            let (status, received, is_whole) = world.download(&part).await;
            if part.start >= bad.start {
                assert_eq!(status, 500, "{place}: {part:?}");
                assert!(String::from_utf8(received).unwrap().contains("recording_damaged"));
                continue;
            }
            assert_eq!((status, is_whole), (206, false), "{place}: {part:?}");
            assert!(world.bytes[part.start..bad.start].starts_with(&received), "{place}: {part:?}");
        }
        for part in [0..bad.start, bad.end..size, 0..bad.start.min(10), size.saturating_sub(10).max(bad.end)..size] {
            if !part.is_empty() {
                assert_eq!(world.download(&part).await, (206, world.bytes[part.clone()].to_vec(), true), "{part:?}");
            }
        }
        world.mend();
        world.whole().await;
    }
}

#[tokio::test]
async fn a_file_of_another_length_is_damaged() {
    let world = World::new().await;
    let size = world.bytes.len();
    for length in [0, 10, BLOCK, size - 1] {
        fs::write(&world.file, &world.bytes[..length]).unwrap();
        world.refused(500, "recording_damaged").await;
        let (status, ..) = world.download(&(size - 10..size)).await;
        assert_eq!(status, 500, "{length}");
    }
    fs::write(&world.file, [&world.bytes[..], b"more"].concat()).unwrap();
    world.refused(500, "recording_damaged").await;
    world.mend();
    world.whole().await;
}

#[tokio::test]
async fn a_missing_file_is_told_from_a_deleted_call() {
    let world = World::new().await;
    fs::remove_file(&world.file).unwrap();
    world.refused(410, "recording_missing").await;
    world.mend();
    world.whole().await;
    world.server.delete("/calls/MZ1").await.expect(204);
    world.server.get(&world.path()).await.expect_problem(404, "recording_not_found");
}

#[tokio::test]
async fn links_and_other_special_files_are_not_followed() {
    if !on_folder() {
        return; // It is about a folder.
    }
    let world = World::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy.wav");
    fs::copy(&world.file, &copy).unwrap();
    fs::remove_file(&world.file).unwrap();
    std::os::unix::fs::symlink(&copy, &world.file).unwrap();
    world.refused(500, "recording_damaged").await;
    fs::remove_file(&world.file).unwrap();
    fs::create_dir(&world.file).unwrap();
    world.refused(500, "recording_damaged").await;
    fs::remove_dir(&world.file).unwrap();

    // Deleting the call removes the link and leaves what it leads to.
    std::os::unix::fs::symlink(&copy, &world.file).unwrap();
    world.server.delete("/calls/MZ1").await.expect(204);
    crate::support::eventually("the link is removed", async || fs::symlink_metadata(&world.file).err()).await;
    assert!(fs::read(&copy).unwrap() == world.bytes);
}

#[tokio::test]
async fn a_folder_that_is_a_link_is_neither_read_nor_written() {
    if !on_folder() {
        return; // It is about a folder.
    }
    let world = World::new().await;
    let elsewhere = tempfile::tempdir().unwrap();
    let folder = world.file.parent().unwrap();
    let moved = elsewhere.path().join("moved");
    fs::rename(folder, &moved).unwrap();
    std::os::unix::fs::symlink(&moved, folder).unwrap();
    world.refused(500, "recording_damaged").await;
    fs::remove_file(folder).unwrap();
    fs::rename(&moved, folder).unwrap();
    world.whole().await;

    // The folder of a call that is still to be recorded.
    let call = world.server.start_call("MZ2").await;
    let folder = world.server.recordings().join(&call[34..]);
    if !folder.exists() {
        world.server.leaves(Leftover::Error("A recording failed"));
        std::os::unix::fs::symlink(elsewhere.path(), &folder).unwrap();
        world.server.post("/calls/MZ2/chunks", &chunk("inbound", 0, 0)).await.expect(201);
        let ended = world.server.post("/calls/MZ2/end", &json!({})).await.expect(200).json();
        assert_eq!(ended["failure"]["code"], "store_failed", "{ended}");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 0);
        fs::remove_file(&folder).unwrap();
        let ended = world.server.post("/calls/MZ2/end", &json!({})).await.expect(200).json();
        assert_eq!(ended["status"], "completed", "{ended}");
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_is_no_missing_recording() {
    if !on_folder() {
        return; // It is about a folder.
    }
    let world = World::new().await;
    world.server.leaves(Leftover::Error("the folder of recordings is gone"));
    let (folder, moved) = (world.server.recordings(), world.server.folder().join("unmounted"));
    fs::rename(&folder, &moved).unwrap();
    world.server.get(&world.path()).await.expect_problem(503, "storage_unavailable");
    fs::rename(&moved, &folder).unwrap();
    world.whole().await;
}

#[tokio::test]
async fn a_recording_without_hashes_of_its_blocks_is_checked_as_a_whole() {
    let world = World::new().await;
    let size = world.bytes.len();
    world.server.execute("DELETE FROM recording_check").await;
    world.whole().await;
    assert_eq!(world.download(&(100..200)).await, (206, world.bytes[100..200].to_vec(), true));
    world.flip(100);
    let (status, received, is_whole) = world.download(&(0..size)).await;
    assert_eq!((status, is_whole), (206, false));
    // Bytes on their way when the connection is cut may be lost.
    assert!(received.len() <= size / BLOCK * BLOCK, "the last block was sent: {}", received.len());
    world.mend();
    fs::remove_file(&world.file).unwrap();
    world.refused(410, "recording_missing").await;
}

#[tokio::test]
async fn recordings_that_end_with_a_block_or_beside_one_are_served() {
    let server = Server::start().await;
    server.leaves(Leftover::Error("A recording is damaged"));
    // A byte of mu-law becomes four of the file, behind a header of 44.
    for (number, samples) in [32_756, 32_757, 32_758, 65_524, 65_525, 65_526].into_iter().enumerate() {
        let call = format!("MZ{number}");
        server.start_call(&call).await;
        let chunk = json!({ "audio": silence(samples), "timestamp": 0 });
        server.post(&format!("/calls/{call}/chunks"), &chunk).await.expect(201);
        let ended = server.post(&format!("/calls/{call}/end"), &json!({})).await.expect(200).json();
        let recording = &ended["recordings"][0];
        let path = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
        let file = server.recordings().join(recording["filePath"].as_str().unwrap());
        let bytes = fs::read(&file).unwrap();
        assert_eq!(bytes.len(), 44 + 4 * samples);
        assert!(server.get(&path).await.expect(200).bytes == bytes);
        for (from, to) in [(BLOCK - 1, BLOCK - 1), (BLOCK - 5, BLOCK - 1), (BLOCK - 5, BLOCK), (5, bytes.len() - 1)] {
            let range = format!("bytes={from}-{to}");
            let request = server.request(Method::GET, &path).header("range", &range);
            let answer = Answer::read(request.send().await.unwrap()).await;
            if from < bytes.len() {
                let to = to.min(bytes.len() - 1);
                assert!(answer.expect(206).bytes == bytes[from..=to], "{samples}: {range}");
            } else {
                answer.expect(416);
            }
        }
        let mut damaged = bytes.clone();
        *damaged.last_mut().unwrap() ^= 1;
        fs::write(&file, damaged).unwrap();
        server.get_with(&path, "range", "bytes=-1").await.expect_problem(500, "recording_damaged");
    }
}

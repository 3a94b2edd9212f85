//! Calls that still run: what is stored so far, and what goes on until the call ends.

use std::time::Duration;

use reqwest::{Method, Response};
use serde_json::json;

use super::{chunk, path, recorded, samples};
use crate::{
    nodes::nodes,
    support::{Answer, Server},
};

/// How long a test waits for bytes that have to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Adds 20 ms to one track or both, `number` times from a sequence number on.
async fn talk(server: &Server, tracks: &[&str], from: u32, number: u32) {
    let chunks: Vec<_> = (from..from + number)
        .flat_map(|sequence| tracks.iter().map(move |track| chunk(track, sequence, sequence * 20, 160)))
        .collect();
    for chunks in chunks.chunks(500) {
        server.post("/calls/MZ1/chunks/batch", &json!({ "chunks": chunks })).await.expect(201);
    }
}

async fn end(server: &Server) -> serde_json::Value {
    server.post("/calls/MZ1/end", &json!({})).await.expect(200).json()["recordings"][0].clone()
}

/// A stream of audio that a test follows.
struct Following {
    response: Response,
    /// The samples so far, after the header, and a byte of one that came in part.
    bytes: Vec<u8>,
    ended: bool,
}

impl Following {
    async fn open(server: &Server, query: &str) -> Self {
        let response = server.request(Method::GET, &format!("/calls/MZ1/audio?follow=true{query}"));
        let response = response.send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["content-type"]),
            (200, &"audio/wav".parse().unwrap())
        );
        assert_eq!(response.headers()["cache-control"], "no-store");
        let mut this = Self { response, bytes: Vec::new(), ended: false };
        this.until(44).await;
        let header: Vec<_> = this.bytes.drain(..44).collect();
        assert_eq!((&header[..4], &header[4..8], &header[40..]), (&b"RIFF"[..], &[0xFF; 4][..], &[0xFF; 4][..]));
        assert_eq!((header[22], &header[24..28]), (2, &16_000_u32.to_le_bytes()[..]));
        this
    }

    /// Reads until there are so many bytes, or the stream ends.
    async fn until(&mut self, bytes: usize) {
        while self.bytes.len() < bytes && !self.ended {
            match tokio::time::timeout(PATIENCE, self.response.chunk()).await.expect("nothing came").unwrap() {
                Some(piece) => self.bytes.extend(piece),
                None => self.ended = true,
            }
        }
    }

    fn samples(&self) -> Vec<i16> {
        self.bytes.as_chunks::<2>().0.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect()
    }
}

#[tokio::test]
async fn what_is_stored_of_a_live_call_is_the_beginning_of_its_recording() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let empty = server.get("/calls/MZ1/audio").await.expect(200);
    assert_eq!((samples(&empty.bytes), empty.bytes.len()), ((Vec::new(), 1), 44));
    let mut heard: Vec<Vec<i16>> = Vec::new();
    for step in 0..4 {
        talk(&server, &["inbound", "outbound"], step * 70, 70).await;
        let answer = server.get("/calls/MZ1/audio").await.expect(200);
        assert_eq!((answer.header("cache-control"), answer.header("etag")), ("no-store", ""));
        let (samples, channels) = samples(&answer.bytes);
        // 1.4 s in each step, without the last 20 ms.
        assert_eq!((samples.len(), channels), (2 * (usize::try_from(step + 1).unwrap() * 22_400 - 320), 2));
        heard.push(samples);
        let size = answer.bytes.len();
        for (from, to) in [(0, 0), (3, 99), (44, 44), (4_567, 80_001), (size - 7, size - 1)] {
            let part = server.get_with("/calls/MZ1/audio", "range", &format!("bytes={from}-{to}")).await.expect(206);
            assert!(part.bytes == answer.bytes[from..=to], "{from}-{to}");
            assert_eq!(part.header("content-range"), format!("bytes {from}-{to}/{size}"));
        }
        let beyond = server.get_with("/calls/MZ1/audio", "range", &format!("bytes={size}-")).await;
        beyond.expect_problem(416, "range_not_satisfiable");
        let head = server.request(Method::HEAD, "/calls/MZ1/audio").send().await.unwrap();
        assert_eq!(Answer::read(head).await.expect(200).header("content-length"), size.to_string());
    }
    let recording = end(&server).await;
    let whole = server.get(&path(&recording, "audio")).await.expect(200);
    let (recorded, _) = samples(&whole.bytes);
    for heard in heard {
        assert!(recorded.starts_with(&heard));
    }
    let ended = server.get("/calls/MZ1/audio").await.expect(200);
    assert!(ended.bytes == whole.bytes);
    assert_eq!(ended.header("etag"), whole.header("etag"));
    server.get_with("/calls/MZ1/audio", "if-none-match", whole.header("etag")).await.expect(304);
    let part = server.get_with("/calls/MZ1/audio", "range", "bytes=100-200").await.expect(206);
    assert!(part.bytes == whole.bytes[100..=200]);
}

#[tokio::test]
async fn a_live_call_has_the_peaks_of_what_is_stored() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    assert_eq!(server.get("/calls/MZ1/peaks").await.expect(200).json()["length"], 0);
    for (step, tracks) in [(0, &["outbound"][..]), (1, &["inbound", "outbound"])] {
        talk(&server, tracks, step * 33, 33).await;
        let (samples, channels) = samples(&server.get("/calls/MZ1/audio").await.expect(200).bytes);
        assert_eq!(channels, tracks.len());
        for (pixels, per_pixel) in [(20, 800), (30, 533)] {
            let answer = server.get(&format!("/calls/MZ1/peaks?pixelsPerSecond={pixels}&bits=16")).await.expect(200);
            assert_eq!((answer.header("cache-control"), answer.header("etag")), ("no-store", ""));
            let wanted = super::peaks::peaks(&samples, channels, per_pixel, 16);
            assert_eq!(answer.json()["data"], json!(wanted));
        }
    }
}

#[tokio::test]
async fn who_follows_a_call_hears_all_of_it_until_it_ends() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    talk(&server, &["inbound", "outbound"], 0, 150).await;
    let (mut whole, mut late) = (Following::open(&server, "&from=0").await, Following::open(&server, "").await);
    let mut middle = Following::open(&server, "&from=1.00001").await;
    // 3 s of 4 bytes a frame; what a resampler holds back comes later.
    whole.until(3 * 64_000 - 4 * 320).await;
    for step in 0..3 {
        talk(&server, &["inbound", "outbound"], 150 + step * 50, 50).await;
        whole.until((4 + usize::try_from(step).unwrap()) * 64_000 - 4 * 320).await;
    }
    late.until(2 * 64_000).await;
    assert!(!whole.ended && !late.ended);
    let recording = end(&server).await;
    let (recorded, _) = samples(&server.get(&path(&recording, "audio")).await.expect(200).bytes);
    for (following, first) in [(&mut whole, 0), (&mut late, 48_000 - 320), (&mut middle, 16_000)] {
        following.until(usize::MAX).await;
        assert!(following.samples() == recorded[2 * first..], "from {first}");
    }
    let mut after = Following::open(&server, "&from=2").await;
    after.until(usize::MAX).await;
    assert!(after.samples() == recorded[64_000..]);
    let mut nothing = Following::open(&server, "").await;
    nothing.until(usize::MAX).await;
    assert!(nothing.bytes.is_empty());
}

#[tokio::test]
async fn a_party_that_is_not_there_is_silent_for_who_follows() {
    let server = Server::start().await;
    for party in 0..2 {
        server.start_call("MZ1").await;
        let mut following = Following::open(&server, "&from=0").await;
        talk(&server, &[["inbound", "outbound"][party]], 0, 100).await;
        // The other party is waited for.
        following.until(3 * 32_000 - 4 * 320).await;
        let recording = end(&server).await;
        following.until(usize::MAX).await;
        let (recorded, channels) = samples(&server.get(&path(&recording, "audio")).await.expect(200).bytes);
        assert_eq!(channels, 1);
        let heard = following.samples();
        let side = |side: usize| heard.iter().skip(side).step_by(2).copied().collect::<Vec<_>>();
        assert!(side(party) == recorded && side(1 - party) == vec![0; recorded.len()]);
        server.delete("/calls/MZ1").await.expect(204);
    }
}

#[tokio::test]
async fn who_follows_a_call_is_cut_when_it_is_deleted_and_ends_when_it_has_no_audio() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let mut following = Following::open(&server, "").await;
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    following.until(usize::MAX).await;
    assert!(following.ended && following.bytes.is_empty());
    server.get("/calls/MZ1/audio").await.expect_problem(404, "recording_not_found");
    server.delete("/calls/MZ1").await.expect(204);

    server.start_call("MZ1").await;
    talk(&server, &["inbound"], 0, 100).await;
    let mut following = Following::open(&server, "").await;
    server.delete("/calls/MZ1").await.expect(204);
    let cut = async {
        while following.response.chunk().await?.is_some() {}
        Ok::<_, reqwest::Error>(())
    };
    assert!(tokio::time::timeout(PATIENCE, cut).await.expect("it goes on").is_err());
    server.get("/calls/MZ1/audio?follow=true").await.expect_problem(404, "call_not_found");
    server.get("/calls/unknown/audio").await.expect_problem(404, "call_not_found");
}

#[tokio::test]
async fn parameters_of_following_are_checked() {
    let server = Server::start().await;
    recorded(&server, "MZ1", &[("inbound", 0, 8_000)]).await;
    for query in ["from=1", "follow=false&from=1", "follow=yes", "follow=true&from=-1", "start=1"] {
        server.get(&format!("/calls/MZ1/audio?{query}")).await.expect_problem(422, "validation_failed");
    }
}

#[tokio::test]
async fn another_node_plays_a_live_call() {
    let Some((_shared, server, other)) = nodes().await else { return };
    server.start_call("MZ1").await;
    talk(&server, &["inbound", "outbound"], 0, 100).await;
    let heard = server.get("/calls/MZ1/audio").await.expect(200);
    assert!(other.get("/calls/MZ1/audio").await.expect(200).bytes == heard.bytes);
    let mut following = Following::open(&other, "&from=0").await;
    talk(&server, &["inbound", "outbound"], 100, 100).await;
    following.until(4 * 64_000 - 4 * 320).await;
    let recording = end(&server).await;
    following.until(usize::MAX).await;
    let (recorded, _) = samples(&server.get(&path(&recording, "audio")).await.expect(200).bytes);
    assert!(following.samples() == recorded);
}

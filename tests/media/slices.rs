//! Parts of recordings and single channels: complete WAV files, exact to the sample, of what was recorded.

use std::fs;

use reqwest::Method;
use serde_json::{Value, json};

use super::{STEREO, path, recorded, samples};
use crate::support::{Answer, Leftover, Server, chunk};

/// The samples of a recording that a channel has.
fn channel(samples: &[i16], channels: usize, channel: &str) -> Vec<i16> {
    let mix = |frame: &[i16]| i16::try_from((i32::from(frame[0]) + i32::from(frame[1])) / 2).unwrap();
    match channel {
        "" => samples.to_vec(),
        "inbound" => samples.iter().step_by(channels).copied().collect(),
        "outbound" => samples.iter().skip(1).step_by(channels).copied().collect(),
        _ => samples.chunks(channels).map(mix).collect(),
    }
}

#[tokio::test]
async fn a_slice_has_exactly_the_samples_of_its_time_and_channel() {
    let server = Server::start().await;
    let recording = recorded(&server, "MZ1", &STEREO).await;
    let path = path(&recording, "audio");
    let whole = server.get(&path).await.expect(200);
    let (all, channels) = samples(&whole.bytes);
    let frames = all.len() / channels;
    for (query, first, end) in [
        ("start=0", 0, frames),
        ("start=0.5", 8_000, frames),
        ("end=0.0000625", 0, 1),
        ("start=0.00003125&end=0.0001", 1, 2),
        ("start=1.00003124&end=1.2345678", 16_000, 19_753),
        ("start=2&end=99999", 32_000, frames),
        ("start=0.0000625&end=2.3", 1, 36_800),
    ] {
        for who in ["", "inbound", "outbound", "mix"] {
            let channel_query = if who.is_empty() { String::new() } else { format!("&channel={who}") };
            let answer = server.get(&format!("{path}?{query}{channel_query}")).await.expect(200);
            let (found, count) = samples(&answer.bytes);
            assert_eq!(count, if who.is_empty() { 2 } else { 1 });
            assert!(found == channel(&all[first * channels..end * channels], channels, who), "{query} {who}");
            assert_eq!(answer.header("content-length"), answer.bytes.len().to_string());
            assert_ne!(answer.header("etag"), whole.header("etag"));
        }
    }
}

#[tokio::test]
async fn a_slice_has_ranges_and_tags_of_its_own() {
    let server = Server::start().await;
    let path = path(&recorded(&server, "MZ1", &STEREO).await, "audio");
    for query in ["start=0.3&end=1.1", "channel=mix", "start=0.3&end=1.1&channel=outbound"] {
        let path = format!("{path}?{query}");
        let whole = server.get(&path).await.expect(200);
        let size = whole.bytes.len();
        for (from, to) in
            [(0, 0), (0, 43), (10, 60), (44, 44), (45, 45), (47, 4_002), (1_001, size - 1), (size - 1, size - 1)]
        {
            let part = server.get_with(&path, "range", &format!("bytes={from}-{to}")).await.expect(206);
            assert!(part.bytes == whole.bytes[from..=to], "{query} {from}-{to}");
            assert_eq!(part.header("content-range"), format!("bytes {from}-{to}/{size}"));
            assert_eq!(part.header("etag"), whole.header("etag"));
        }
        server.get_with(&path, "range", &format!("bytes={size}-")).await.expect_problem(416, "range_not_satisfiable");
        server.get_with(&path, "if-none-match", whole.header("etag")).await.expect(304);
        let head = Answer::read(server.request(Method::HEAD, &path).send().await.unwrap()).await.expect(200);
        assert_eq!((head.header("content-length"), head.header("etag")), (&*size.to_string(), whole.header("etag")));
    }
}

#[tokio::test]
async fn a_party_without_audio_is_silent_and_the_other_is_as_recorded() {
    let server = Server::start().await;
    for (call, chunks, own, other) in
        [("MZ1", &STEREO[..2], "inbound", "outbound"), ("MZ2", &STEREO[2..], "outbound", "inbound")]
    {
        let path = path(&recorded(&server, call, chunks).await, "audio");
        let (all, channels) = samples(&server.get(&path).await.expect(200).bytes);
        assert_eq!(channels, 1);
        for (who, silent) in [(own, false), ("mix", false), (other, true)] {
            let (found, channels) = samples(&server.get(&format!("{path}?channel={who}")).await.expect(200).bytes);
            let wanted = if silent { vec![0; all.len()] } else { all.clone() };
            assert!(found == wanted && channels == 1, "{call} {who}");
        }
    }
}

#[tokio::test]
async fn a_link_plays_any_slice() {
    let server = Server::keyed().await;
    let recording = recorded(&server, "MZ1", &STEREO).await;
    let link = server.post(&path(&recording, "links"), &json!({})).await.expect(201).json();
    let link = link["url"].as_str().unwrap();
    let link = format!("{}&start=0.5&end=0.75&channel=mix", &link[link.find("/recordings/").unwrap()..]);
    let answer = reqwest::get(server.url(&link)).await.unwrap();
    let answer = Answer::read(answer).await.expect(200);
    assert_eq!(samples(&answer.bytes).0.len(), 4_000);
    assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin");
}

#[tokio::test]
async fn times_that_have_no_sample_are_refused() {
    let server = Server::start().await;
    let path = path(&recorded(&server, "MZ1", &STEREO).await, "audio");
    for (query, pointer) in [
        ("start=2.345", "/start"),
        ("start=1&end=1", "/end"),
        ("start=1&end=0.5", "/end"),
        ("start=0.50001&end=0.50002", "/start"),
        ("end=0", "/start"),
        ("start=-1", "/start"),
        ("start=NaN", "/start"),
        ("end=soon", "/end"),
        ("channel=left", "/channel"),
    ] {
        let answer = server.get(&format!("{path}?{query}")).await.expect_problem(422, "validation_failed");
        assert_eq!(answer.pointers(), [pointer], "{query}");
    }
}

#[tokio::test]
async fn no_slice_has_a_byte_of_a_damaged_block() {
    let server = Server::start().await;
    server.leaves(Leftover::Damage);
    server.leaves(Leftover::Error("A recording is "));
    server.start_call("MZ1").await;
    for sequence in [0, 1] {
        server.post("/calls/MZ1/chunks", &chunk("inbound", sequence, sequence * 60_000)).await.expect(201);
    }
    let ended: Value = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let recording = &ended["recordings"][0];
    let path = path(recording, "audio");
    let file = server.recordings().join(recording["filePath"].as_str().unwrap());
    let mut bytes = fs::read(&file).unwrap();
    // In the third block, which begins 8.2 seconds after the start.
    bytes[2 * 128 * 1024 + 5] ^= 1;
    fs::write(&file, &bytes).unwrap();
    for query in ["start=1&end=8", "start=13&end=20&channel=mix", "start=40&channel=inbound"] {
        server.get(&format!("{path}?{query}")).await.expect(200);
    }
    for query in ["start=9&end=10", "start=8.5&channel=mix", "start=12&end=12.2&channel=inbound"] {
        server.get(&format!("{path}?{query}")).await.expect_problem(500, "recording_damaged");
    }
    fs::remove_file(&file).unwrap();
    for range in ["bytes=0-43", "bytes=0-99"] {
        let path = format!("{path}?start=1&end=2");
        server.get_with(&path, "range", range).await.expect_problem(410, "recording_missing");
    }
}

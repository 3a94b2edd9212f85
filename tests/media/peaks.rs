//! Peaks: those of the recording's samples, in every resolution and both formats, kept beside it and gone with it.

use std::{fs, path::PathBuf};

use reqwest::Method;
use serde_json::{Value, json};

use super::{STEREO, path, recorded, samples};
use crate::support::{Answer, Leftover, Server, eventually};

/// The peaks of samples: for each pixel and channel, the lowest and the highest.
pub(super) fn peaks(samples: &[i16], channels: usize, per_pixel: usize, bits: u32) -> Vec<i64> {
    let value = |sample: i16| i64::from(if bits == 8 { sample / 256 } else { sample });
    let pixel = |pixel: &[i16]| -> Vec<i64> {
        let side = |side: usize| pixel.iter().skip(side).step_by(channels).copied();
        (0..channels).flat_map(|number| [side(number).min().unwrap(), side(number).max().unwrap()]).map(value).collect()
    };
    samples.chunks(per_pixel * channels).flat_map(pixel).collect()
}

/// Reads a `.dat` file: its header and its values.
fn dat(bytes: &[u8]) -> ([u32; 6], Vec<i64>) {
    let (header, values) = bytes.split_at(24);
    let fields: Vec<_> = header.as_chunks::<4>().0.iter().map(|field| u32::from_le_bytes(*field)).collect();
    let values = match fields[1] {
        1 => values.iter().map(|value| i64::from(i8::from_le_bytes([*value]))).collect(),
        _ => values.as_chunks::<2>().0.iter().map(|value| i64::from(i16::from_le_bytes(*value))).collect(),
    };
    (fields.try_into().unwrap(), values)
}

/// The file of a recording's peaks.
fn kept(server: &Server, recording: &Value) -> PathBuf {
    server.recordings().join(recording["filePath"].as_str().unwrap()).with_extension("peaks")
}

async fn get_dat(server: &Server, path: &str) -> Vec<u8> {
    server.get_with(path, "accept", "application/octet-stream").await.expect(200).bytes.to_vec()
}

#[tokio::test]
async fn peaks_are_those_of_the_recording_in_every_resolution() {
    let server = Server::start().await;
    for (call, chunks) in [("MZ1", &STEREO[..]), ("MZ2", &STEREO[..2]), ("MZ3", &STEREO[2..])] {
        let recording = recorded(&server, call, chunks).await;
        let (samples, channels) = samples(&server.get(&path(&recording, "audio")).await.expect(200).bytes);
        let frames = samples.len() / channels;
        assert!(samples.iter().any(|sample| *sample > 20_000));
        for (pixels_per_second, per_pixel) in
            [(1, 16_000), (7, 2285), (20, 800), (25, 640), (30, 533), (64, 250), (100, 160), (199, 80), (200, 80)]
        {
            for bits in [8, 16] {
                let query = format!("?pixelsPerSecond={pixels_per_second}&bits={bits}");
                let wanted = peaks(&samples, channels, per_pixel, bits);
                let length = frames.div_ceil(per_pixel);
                for path in [format!("/calls/{call}/peaks{query}"), path(&recording, &format!("peaks{query}"))] {
                    let answer = server.get(&path).await.expect(200);
                    assert_eq!(answer.header("content-type"), "application/json");
                    let whole = json!({
                        "version": 2, "channels": channels, "sample_rate": 16_000, "samples_per_pixel": per_pixel,
                        "bits": bits, "length": length, "data": wanted,
                    });
                    assert_eq!(answer.json(), whole, "{path}");
                    let (header, values) = dat(&get_dat(&server, &path).await);
                    let fields = [2, usize::from(bits == 8), 16_000, per_pixel, length, channels];
                    assert_eq!((header, values), (fields.map(|field| field.try_into().unwrap()), wanted.clone()));
                }
            }
        }
        let unsaid = server.get(&format!("/calls/{call}/peaks")).await.expect(200).json();
        assert_eq!(unsaid["data"], json!(peaks(&samples, channels, 800, 8)));
    }
}

#[tokio::test]
async fn peaks_that_are_missing_damaged_or_of_another_recording_are_made_again() {
    let server = Server::start().await;
    let recording = recorded(&server, "MZ1", &STEREO).await;
    let other =
        recorded(&server, "MZ2", &[("inbound", 0, 8_003), ("inbound", 1_500, 6_760), ("outbound", 700, 3_384)]).await;
    let (file, path) = (kept(&server, &recording), path(&recording, "peaks"));
    let (before, served) = (fs::read(&file).unwrap(), get_dat(&server, &path).await);
    let mut flipped = before.clone();
    flipped[100] ^= 1;
    let (short, foreign) = (before[..before.len() - 1].to_vec(), fs::read(kept(&server, &other)).unwrap());
    assert_eq!(foreign.len(), before.len());
    for broken in [None, Some(flipped), Some(short), Some(foreign), Some(Vec::new())] {
        fs::remove_file(&file).unwrap();
        if let Some(broken) = broken {
            fs::write(&file, broken).unwrap();
        }
        assert_eq!(get_dat(&server, &path).await, served);
        assert!(fs::read(&file).unwrap() == before);
    }
}

#[tokio::test]
async fn a_damaged_recording_has_no_peaks_but_those_kept_before() {
    let server = Server::start().await;
    server.leaves(Leftover::Damage);
    server.leaves(Leftover::Error("A recording is damaged"));
    let recording = recorded(&server, "MZ1", &STEREO).await;
    let file = server.recordings().join(recording["filePath"].as_str().unwrap());
    let mut bytes = fs::read(&file).unwrap();
    bytes[1_000] ^= 1;
    fs::write(&file, bytes).unwrap();
    server.get("/calls/MZ1/peaks").await.expect(200);
    server.get("/calls/MZ1/peaks?pixelsPerSecond=30").await.expect_problem(500, "recording_damaged");
    fs::remove_file(kept(&server, &recording)).unwrap();
    server.get("/calls/MZ1/peaks").await.expect_problem(500, "recording_damaged");
    assert!(!kept(&server, &recording).exists());
}

#[tokio::test]
async fn peaks_go_with_their_call() {
    let server = Server::start().await;
    let recording = recorded(&server, "MZ1", &STEREO).await;
    let (file, path) = (kept(&server, &recording), path(&recording, "peaks"));
    assert!(file.exists());
    server.delete("/calls/MZ1").await.expect(204);
    server.get(&path).await.expect_problem(404, "recording_not_found");
    server.get("/calls/MZ1/peaks").await.expect_problem(404, "call_not_found");
    eventually("the peaks are gone", || async { (!file.exists()).then_some(()) }).await;
}

#[tokio::test]
async fn peaks_are_tagged_and_refused_as_other_things_are() {
    let server = Server::start().await;
    let path = path(&recorded(&server, "MZ1", &STEREO).await, "peaks");
    let first = server.get(&path).await.expect(200);
    let etag = first.header("etag").to_owned();
    assert!(server.get_with(&path, "if-none-match", &etag).await.expect(304).bytes.is_empty());
    for other in ["?bits=16", "?pixelsPerSecond=21"] {
        let answer = server.get_with(&format!("{path}{other}"), "if-none-match", &etag).await.expect(200);
        assert_ne!(answer.header("etag"), etag);
    }
    let head = server.request(Method::HEAD, &path).header("accept", "application/octet-stream").send().await.unwrap();
    let head = Answer::read(head).await.expect(200);
    assert_eq!((head.header("content-length"), head.bytes.len()), ("212", 0));
    server.get_with(&path, "accept", "image/png").await.expect_problem(406, "not_acceptable");
    for query in ["pixelsPerSecond=0", "pixelsPerSecond=201", "pixelsPerSecond=1.5", "bits=12", "bits=", "zoom=3"] {
        server.get(&format!("{path}?{query}")).await.expect_problem(422, "validation_failed");
    }
}

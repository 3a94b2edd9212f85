//! Ten minutes of two voices over a bad line. The network stalls for one second in five and then bursts; chunks are
//! reordered, duplicated and lost. Received audio is in its place to the sample; lost audio is silence and is listed.

use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, wav};

use crate::support::Server;

/// Chunks of 20 ms on each track.
const CHUNKS: u32 = 30_000;
const TRACKS: [&str; 2] = ["inbound", "outbound"];

/// 20 ms of mu-law, different at each position of the call.
fn audio(track: u32, number: u32) -> Vec<u8> {
    let seed = (number * 2 + track).wrapping_mul(2_654_435_761);
    (0..160_u32).map(|index| (seed.wrapping_add(index.wrapping_mul(seed | 1)) >> 11) as u8).collect()
}

fn chunk(track: u32, number: u32) -> Value {
    let audio = encode_base64(&audio(track, number));
    json!({ "audio": audio, "track": TRACKS[track as usize], "sequence": number, "timestamp": number * 20 })
}

/// A pseudo-random number below `below`, the same for the same position and purpose.
fn draw(purpose: u32, track: u32, number: u32, below: u32) -> u32 {
    let mut state = (purpose * 2 + track).wrapping_mul(0x9E37_79B9) ^ number.wrapping_mul(0x85EB_CA6B);
    state = (state ^ (state >> 15)).wrapping_mul(0x2C1B_3C6D);
    state = (state ^ (state >> 12)).wrapping_mul(0x297A_2D39);
    (state ^ (state >> 15)) % below
}

fn is_lost(track: u32, number: u32) -> bool {
    number < CHUNKS - 1 && draw(0, track, number, 100) < 1
}

/// What arrives, and when: milliseconds, track, number.
fn arrivals() -> Vec<(u32, u32, u32)> {
    let mut arrivals = Vec::new();
    for track in 0..2 {
        for number in (0..CHUNKS).filter(|&number| !is_lost(track, number)) {
            let late = if draw(1, track, number, 100) < 5 { 20 + draw(2, track, number, 180) } else { 0 };
            let sent = number * 20 + late;
            // The last second of every five stalls, and its chunks arrive at once afterwards.
            let arrival = if sent % 5000 >= 4000 { sent.next_multiple_of(5000) } else { sent };
            arrivals.push((arrival, track, number));
            if draw(3, track, number, 100) < 2 {
                arrivals.push((arrival + draw(4, track, number, 500), track, number));
            }
        }
    }
    arrivals.sort_unstable();
    arrivals
}

/// The ranges that no chunk covers, in seconds.
fn gaps(track: u32) -> Vec<(f64, f64)> {
    let mut gaps: Vec<(u32, u32)> = Vec::new();
    for number in (0..CHUNKS).filter(|&number| is_lost(track, number)) {
        match gaps.last_mut() {
            Some((_, end)) if *end == number => *end += 1,
            _ => gaps.push((number, number + 1)),
        }
    }
    gaps.into_iter().map(|(from, to)| (f64::from(from) / 50.0, f64::from(to) / 50.0)).collect()
}

#[tokio::test]
async fn a_call_over_a_bad_line_is_recorded_to_the_sample() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let arrivals = arrivals();
    let chunks =
        2 * CHUNKS - (0..2).map(|track| (0..CHUNKS).filter(|&n| is_lost(track, n)).count()).sum::<usize>() as u32;
    let duplicates = arrivals.len() as u32 - chunks;
    // The line is as bad as claimed.
    assert!((500..700).contains(&(2 * CHUNKS - chunks)) && (1000..1400).contains(&duplicates));

    let mut now = 0;
    for batch in arrivals.chunks(100) {
        let (arrival, ..) = batch[batch.len() - 1];
        server.clock.advance_ms(i64::from(arrival - now));
        now = arrival;
        let chunks: Vec<_> = batch.iter().map(|&(_, track, number)| chunk(track, number)).collect();
        let answer = server.post("/calls/MZ1/chunks/batch", &json!({ "chunks": chunks })).await;
        assert!([200, 201].contains(&answer.status), "{}", answer.text());
    }
    let request = server.request(reqwest::Method::POST, "/calls/MZ1/end").header("prefer", "wait=30");
    let ended: Value = request.send().await.unwrap().json().await.unwrap();
    let recording = &ended["recordings"][0];
    assert_eq!((&ended["status"], &recording["duration"]), (&json!("completed"), &json!(600.0)), "{ended}");
    assert_eq!((&recording["overlapSeconds"], &recording["duplicates"]), (&json!(0.0), &json!(duplicates)));

    let id = recording["id"].as_str().unwrap();
    let file = server.get(&format!("/recordings/{id}/audio")).await.expect(200).bytes;
    let wav = wav::read(&file).unwrap();
    assert_eq!((wav.channels, wav.samples.len()), (2, 2 * 600 * 16_000));
    for track in 0..2 {
        // Every second sample of a channel is an original one, or silence.
        let heard: Vec<i16> = wav.samples[track as usize..].iter().step_by(4).copied().collect();
        let sent = |number| match is_lost(track, number) {
            true => vec![0; 160],
            false => mulaw_to_pcm16(&audio(track, number)),
        };
        assert!(heard == (0..CHUNKS).flat_map(sent).collect::<Vec<_>>(), "track {track} is not what was sent");
        let all = recording["gaps"].as_array().unwrap().iter().filter(|gap| gap["track"] == TRACKS[track as usize]);
        let listed: Vec<_> = all.map(|gap| (gap["start"].as_f64().unwrap(), gap["end"].as_f64().unwrap())).collect();
        assert_eq!(listed, gaps(track), "track {track}");
    }
}

//! Recorded Twilio sessions, laid out exactly to the sample.

use std::collections::BTreeMap;
use std::convert::Infallible;

use audio::{Chunk, Encoding, Timeline, TrackReader, decode_base64, mulaw_to_pcm16};
use serde_json::Value;
use sha2::{Digest, Sha256};

pub(crate) type Track = BTreeMap<(u32, u32), Vec<u8>>;

/// A session's tracks by name; the session is a path below tests/fixtures. Their chunks are keyed by (timestamp,
/// sequence), so repeated ones appear once.
pub(crate) fn tracks(session: &str) -> BTreeMap<String, Track> {
    let mut tracks: BTreeMap<String, Track> = BTreeMap::new();
    for line in read(&format!("{session}.jsonl")).lines() {
        let message: Value = serde_json::from_str(line).unwrap();
        let media = &message["media"];
        if message["event"] != "media" {
            continue;
        }
        let number = |name: &str| media[name].as_str().unwrap().parse().unwrap();
        let track = tracks.entry(media["track"].as_str().unwrap().to_owned()).or_default();
        let payload = decode_base64(media["payload"].as_str().unwrap()).unwrap();
        track.insert((number("timestamp"), number("chunk")), payload);
    }
    tracks
}

pub(crate) fn read(name: &str) -> String {
    let path = format!("{}/../tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn chunks(track: &Track) -> impl Iterator<Item = Result<Chunk, Infallible>> {
    track.iter().map(|(&(timestamp, _), bytes)| Ok(Chunk { timestamp_ms: Some(timestamp), bytes: bytes.clone() }))
}

pub(crate) fn read_all(track: &Track, to_hz: u32, total: u64) -> (Vec<i16>, Timeline) {
    let mut reader = TrackReader::new(chunks(track), Encoding::Mulaw, 8000, to_hz, total);
    let mut samples = Vec::new();
    let mut buffer = [0; 1000];
    loop {
        let count = reader.read(&mut buffer).unwrap();
        if count == 0 {
            return (samples, reader.timeline().clone());
        }
        samples.extend_from_slice(&buffer[..count]);
    }
}

fn digest(samples: &[i16]) -> String {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_laid_out_as_expected(session: &str) {
    let expected: Value = serde_json::from_str(&read(&format!("{session}.expected.json"))).unwrap();
    let tracks = tracks(session);
    assert_eq!(tracks.len() as u64, expected["channels"].as_u64().unwrap());
    let total = expected["samples8k"].as_u64().unwrap();
    let mut longest = 0;
    for (name, track) in &tracks {
        let expected = &expected["tracks"][name];
        let (samples, timeline) = read_all(track, 8000, total);
        assert_eq!(samples.len() as u64, total);
        assert_eq!(timeline.position(), expected["samples8k"].as_u64().unwrap());
        let gaps: Vec<Value> = (timeline.gaps().iter())
            .map(|gap| [gap.start, gap.end].map(|sample| sample as f64 / 8000.0).to_vec().into())
            .collect();
        assert_eq!(Value::from(gaps), expected["gaps"]);
        let overlap = timeline.overlap_samples() as f64 / 8000.0;
        assert_eq!(overlap, expected["overlapSeconds"].as_f64().unwrap_or_default());
        assert_eq!(digest(&samples), expected["sha256_pcm16_8k_padded"].as_str().unwrap());
        longest = longest.max(timeline.position());

        let (doubled, _) = read_all(track, 16_000, total);
        assert_eq!(doubled.len() as u64, 2 * total);
        assert!(doubled.iter().step_by(2).eq(&samples));
    }
    assert_eq!(longest, total);
}

#[test]
fn a_clean_call_is_laid_out_as_expected() {
    is_laid_out_as_expected("twilio/clean-two-party");
}

#[test]
fn a_call_with_one_track_is_laid_out_as_expected() {
    is_laid_out_as_expected("twilio/caller-only");
}

#[test]
fn a_call_with_lost_repeated_and_swapped_frames_is_laid_out_as_expected() {
    is_laid_out_as_expected("twilio/rough-two-party");
}

#[test]
fn a_call_with_jitter_and_jumps_is_laid_out_as_expected() {
    is_laid_out_as_expected("twilio/jittery-two-party");
}

#[test]
fn the_stored_mulaw_comes_back_from_a_recording() {
    for track in tracks("twilio/clean-two-party").values() {
        let codes: Vec<u8> = track.values().flatten().copied().collect();
        let stored = audio::convert_to_storage_format(&codes);
        let back: Vec<i16> = stored.into_iter().step_by(2).collect();
        // Negative zero, the only code without a sample of its own, comes back as positive zero.
        let codes: Vec<u8> = codes.into_iter().map(|code| if code == 0x7F { 0xFF } else { code }).collect();
        assert_eq!(back, mulaw_to_pcm16(&codes));
        assert_eq!(audio::pcm16_to_mulaw(&back), codes);
    }
}

//! A call as its client knows it: what was sent, and what of it was acknowledged.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use service::audio::{mulaw_to_pcm16, wav};

use super::service::{Gone, Service};

/// Bytes per chunk.
const CHUNK: usize = 160;

/// A call, and what the service must have stored of it.
pub(super) struct Call {
    pub name: String,
    seed: u32,
    /// Sequence number of the first chunk.
    pub base: u32,
    /// Number of chunks sent, acknowledged or not.
    pub sent: u32,
    /// Numbers of acknowledged chunks, starting at 0.
    pub acknowledged: BTreeSet<u32>,
    /// Acknowledged transcripts, analytics snapshots, and metadata fields.
    notes: [BTreeSet<String>; 3],
    /// Whether the call was told to end.
    pub ending: bool,
}

impl Call {
    pub(super) fn new(caller: u32, number: u32, base: u32) -> Self {
        let (name, seed) = (format!("MZ{caller}-{number}"), caller * 1_000_003 + number * 10_007);
        let (acknowledged, notes) = Default::default();
        Self { name, seed, base, sent: 0, acknowledged, notes, ending: false }
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/calls/{}{rest}", self.name)
    }

    /// 20 ms of audio that no other chunk of any call has.
    pub(super) fn audio(&self, number: u32) -> Vec<u8> {
        let seed = (self.seed + number).wrapping_mul(2_654_435_761);
        (0..CHUNK as u32).map(|index| (seed.wrapping_add(index.wrapping_mul(seed | 1)) >> 11) as u8).collect()
    }

    /// The next chunks for a transport with acknowledgements: after a crash, starting at the first unacknowledged one.
    pub(super) fn resume(&mut self, count: u32) -> std::ops::Range<u32> {
        let first = self.acknowledged.len() as u32;
        self.sent = self.sent.max(first + count);
        first..first + count
    }

    /// Number of acknowledged writes.
    pub(super) fn writes(&self) -> usize {
        self.acknowledged.len() + self.notes.iter().map(BTreeSet::len).sum::<usize>()
    }

    /// Writes something other than audio.
    pub(super) async fn note(&mut self, service: &Service, number: u32) -> Result<(), Gone> {
        let kind = number as usize % 3;
        let note = match kind {
            1 => format!("2026-01-01T{:02}:{:02}:{:02}.000Z", number / 3_600 % 24, number / 60 % 60, number % 60),
            _ => format!("note {number}"),
        };
        let (method, rest, body) = match kind {
            0 => (Method::POST, "/transcripts", json!({ "speaker": "caller", "text": note })),
            1 => (Method::POST, "/analytics", json!({ "snapshotTime": note })),
            _ => (Method::PATCH, "/metadata", json!({ "customData": { note.clone(): number } })),
        };
        service.expect(method, &self.path(rest), &body).await?;
        self.notes[kind].insert(note);
        Ok(())
    }

    /// Numbers of the stored chunks.
    pub(super) async fn stored(&self, service: &Service) -> Result<BTreeSet<u32>, Gone> {
        let status = service.get(&self.path("/chunks")).await?;
        let Some(track) = status["tracks"].get(0) else { return Ok(BTreeSet::new()) };
        let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
        let last = number(&track["lastSequence"]);
        // Missing chunks lie between the first and the last one.
        let first = last + 1 - number(&track["chunks"]) - number(&track["missingTotal"]);
        let mut stored: BTreeSet<u32> = (first..=last).map(|sequence| sequence - self.base).collect();
        for hole in track["missing"].as_array().unwrap() {
            (number(&hole[0])..=number(&hole[1])).for_each(|sequence| assert!(stored.remove(&(sequence - self.base))));
        }
        Ok(stored)
    }

    /// Checks that all acknowledged writes are stored.
    pub(super) async fn check(&self, service: &Service) -> Result<(), Gone> {
        let stored = self.stored(service).await?;
        let lost: Vec<_> = self.acknowledged.difference(&stored).collect();
        assert!(lost.is_empty(), "{}: chunks {lost:?} were lost", self.name);
        let call = service.get(&self.path("?include=transcripts,analytics,metadata")).await?;
        let all = |part: &str, field: &str| -> BTreeSet<String> {
            call[part].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
        };
        let fields = call["metadata"]["customData"].as_object();
        let fields = fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default();
        let found = [all("transcripts", "text"), all("analytics", "snapshotTime"), fields];
        for (acknowledged, found) in self.notes.iter().zip(&found) {
            let lost: Vec<_> = acknowledged.difference(found).collect();
            assert!(lost.is_empty(), "{}: {lost:?} were lost", self.name);
        }
        Ok(())
    }

    /// Ends the call, compares its recording, and returns how many recordings it has.
    pub(super) async fn end(&mut self, service: &Service) -> Result<usize, Gone> {
        self.ending = true;
        let call = loop {
            let call = service.expect(Method::POST, &self.path("/end"), &json!({})).await?;
            if call["status"] != "finalizing" {
                break call;
            }
        };
        assert_eq!(call["status"], "completed", "{call}");
        self.check(service).await?;
        let recordings = call["recordings"].as_array().unwrap();
        assert!(recordings.len() == 1 || recordings.is_empty() && self.acknowledged.is_empty(), "{call}");
        if let Some(recording) = recordings.first() {
            let path = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
            self.compare(&wav::read(&service.download(&path).await?).unwrap().samples);
            // They are there with the recording.
            let computed = service.get(&self.path("/analytics/computed")).await?;
            assert_eq!(computed["recordingId"], recording["id"], "{computed}");
        }
        Ok(recordings.len())
    }

    /// Checks that every acknowledged chunk is in the recording, and nothing that was not sent. Every second sample is
    /// an original one.
    fn compare(&self, samples: &[i16]) {
        let heard: Vec<i16> = samples.iter().copied().step_by(2).collect();
        let heard: Vec<_> = heard.chunks(CHUNK).collect();
        assert!(heard.len() <= self.sent as usize, "{}: {} chunks of {}", self.name, heard.len(), self.sent);
        for number in 0..self.sent {
            let chunk = heard.get(number as usize).copied().unwrap_or_default();
            let silent = !self.acknowledged.contains(&number) && chunk.iter().all(|&sample| sample == 0);
            let right = silent || chunk == mulaw_to_pcm16(&self.audio(number));
            assert!(right, "{}: chunk {number} is not what was sent", self.name);
        }
    }
}

//! One client of a service that is killed: it remembers what was acknowledged, and after a crash goes on where it was.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use service::audio::{encode_base64, mulaw_to_pcm16, wav};

/// How many chunks a call has when it is ended.
const CHUNKS: u32 = 400;

/// The service is gone.
#[derive(Debug)]
pub struct Gone;

impl From<reqwest::Error> for Gone {
    fn from(_: reqwest::Error) -> Self {
        Self
    }
}

/// A client, and what it knows of its present call.
pub struct Caller {
    number: u32,
    calls: u32,
    begun: bool,
    ending: bool,
    /// Chunks that are acknowledged, all from the first on.
    chunks: u32,
    /// Texts and moments that are acknowledged.
    transcripts: BTreeSet<String>,
    snapshots: BTreeSet<String>,
    writes: u32,
    /// Acknowledged writes of all callers.
    acknowledged: Arc<AtomicUsize>,
    /// How often an acknowledged write was looked for and found, in all calls.
    pub checked: usize,
    /// Calls that have ended with a recording.
    pub recordings: usize,
}

impl Caller {
    pub fn new(number: u32, acknowledged: Arc<AtomicUsize>) -> Self {
        let (transcripts, snapshots) = (BTreeSet::new(), BTreeSet::new());
        Self {
            number,
            calls: 0,
            begun: false,
            ending: false,
            chunks: 0,
            transcripts,
            snapshots,
            writes: 0,
            acknowledged,
            checked: 0,
            recordings: 0,
        }
    }

    fn name(&self) -> String {
        format!("MZ{}-{}", self.number, self.calls)
    }

    /// 20 ms that no other chunk of any call has.
    fn audio(&self, sequence: u32) -> Vec<u8> {
        let seed = (self.number * 1_000_003 + self.calls * 10_007 + sequence).wrapping_mul(2_654_435_761);
        (0..160_u32).map(|index| (seed.wrapping_add(index.wrapping_mul(seed | 1)) >> 11) as u8).collect()
    }

    fn chunk(&self, sequence: u32) -> Value {
        json!({ "audio": encode_base64(&self.audio(sequence)), "sequence": sequence, "timestamp": sequence * 20 })
    }

    /// Looks for all that was acknowledged, then writes until the service is gone.
    pub async fn check_and_write(&mut self, client: &Client, url: &str) -> Result<(), Gone> {
        if self.begun {
            self.check(client, url).await?;
        }
        loop {
            self.write(client, url).await?;
        }
    }

    /// Ends the last call.
    pub async fn finish(&mut self, client: &Client, url: &str) {
        if self.begun {
            self.check(client, url).await.unwrap();
            self.end(client, url).await.unwrap();
        }
    }

    async fn write(&mut self, client: &Client, url: &str) -> Result<(), Gone> {
        self.writes += 1;
        let path = format!("/calls/{}", self.name());
        if !self.begun {
            let call = json!({ "streamSid": self.name(), "caller": "crash" });
            ask(client, Method::POST, format!("{url}/calls"), &call, &[200, 201]).await?;
            self.begun = true;
        } else if self.chunks >= CHUNKS || self.ending {
            self.end(client, url).await?;
        } else if self.writes % 16 == 3 {
            let text = format!("utterance {}", self.writes);
            let body = json!({ "speaker": "caller", "text": text });
            ask(client, Method::POST, format!("{url}{path}/transcripts"), &body, &[201]).await?;
            self.transcripts.insert(text);
            self.count(1);
        } else if self.writes % 16 == 11 {
            let time = format!("2026-01-01T00:{:02}:{:02}.000Z", self.writes / 60 % 60, self.writes % 60);
            ask(client, Method::POST, format!("{url}{path}/analytics"), &json!({ "snapshotTime": time }), &[201])
                .await?;
            self.snapshots.insert(time);
            self.count(1);
        } else if self.writes % 16 == 7 {
            let chunks: Vec<_> = (self.chunks..self.chunks + 20).map(|sequence| self.chunk(sequence)).collect();
            let body = json!({ "chunks": chunks });
            ask(client, Method::POST, format!("{url}{path}/chunks/batch"), &body, &[200, 201]).await?;
            self.chunks += 20;
            self.count(20);
        } else {
            let body = self.chunk(self.chunks);
            ask(client, Method::POST, format!("{url}{path}/chunks"), &body, &[200, 201]).await?;
            self.chunks += 1;
            self.count(1);
        }
        Ok(())
    }

    fn count(&self, acknowledged: usize) {
        self.acknowledged.fetch_add(acknowledged, Ordering::Relaxed);
    }

    /// All that was acknowledged is there.
    async fn check(&mut self, client: &Client, url: &str) -> Result<(), Gone> {
        let path = format!("{url}/calls/{}", self.name());
        let status = ask(client, Method::GET, format!("{path}/chunks"), &Value::Null, &[200]).await?;
        if self.chunks > 0 {
            let track = &status["tracks"][0];
            let stored = track["chunks"].as_u64().unwrap();
            assert!(stored >= u64::from(self.chunks), "{}: {} were acknowledged, of {track}", self.name(), self.chunks);
            assert_eq!(track["missingTotal"], 0, "{}: {track}", self.name());
        }
        for (part, field, acknowledged) in
            [("transcripts", "text", &self.transcripts), ("analytics", "snapshotTime", &self.snapshots)]
        {
            let found = ask(client, Method::GET, format!("{path}/{part}?limit=500"), &Value::Null, &[200]).await?;
            let items = found["items"].as_array().unwrap();
            let found: BTreeSet<_> = items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect();
            assert!(acknowledged.is_subset(&found), "{}: {part} were lost", self.name());
        }
        self.checked += self.chunks as usize + self.transcripts.len() + self.snapshots.len();
        Ok(())
    }

    /// Ends the call and compares its recording.
    async fn end(&mut self, client: &Client, url: &str) -> Result<(), Gone> {
        self.check(client, url).await?;
        self.ending = true;
        let path = format!("{url}/calls/{}", self.name());
        let call = loop {
            let call = ask(client, Method::POST, format!("{path}/end"), &json!({}), &[200, 202]).await?;
            if call["status"] == "completed" {
                break call;
            }
        };
        if self.chunks > 0 {
            let recordings = call["recordings"].as_array().unwrap();
            assert_eq!(recordings.len(), 1, "{call}");
            let id = recordings[0]["id"].as_str().unwrap();
            let file = client.get(format!("{url}/recordings/{id}/audio")).send().await?.bytes().await?;
            let heard: Vec<i16> = wav::read(&file).unwrap().samples.into_iter().step_by(2).collect();
            // What was sent and not acknowledged may be there: the last request, which was a batch at most.
            let chunks = u32::try_from(heard.len() / 160).unwrap();
            assert!((self.chunks..=self.chunks + 20).contains(&chunks), "{chunks} of {}", self.chunks);
            let sent: Vec<u8> = (0..chunks).flat_map(|sequence| self.audio(sequence)).collect();
            assert!(heard == mulaw_to_pcm16(&sent), "{} is not what was sent", self.name());
            self.recordings += 1;
        }
        self.checked += self.chunks as usize + self.transcripts.len() + self.snapshots.len();
        (self.begun, self.ending, self.chunks, self.calls) = (false, false, 0, self.calls + 1);
        self.transcripts.clear();
        self.snapshots.clear();
        Ok(())
    }
}

async fn ask(client: &Client, method: Method, url: String, body: &Value, expected: &[u16]) -> Result<Value, Gone> {
    let request = client.request(method, &url);
    let request = if body.is_null() { request } else { request.json(body) };
    let response = request.send().await?;
    let status = response.status().as_u16();
    let answer = response.json::<Value>().await?;
    assert!(expected.contains(&status), "{url}: {status} {answer}");
    Ok(answer)
}

//! `callstore simulate --dashboard`: two dozen calls that look like those of a week, and one that goes on while the
//! command runs, so that a new service has something to show.
//!
//! Their words have the times at which a voice says them, their voices take turns as people do, and their starts lie in
//! the last five days. Everything is sent over HTTP, as by any client.

mod scripts;
mod timing;
mod voice;

use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

use crate::{
    args::SimulateArgs,
    client::Client,
    error::{CallFailure, SimulateError},
    key::Key,
    stop, terminal, text,
};
use scripts::{AGENTS, DEVICES, SCRIPTS, Script};
use timing::{Utterance, say};
use voice::{RATE, Voice};

/// Calls that have ended.
const CALLS: u32 = 24;
/// How many of them are sent at a time.
const AT_A_TIME: usize = 6;
/// The time over which their starts are spread.
const SPREAD: Duration = Duration::from_secs(5 * 86_400);
/// The length of a chunk of a call that has ended, and of one that runs, in milliseconds.
const CHUNK_MS: u32 = 1_000;
const LIVE_CHUNK_MS: u32 = 200;
/// The call that has no audio, and the one with a bad line.
const WITHOUT_AUDIO: u32 = 17;
const BAD_LINE: u32 = 9;

/// Fills a service with example calls. Returns after the call that runs has ended: by then, or by Ctrl-C.
///
/// # Errors
/// When nothing responds at the URL, or a request is refused.
pub(crate) async fn run(args: &SimulateArgs, id: Uuid) -> Result<(), DashboardError> {
    let authorization = args.key.as_ref().map(Key::authorization).transpose()?;
    let client = Client::new(&args.url, authorization.as_ref())?;
    client.reach().await?;
    tell(&format!("Sending example calls. Open {}/dashboard/ to see them.", args.url.as_str().trim_end_matches('/')));
    let examples = Examples { client, run: id.simple().to_string()[20..].to_owned(), now: made_at(id) };
    let seed = args.seed.unwrap_or(1);
    let ended = stream::iter(0..CALLS).map(|number| examples.ended(number, seed)).buffer_unordered(AT_A_TIME);
    let (ended, live) = tokio::join!(ended.try_collect::<Vec<_>>(), examples.live(args.duration, seed));
    ended?;
    live?;
    tell(&format!("The examples are there: {CALLS} calls, and one that has run for {:?}.", args.duration));
    Ok(())
}

/// Why example calls could not be sent.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DashboardError {
    #[error(transparent)]
    Start(#[from] SimulateError),
    #[error("an example call could not be sent: {0}")]
    Call(#[from] CallFailure),
}

/// When an id was made.
fn made_at(id: Uuid) -> SystemTime {
    let (seconds, nanoseconds) = id.get_timestamp().map_or((0, 0), |timestamp| timestamp.to_unix());
    SystemTime::UNIX_EPOCH + Duration::new(seconds, nanoseconds)
}

fn tell(line: &str) {
    let _ = writeln!(io::stderr(), "{}", terminal::plain_line(line));
}

/// The calls of a run.
struct Examples {
    client: Client,
    /// A part of the names of its calls, which no other run has.
    run: String,
    now: SystemTime,
}

/// A call that is being sent.
struct Example {
    id: String,
    script: &'static Script,
    voices: [Voice; 2],
    random: fastrand::Rng,
}

impl Examples {
    /// Starts a call and describes it.
    async fn start(&self, number: u32, before: Duration, seed: u64) -> Result<Example, CallFailure> {
        let mut random = fastrand::Rng::with_seed(seed.wrapping_mul(1_000) + u64::from(number));
        let script = &SCRIPTS[number as usize % SCRIPTS.len()];
        let (device, quality) = DEVICES[random.usize(..DEVICES.len())];
        let direction = if random.u32(0..4) == 0 { "outbound" } else { "inbound" };
        let body = json!({
            "streamSid": format!("example-{}-{number:02}", self.run), "caller": format!("+1555010{:04}", 17 * number),
            "agent": AGENTS[random.usize(..AGENTS.len())], "direction": direction,
            "startTime": humantime::format_rfc3339_millis(self.now - before).to_string(),
            "audioFormat": { "encoding": "pcm16", "sampleRate": RATE },
        });
        let id = self.client.start(bytes_of(&body)).await?.id;
        let metadata = json!({
            "language": script.language, "region": script.region, "deviceType": device, "networkQuality": quality,
            "customData": { "topic": script.topic, "ticket": 40_000 + 37 * number, "vip": random.u32(0..5) == 0 },
        });
        self.client.set_metadata(&id, bytes_of(&metadata)).await?;
        let caller = Voice::new([105.0, 124.0, 188.0, 214.0][random.usize(..4)]);
        let agent = Voice::new([118.0, 205.0][random.usize(..2)]);
        Ok(Example { id, script, voices: [caller, agent], random })
    }

    /// Sends a call that has ended.
    async fn ended(&self, number: u32, seed: u64) -> Result<(), CallFailure> {
        // The latest one ended a quarter of an hour ago. Nobody calls at exactly the same time each day.
        let before = SPREAD * number / CALLS + Duration::from_secs(900 + u64::from(number * 977 % 3_000));
        let mut example = self.start(number, before, seed).await?;
        let length = if number == WITHOUT_AUDIO { 4_000 } else { self.talk(&mut example, number).await? };
        let end = self.now - before + Duration::from_millis(length.into());
        let body = json!({ "endTime": humantime::format_rfc3339_millis(end).to_string() });
        self.client.end(&example.id, bytes_of(&body)).await.map(drop)
    }

    /// Sends all of a conversation at once, and returns its length in milliseconds.
    async fn talk(&self, example: &mut Example, number: u32) -> Result<u32, CallFailure> {
        let said = say(example.script, 0, &mut example.random);
        let length = said.last().map_or(0, Utterance::end) + 900;
        for (by_agent, voice) in [(false, &example.voices[0]), (true, &example.voices[1])] {
            let samples = voice.track(&said, by_agent, length, &mut example.random);
            let chunks = chunks(&samples, by_agent, 0, CHUNK_MS);
            // On a bad line some of what the caller says is lost.
            let lost = |place: usize| number == BAD_LINE && !by_agent && matches!(place % 11, 4 | 5 | 9);
            let chunks: Vec<_> =
                chunks.into_iter().enumerate().filter(|(place, _)| !lost(*place)).map(|(_, chunk)| chunk).collect();
            let body = bytes_of(&json!({ "chunks": chunks }));
            self.client.add_chunks(&example.id, "chunks/batch", body, None).await?;
        }
        let transcripts: Vec<_> = said.iter().map(|one| one.transcript(example.script.language)).collect();
        self.client.add_transcripts(&example.id, bytes_of(&json!({ "transcripts": transcripts }))).await?;
        self.analyze(example, &said, length).await?;
        Ok(length)
    }

    /// Adds two snapshots of figures, as an agent's own analytics would.
    async fn analyze(&self, example: &Example, said: &[Utterance], length: u32) -> Result<(), CallFailure> {
        let (mood, score) = example.script.sentiment;
        for (part, mood, score) in [(2, "neutral", 0.5), (1, mood, score)] {
            let said = &said[..said.len() / part];
            let talk: u32 = said.iter().map(|one| one.end() - one.start()).sum();
            let turns = said.windows(2).filter(|pair| pair[0].by_agent != pair[1].by_agent);
            let latencies: Vec<_> = turns.map(|pair| f64::from(pair[1].start()) - f64::from(pair[0].end())).collect();
            let interruptions = latencies.iter().filter(|latency| **latency < 0.0).count();
            let pauses: Vec<_> = latencies.iter().copied().filter(|latency| *latency >= 0.0).collect();
            let body = json!({
                "sentiment": mood, "sentimentScore": score, "talkTime": f64::from(talk) / 1000.0,
                "silenceTime": f64::from((length / part as u32).saturating_sub(talk)) / 1000.0,
                "interruptions": interruptions,
                "averageLatency": pauses.iter().sum::<f64>().max(0.0) / pauses.len().max(1) as f64,
                "metrics": { "resolved": mood != "negative", "turns": said.len() },
            });
            self.client.add_analytics(&example.id, bytes_of(&body)).await?;
        }
        Ok(())
    }

    /// Sends a call as it happens, until it has lasted `duration` or a signal comes.
    async fn live(&self, duration: Duration, seed: u64) -> Result<(), CallFailure> {
        let mut signalled = std::pin::pin!(stop::signalled());
        let mut example = self.start(CALLS, Duration::ZERO, seed).await?;
        tell(&format!("A call is running: {}. It ends in {duration:?}, or with Ctrl-C.", example.id));
        let length = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        let mut said = Vec::new();
        while said.last().map_or(0, Utterance::end) < length {
            let begin = said.last().map_or(0, Utterance::end);
            said.extend(say(example.script, begin, &mut example.random));
        }
        let (begun, mut at, mut told) = (Instant::now(), 0, 0);
        while at < length {
            let until = (at + LIVE_CHUNK_MS).min(length);
            tokio::select! {
                () = sleep_until(begun + Duration::from_millis(until.into())) => {}
                () = &mut signalled => break,
            }
            let mut sent = Vec::new();
            for (by_agent, voice) in [(false, &example.voices[0]), (true, &example.voices[1])] {
                // Each step says again what is said around it, so that a word goes on where the last step ended.
                let near: Vec<_> = said.iter().filter(|one| one.end() > at && one.start() < until).cloned().collect();
                let mut random = fastrand::Rng::with_seed(seed);
                let samples = voice.track(&near, by_agent, until, &mut random);
                let from = samples.len() * at as usize / until as usize;
                sent.extend(chunks(&samples[from..], by_agent, at, LIVE_CHUNK_MS));
            }
            let body = bytes_of(&json!({ "chunks": sent }));
            self.client.add_chunks(&example.id, "chunks/batch", body, None).await?;
            let new = said[told..].iter().take_while(|one| one.end() <= until);
            let new: Vec<_> = new.map(|one| one.transcript(example.script.language)).collect();
            if !new.is_empty() {
                told += new.len();
                self.client.add_transcripts(&example.id, bytes_of(&json!({ "transcripts": new }))).await?;
            }
            at = until;
        }
        self.analyze(&example, &said[..told.max(1)], at).await?;
        self.client.end(&example.id, Bytes::new()).await.map(drop)
    }
}

/// The chunks of a track from a time on.
fn chunks(samples: &[i16], by_agent: bool, begin: u32, chunk_ms: u32) -> Vec<Value> {
    let length = RATE as usize * chunk_ms as usize / 1000;
    let chunk = |(number, samples): (usize, &[i16])| {
        let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut audio = BytesMut::new();
        text::base64(&bytes, &mut audio);
        let timestamp = begin + number as u32 * chunk_ms;
        json!({
            "audio": String::from_utf8_lossy(&audio), "track": if by_agent { "outbound" } else { "inbound" },
            "sequence": timestamp / chunk_ms, "timestamp": timestamp,
        })
    };
    samples.chunks(length).enumerate().map(chunk).collect()
}

fn bytes_of(body: &Value) -> Bytes {
    body.to_string().into()
}

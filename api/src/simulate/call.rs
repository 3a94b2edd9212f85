//! One call, from its start to its recording.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use serde_json::json;
use tokio::time::Instant;

use super::{
    CallFailure,
    answer::{self, Recording},
    client::Client,
    ledger::{Counts, Ledger},
    measures::Measures,
    names::Names,
    pace::{Pace, Speed},
    progress::Progress,
    source::Source,
    stop::Stop,
    transport::{self, Endpoint, Transport},
    verify::{self, Findings, Verify},
};

/// What all calls of a run share. There is one for each thread, so that nothing is waited for.
#[derive(Debug)]
pub struct Run {
    /// What was asked for.
    pub settings: Settings,
    /// Requests to the service.
    pub client: Client,
    /// WebSockets to the service.
    pub endpoint: Endpoint,
    /// How far all calls have come.
    pub progress: Arc<Progress>,
    /// Whether to stop.
    pub stop: Arc<Stop>,
    /// What was measured on this thread.
    pub measures: Mutex<Measures>,
}

/// What was asked for, as far as a call has to know.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// The way to the service.
    pub transport: Transport,
    /// How many chunks a request carries.
    pub batch: usize,
    /// How fast.
    pub speed: Speed,
    /// How recordings are compared.
    pub verify: Verify,
}

impl Run {
    /// Notes what was measured.
    pub fn measure(&self, note: impl FnOnce(&mut Measures)) {
        note(&mut self.measures.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A call to be made.
#[derive(Debug)]
pub struct Call {
    /// Its number in the run, from 0.
    pub number: u32,
    /// Its names.
    pub names: Names,
    /// What it sends.
    pub source: Source,
    /// What decides how it is disturbed; `None` where it is not.
    pub chaos: Option<u64>,
    /// What it has sent.
    pub ledger: Ledger,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    frames: u64,
    first: String,
    detail: String,
}

/// What became of a call.
#[derive(Debug)]
pub struct Outcome {
    /// Its number in the run.
    pub number: u32,
    /// What it has sent.
    pub counts: Counts,
    /// How it ended: `None` where it was never started, because the run was stopped before.
    pub ending: Option<Result<Finished, String>>,
}

/// A call that has its recording. It is printed as `<id> <URL>`, with `-` where there was no audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The call's id.
    pub id: String,
    /// Where its recording can be downloaded.
    pub recording: Option<String>,
    /// How the recording compares with what was sent.
    pub findings: Findings,
}

impl fmt::Display for Finished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.id, self.recording.as_deref().unwrap_or("-"))
    }
}

impl Call {
    /// A call.
    #[must_use]
    pub fn new(number: u32, names: Names, source: Source, chaos: Option<u64>) -> Self {
        Self { number, names, source, chaos, ledger: Ledger::default(), refused: None }
    }

    /// Who calls: a number that nobody has.
    #[must_use]
    pub fn caller(&self) -> String {
        format!("+1415555{:04}", 100 + self.number % 100)
    }

    /// Notes that the service has refused a frame.
    pub fn refused(&mut self, frame: String, detail: String) {
        self.refused.get_or_insert(Refused { frames: 0, first: frame, detail }).frames += 1;
    }

    /// Makes the call.
    pub async fn make(mut self, run: &Run, pace: Pace) -> Outcome {
        if let Some(begin) = pace.deadline(std::time::Duration::ZERO) {
            run.stop.sleep_until(begin).await;
        }
        if run.stop.is_wished() {
            return Outcome { number: self.number, counts: Counts::default(), ending: None };
        }
        let ending = self.attempt(run, pace).await;
        let ending = ending.map_err(|failure| format!("{}: {failure}", self.name()));
        match &ending {
            Ok(finished) if !finished.findings.are_good() => {
                run.progress.say(&format!("{}, call {}: {}", self.name(), finished.id, finished.findings));
            }
            Ok(_) => {}
            Err(sentence) => run.progress.say(sentence),
        }
        run.progress.finished(self.source.frames() as u64, self.ledger.counts.sent);
        Outcome { number: self.number, counts: self.ledger.counts, ending: Some(ending) }
    }

    fn name(&self) -> String {
        match &self.source {
            Source::Recorded(script) => format!("{}, stream {}", script.file.display(), self.names.stream_sid),
            Source::Synthetic(..) => format!("Stream {}", self.names.stream_sid),
        }
    }

    async fn attempt(&mut self, run: &Run, pace: Pace) -> Result<Finished, CallFailure> {
        let name = match run.settings.transport {
            Transport::Twilio => self.stream(run, pace).await?,
            Transport::Http | Transport::Stream => self.start_and_add(run, pace).await?,
        };
        if let Some(Refused { frames, first, detail }) = self.refused.take() {
            return Err(CallFailure::FramesRefused { frames, frame: first, detail });
        }
        let ending_at = Instant::now();
        let ended = run.client.end(&name).await?;
        if run.settings.transport != Transport::Twilio {
            run.measure(|measures| measures.completion.note(ending_at.elapsed(), 1));
        }
        if ended.status == "failed" {
            let detail =
                ended.failure.map_or_else(|| "the service does not say why.".to_owned(), |failure| failure.detail);
            return Err(CallFailure::NotRecorded { detail });
        }
        let recording = ended.recordings.first();
        let findings = verify::compare(run, self, &ended.id, recording).await?;
        let url = |recording: &Recording| run.client.recording_url(&recording.id);
        Ok(Finished { recording: recording.map(url), id: ended.id, findings })
    }

    /// A call of Twilio's: the socket starts and ends it. Returns its name when it has ended.
    async fn stream(&mut self, run: &Run, pace: Pace) -> Result<String, CallFailure> {
        let stopped = transport::send_twilio(run, self, pace).await?;
        let name = self.names.stream_sid.clone();
        run.client.await_end(&name).await?;
        run.client.end(&name).await?;
        run.measure(|measures| measures.completion.note(stopped.elapsed(), 1));
        self.add_transcripts(run, &name).await?;
        Ok(name)
    }

    /// A call that is started and ended by requests. Returns its name when all is sent.
    async fn start_and_add(&mut self, run: &Run, pace: Pace) -> Result<String, CallFailure> {
        let answer::Call { id, status, .. } = run.client.start(self.start()).await?;
        if status != "active" {
            return Err(CallFailure::Over { status });
        }
        if let Source::Recorded(script) = &self.source
            && let Some(metadata) = &script.metadata
        {
            run.client.set_metadata(&id, metadata.clone()).await?;
        }
        match run.settings.transport {
            Transport::Stream => transport::send_stream(run, self, &id, pace).await?,
            Transport::Http | Transport::Twilio => transport::send_http(run, self, &id, pace).await?,
        }
        self.add_transcripts(run, &id).await?;
        Ok(id)
    }

    async fn add_transcripts(&self, run: &Run, call: &str) -> Result<(), CallFailure> {
        let Source::Recorded(script) = &self.source else { return Ok(()) };
        for transcripts in &script.transcripts {
            run.client.add_transcripts(call, transcripts.clone()).await?;
        }
        Ok(())
    }

    /// The body of `startCall`.
    fn start(&self) -> Bytes {
        match &self.source {
            Source::Recorded(script) => script.start(&self.names),
            Source::Synthetic(..) => json!({
                "streamSid": self.names.stream_sid,
                "callSid": self.names.call_sid,
                "caller": self.caller(),
                "direction": "inbound",
            })
            .to_string()
            .into(),
        }
    }
}

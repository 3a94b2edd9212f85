//! The life of one call, from `startCall` to the check of its recording.

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

/// The state that all calls on a thread share. Each thread has its own client and measures, so calls never wait for
/// another thread's lock.
#[derive(Debug)]
pub struct Run {
    /// The settings from the command line.
    pub settings: Settings,
    /// The HTTP client of this thread.
    pub client: Client,
    /// The address of the service's WebSockets.
    pub endpoint: Endpoint,
    /// The progress of all calls on all threads.
    pub progress: Arc<Progress>,
    /// The request to stop, shared by all threads.
    pub stop: Arc<Stop>,
    /// The measurements of this thread. They are merged when the thread ends.
    pub measures: Mutex<Measures>,
}

/// The command-line settings that a call needs.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How audio reaches the service.
    pub transport: Transport,
    /// Chunks per HTTP request.
    pub batch: usize,
    /// The replay speed.
    pub speed: Speed,
    /// How recordings are compared.
    pub verify: Verify,
}

impl Run {
    /// Updates the measurements of this thread.
    pub fn measure(&self, note: impl FnOnce(&mut Measures)) {
        note(&mut self.measures.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// A call to send.
#[derive(Debug)]
pub struct Call {
    /// The call's index in the run, from 0.
    pub number: u32,
    /// The call's identifiers.
    pub names: Names,
    /// The audio to send.
    pub source: Source,
    /// The seed of this call's faults; `None` without `--chaos`.
    pub chaos: Option<u64>,
    /// What has been sent and acknowledged so far.
    /// Refused frames. They fail the call once everything has been sent.
    pub ledger: Ledger,
    refused: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    frames: u64,
    first: String,
    detail: String,
}

/// The result of a call.
#[derive(Debug)]
pub struct Outcome {
    /// The call's index in the run, from 0.
    pub number: u32,
    /// Counts of what was sent and acknowledged.
    pub counts: Counts,
    /// `None` if the run was stopped before the call started. An error is a complete sentence for the report.
    pub ending: Option<Result<Finished, String>>,
}

/// A finalized call. Prints as `<id> <URL>`, or `<id> -` if the call has no audio.
#[derive(Clone, Debug, PartialEq)]
pub struct Finished {
    /// The call's id.
    pub id: String,
    /// The URL that downloads the recording.
    pub recording: Option<String>,
    /// The differences between the recording and the audio sent.
    pub findings: Findings,
}

impl fmt::Display for Finished {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.id, self.recording.as_deref().unwrap_or("-"))
    }
}

impl Call {
    /// Creates a call that has sent nothing yet.
    #[must_use]
    pub fn new(number: u32, names: Names, source: Source, chaos: Option<u64>) -> Self {
        Self { number, names, source, chaos, ledger: Ledger::default(), refused: None }
    }

    /// The caller's number. The range +1 415 555 01xx is reserved for fiction.
    #[must_use]
    pub fn caller(&self) -> String {
        format!("+1415555{:04}", 100 + self.number % 100)
    }

    /// Records that the service refused a frame, and keeps the first reason.
    pub fn refused(&mut self, frame: String, detail: String) {
        self.refused.get_or_insert(Refused { frames: 0, first: frame, detail }).frames += 1;
    }

    /// Waits for the call's turn, runs the call, and prints what went wrong. Does not start the call if the run is
    /// stopping.
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
                ended.failure.map_or_else(|| "the service gave no reason.".to_owned(), |failure| failure.detail);
            return Err(CallFailure::NotRecorded { detail });
        }
        let recording = ended.recordings.first();
        let findings = verify::compare(run, self, &ended.id, recording).await?;
        let url = |recording: &Recording| run.client.recording_url(&recording.id);
        Ok(Finished { recording: recording.map(url), id: ended.id, findings })
    }

    /// Runs a call over Twilio's protocol, where the socket starts and ends it. Returns the `streamSid` once the call
    /// is finalized.
    async fn stream(&mut self, run: &Run, pace: Pace) -> Result<String, CallFailure> {
        let stopped = transport::send_twilio(run, self, pace).await?;
        let name = self.names.stream_sid.clone();
        run.client.await_end(&name).await?;
        run.client.end(&name).await?;
        run.measure(|measures| measures.completion.note(stopped.elapsed(), 1));
        self.add_transcripts(run, &name).await?;
        Ok(name)
    }

    /// Starts a call with a request and sends its audio. Returns the call's id once everything has been sent.
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

    /// The body of the `startCall` request.
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

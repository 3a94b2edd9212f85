//! A platform's stream, whatever carries it: the events of its messages are stored in its call. Messages that are
//! invalid or refused are skipped and counted, so one bad frame never ends a call.

use dialects::{Event, Name, Start};
use service::{
    Arrival, Author, Callstore, Error, EventType, Frame, NewAuditEntry, NewEvent, audio::number::wide,
    limits::BATCH_MAX,
};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    admission::{self, Admission},
    ending::Ending,
    opening::{opening, track},
    stream::{GATHER, GATHER_BYTES, Stream},
};
use crate::socket::Skipped;

/// A stream from its connection to its end.
pub(super) struct Session {
    /// The call store.
    pub callstore: Callstore,
    /// Who opened the connection, and owns the call that its stream starts.
    pub author: Author,
    /// What the handshake proved, and what the stream still has to.
    pub admission: Admission,
    /// Its place in the order of handshakes: a newer connection of the same stream waits for older ones. Taken by the
    /// start of the stream, and otherwise dropped at the end.
    pub arrival: Option<Arrival>,
    /// The audit entry of the handshake. Written when the stream starts, with the call it belongs to.
    pub entry: Option<Box<NewAuditEntry>>,
    /// The stream; `None` before its start.
    pub stream: Option<Stream>,
    /// The `streamSid` of the start.
    pub name: Option<String>,
    /// What was skipped so far, for the log.
    pub skipped: Skipped,
    /// Texts for the platform, which its connection sends.
    pub answers: Vec<String>,
}

impl Session {
    /// A session whose stream has not started.
    pub(super) fn new(callstore: Callstore, author: Author, admission: Admission, arrival: Arrival) -> Self {
        let (skipped, answers) = (Skipped::default(), Vec::new());
        let arrival = Some(arrival);
        Self { callstore, author, admission, arrival, entry: None, stream: None, name: None, skipped, answers }
    }

    /// The call, once the stream has started.
    pub(super) fn call(&self) -> Option<Uuid> {
        self.stream.as_ref().map(|stream| stream.media.call_id())
    }

    /// Handles events in their order. `seen` is the platform. After the end of the stream only answers are taken.
    pub(super) async fn take(&mut self, events: impl Iterator<Item = Event>, seen: Option<Name>) -> Result<(), Ending> {
        let mut ended = None;
        for event in events {
            if let Event::Answer(text) = event {
                if ended.as_ref().is_none_or(|ending: &Ending| ending.stopped) {
                    self.answers.push(text);
                }
            } else if ended.is_none() {
                ended = self.handle(event, seen).await.err();
            }
        }
        ended.map_or(Ok(()), Err)
    }

    async fn handle(&mut self, event: Event, seen: Option<Name>) -> Result<(), Ending> {
        match event {
            Event::Frame(frame) => self.frame(frame).await,
            Event::Start(start) => Box::pin(self.start(*start)).await,
            Event::Dtmf { track: of, digit } => {
                let (event_type, track) = (EventType::Dtmf, of.map(track));
                self.event(NewEvent { event_type, track, digit: Some(digit.into()), name: None }).await
            }
            Event::Mark { name } => {
                let event_type = EventType::Mark;
                self.event(NewEvent { event_type, track: None, digit: None, name: Some(name) }).await
            }
            Event::Stop => Err(Ending::stopped()),
            Event::Skipped(reason) => {
                self.skipped.count(reason, 1);
                Ok(())
            }
            Event::Complaint => {
                let dialect = seen.map(Name::as_str);
                tracing::warn!(dialect, call = ?self.call(), "A platform reported an error on its stream.");
                Ok(())
            }
            Event::Ignored => {
                metrics::counter!("callstore_stream_unknown_events_total").increment(1);
                Ok(())
            }
            Event::Refused { refusal, stream_sid } => {
                self.name = self.name.take().or(stream_sid);
                self.arrival = None;
                Err(Ending::unfit(&refusal, seen))
            }
            Event::Answer(text) => {
                self.answers.push(text);
                Ok(())
            }
        }
    }

    async fn start(&mut self, start: Start) -> Result<(), Ending> {
        let Some(arrival) = self.arrival.take() else { return Ok(()) };
        let dialect = start.dialect;
        let (stream, token) = opening(start);
        self.name = Some(stream.stream_sid.clone());
        let token = admission::admit(&self.callstore, &self.admission, dialect, &stream, token.as_ref()).await?;
        let opened = Box::pin(self.callstore.streams.open(stream, self.author, token, arrival)).await;
        let media = opened.map_err(|error| Ending::refused(&error))?;
        if let Some(entry) = self.entry.take() {
            let entry = NewAuditEntry { resource: format!("/calls/{}", media.call_id()), ..*entry };
            Box::pin(self.callstore.audit.add(entry)).await;
        }
        self.stream = Some(Stream { media, frames: Vec::new(), bytes: 0, gather: GATHER, due: None });
        Ok(())
    }

    async fn frame(&mut self, frame: dialects::Frame) -> Result<(), Ending> {
        let Some(stream) = &mut self.stream else {
            self.skipped.count("before_start", 1);
            return Ok(());
        };
        let dialects::Frame { track: of, number: chunk, timestamp_ms, epoch_ms, audio } = frame;
        stream.bytes += audio.len();
        stream.frames.push(Frame { track: track(of), chunk, timestamp_ms, epoch_ms, audio });
        stream.due.get_or_insert_with(|| Instant::now() + stream.gather);
        if stream.frames.len() >= BATCH_MAX || stream.bytes >= GATHER_BYTES {
            return self.store_now().await;
        }
        Ok(())
    }

    /// Stores an event after the frames that came before it.
    async fn event(&mut self, event: NewEvent) -> Result<(), Ending> {
        self.store_now().await?;
        let Some(stream) = &self.stream else {
            self.skipped.count("before_start", 1);
            return Ok(());
        };
        Box::pin(stream.media.add_event(event)).await.map_err(|error| Ending::of(&error))
    }

    /// Stores the gathered frames.
    pub(super) async fn store_now(&mut self) -> Result<(), Ending> {
        let Some(mut stream) = self.stream.take() else { return Ok(()) };
        let stored = Box::pin(self.store(&mut stream)).await;
        self.stream = Some(stream);
        stored.map_err(|error| Ending::of(&error))
    }

    async fn store(&mut self, stream: &mut Stream) -> Result<(), Error> {
        (stream.bytes, stream.due) = (0, None);
        let frames = std::mem::take(&mut stream.frames);
        if frames.is_empty() {
            return Ok(());
        }
        let (begun, gathered, count) = (Instant::now(), stream.gather, wide(frames.len()));
        let added = stream.media.add(frames).await;
        if let Err(Error::CallEnded | Error::CallNotFound) = added {
            self.skipped.count("call_ended", count);
        }
        let refused = added?;
        stream.gather = GATHER.saturating_sub(begun.elapsed());
        metrics::histogram!("callstore_stream_store_seconds").record(gathered + begun.elapsed());
        self.skipped.count("conflict", refused.conflicts);
        self.skipped.count("invalid", refused.invalid);
        self.skipped.count_stored(count - refused.conflicts - refused.invalid);
        Ok(())
    }

    /// Stores what is gathered, and ends the call, or leaves it waiting for the stream to come back.
    pub(super) async fn close(&mut self, mut ending: Ending) -> Ending {
        // Lets newer connections start without waiting for this one to close.
        self.arrival = None;
        let Some(mut stream) = self.stream.take() else { return ending };
        if let Err(error) = Box::pin(self.store(&mut stream)).await {
            ending = Ending::of(&error);
        }
        if !ending.stopped {
            Box::pin(stream.media.close()).await;
        } else if let Err(error) = Box::pin(stream.media.stop()).await {
            ending = Ending::of(&error);
        }
        ending
    }
}

//! A carrier's WebSocket. Messages that are invalid or refused are skipped and counted, so one bad frame never ends a
//! call.

use service::{
    Arrival, Author, CallRef, Callstore, Error, Frame, Interruption, NewAuditEntry, NewEvent,
    audio::{decode_any_base64, number::wide},
    limits::BATCH_MAX,
};
use tokio::time::{Instant, sleep_until};

use super::{
    admission,
    dialect::dialect,
    ending::Ending,
    message::{Malformed, Media, Message, Start},
    start::Opening,
    stream::{GATHER, GATHER_BYTES, Stream, due, interrupted, question},
};
use crate::{
    limits::MEDIA_START_LIMIT,
    socket::{CloseCode, Fault, OpenSocket, Received, Rest, Skipped, Socket},
};

/// The most messages read from a socket in one go, so that other sockets get their turn.
const TURN: usize = 1024;

/// A carrier's WebSocket, from its handshake to its close.
pub(super) struct CarrierSocket {
    /// The call store.
    pub callstore: Callstore,
    /// Who opened the socket, and owns the call that its stream starts.
    pub author: Author,
    /// Whether the stream needs a one-time token.
    pub guarded: bool,
    /// Its place in the order of handshakes: a newer socket of the same stream waits for older ones. Taken by the start
    /// of the stream, and otherwise dropped at the close of the socket.
    pub arrival: Option<Arrival>,
    /// The audit entry of the handshake. Written when the stream starts, with the call it belongs to.
    pub entry: Option<Box<NewAuditEntry>>,
    /// The stream; `None` before `start`.
    pub stream: Option<Stream>,
    /// The `streamSid` of the start.
    pub name: Option<String>,
    /// The dialect of the first message, for the log of a refused stream.
    pub seen: Option<&'static str>,
    /// What was skipped so far, for the log.
    pub skipped: Skipped,
}

impl CarrierSocket {
    /// Receives and stores until the socket must close, and closes it.
    pub(super) async fn run(mut self, mut socket: Socket) {
        let _open = OpenSocket::count("twilio");
        let mut ending = self.listen(&mut socket).await;
        // Lets newer sockets start without waiting for this one to close.
        self.arrival = None;
        let call = self.stream.as_ref().map(|stream| stream.media.call_id());
        if let Some(mut stream) = self.stream.take() {
            if let Err(error) = Box::pin(self.store(&mut stream)).await {
                ending = Ending::of(&error);
            }
            if !ending.stopped {
                Box::pin(stream.media.close()).await;
            } else if let Err(error) = Box::pin(stream.media.stop()).await {
                ending = Ending::of(&error);
            }
        }
        ending.note(call, self.name.as_deref(), self.seen, &self.skipped);
        socket.close(ending.code, &ending.reason).await;
    }

    /// Receives messages until the socket must close. The socket is not read while frames are gathered: the kernel
    /// buffers the next ones, and reading many at once costs less.
    async fn listen(&mut self, socket: &mut Socket) -> Ending {
        let late = Instant::now() + MEDIA_START_LIMIT;
        loop {
            let stream = self.stream.as_ref();
            let gathers = stream.is_some_and(|stream| stream.due.is_some());
            let taken = tokio::select! {
                biased;
                interruption = interrupted(stream) => return Box::pin(self.rest(interruption, socket)).await,
                () = due(stream) => Box::pin(self.take_waiting(None, socket)).await,
                () = sleep_until(late), if self.arrival.is_some() => {
                    return Ending::new(CloseCode::Policy, "No start message arrived in time.");
                }
                received = socket.receive(), if !gathers => Box::pin(self.take_waiting(Some(received), socket)).await,
                question = question(&mut self.arrival) => match (socket.receive_now(), &self.arrival) {
                    (None, Some(arrival)) => {
                        arrival.tell_silent(question);
                        Ok(())
                    }
                    (None, None) => Ok(()),
                    (first, _) => Box::pin(self.take_waiting(first, socket)).await,
                },
            };
            if let Err(ending) = taken {
                return ending;
            }
        }
    }

    /// Handles `first` and all messages that arrived after it. Without `first`, also stores the gathered frames.
    async fn take_waiting(&mut self, first: Option<Received>, socket: &mut Socket) -> Result<(), Ending> {
        let store = first.is_none();
        let (mut next, mut taken) = (first.or_else(|| socket.receive_now()), 0);
        while let Some(received) = next {
            self.take(received).await?;
            taken += 1;
            next = if taken < TURN { socket.receive_now() } else { None };
        }
        if store { self.store_now().await } else { Ok(()) }
    }

    /// Receives what the carrier sent before the socket had to close, as far as the reason for that allows.
    async fn rest(&mut self, interruption: Interruption, socket: &mut Socket) -> Ending {
        let mut left = match interruption {
            Interruption::CallEnded => return interruption.into(),
            Interruption::TakenOver => Rest::given_up(),
            Interruption::HungUp => Rest::about_to_stop(),
            Interruption::Stopping => Rest::on_its_way(),
        };
        loop {
            let taken = tokio::select! {
                biased;
                () = due(self.stream.as_ref()) => self.store_now().await,
                received = socket.receive_rest(&mut left) => match received {
                    Some(received) => self.take(received).await,
                    None => break,
                },
            };
            match taken {
                Ok(()) => {}
                Err(ending) if ending.stopped => return ending,
                Err(_) => break,
            }
        }
        interruption.into()
    }

    async fn take(&mut self, received: Received) -> Result<(), Ending> {
        match received {
            Received::Text(text) => self.read(&text).await,
            Received::Binary(_) => self.skip("binary"),
            Received::Faulty(Fault::TooLong) => self.skip("too_long"),
            Received::Faulty(Fault::NotUtf8) => self.skip("not_utf8"),
            Received::Faulty(Fault::Protocol) => Err(Ending::new(CloseCode::Protocol, "Not a WebSocket frame.")),
            Received::Closed => Err(Ending::new(CloseCode::Normal, "")),
            Received::AccessEnded(reason) => Err(Ending::new(CloseCode::Policy, reason)),
        }
    }

    async fn read(&mut self, text: &str) -> Result<(), Ending> {
        if self.stream.is_none() && self.seen.is_none_or(|seen| seen == "unknown" || seen == "twilio") {
            self.seen = Some(dialect(text));
        }
        match Message::read(text) {
            Err(Malformed) => self.skip("malformed"),
            Ok(Message::Connected) => Ok(()),
            Ok(Message::Unknown) => {
                metrics::counter!("callstore_stream_unknown_events_total").increment(1);
                Ok(())
            }
            Ok(Message::Start { stream_sid, start }) => self.start(stream_sid, *start).await,
            Ok(Message::Media { stream_sid, media }) => self.media(stream_sid, media).await,
            Ok(Message::Dtmf { stream_sid, dtmf }) => self.event(stream_sid, dtmf.into()).await,
            Ok(Message::Mark { stream_sid, mark }) => self.event(stream_sid, mark.into()).await,
            Ok(Message::Stop { stream_sid }) => match self.named(stream_sid) {
                Err("before_start") | Ok(_) => {
                    Err(Ending { stopped: true, ..Ending::new(CloseCode::Normal, "The stream has ended.") })
                }
                Err(reason) => self.skip(reason),
            },
        }
    }

    async fn start(&mut self, stream_sid: Option<String>, start: Start) -> Result<(), Ending> {
        let Some(arrival) = self.arrival.take() else { return self.skip("second_start") };
        let name = stream_sid.as_ref().or(start.stream_sid.as_ref());
        self.name = name.filter(|name| CallRef::parse(name).is_some()).cloned();
        let Opening { stream, big_endian, token } = Opening::new(stream_sid, start)?;
        let token = match self.guarded {
            true => Some(Box::pin(admission::admit(&self.callstore, &stream, token.as_ref())).await?),
            false => None,
        };
        let opened = Box::pin(self.callstore.streams.open(stream, self.author, token, arrival)).await;
        let media = opened.map_err(|error| Ending::refused(&error))?;
        if let Some(entry) = self.entry.take() {
            let entry = NewAuditEntry { resource: format!("/calls/{}", media.call_id()), ..*entry };
            Box::pin(self.callstore.audit.add(entry)).await;
        }
        self.stream = Some(Stream { media, big_endian, frames: Vec::new(), bytes: 0, gather: GATHER, due: None });
        Ok(())
    }

    async fn media(&mut self, stream_sid: Option<String>, media: Media<'_>) -> Result<(), Ending> {
        let stream = match self.named(stream_sid) {
            Ok(stream) => stream,
            Err(reason) => return self.skip(reason),
        };
        let Ok(mut audio) = decode_any_base64(&media.payload) else { return self.skip("bad_base64") };
        if stream.big_endian {
            // With an odd number of bytes the last one stays, and the service refuses the frame.
            audio.chunks_exact_mut(2).for_each(|sample| sample.swap(0, 1));
        }
        stream.bytes += audio.len();
        let track = media.track.unwrap_or(service::Track::Inbound);
        stream.frames.push(Frame { track, chunk: media.chunk, timestamp_ms: media.timestamp, audio });
        stream.due.get_or_insert_with(|| Instant::now() + stream.gather);
        if stream.frames.len() >= BATCH_MAX || stream.bytes >= GATHER_BYTES {
            return self.store_now().await;
        }
        Ok(())
    }

    /// Stores an event after the frames that came before it.
    async fn event(&mut self, stream_sid: Option<String>, event: NewEvent) -> Result<(), Ending> {
        if let Err(reason) = self.named(stream_sid) {
            return self.skip(reason);
        }
        self.store_now().await?;
        let Some(stream) = &self.stream else { return Ok(()) };
        Box::pin(stream.media.add_event(event)).await.map_err(|error| Ending::of(&error))
    }

    /// The stream, if `stream_sid` is absent or names it; otherwise the reason to skip the message.
    fn named(&mut self, stream_sid: Option<String>) -> Result<&mut Stream, &'static str> {
        let stream = self.stream.as_mut().ok_or("before_start")?;
        if stream_sid.is_some() && stream_sid != self.name { Err("other_stream") } else { Ok(stream) }
    }

    /// Stores the gathered frames.
    async fn store_now(&mut self) -> Result<(), Ending> {
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

    fn skip(&mut self, reason: &'static str) -> Result<(), Ending> {
        self.skipped.count(reason, 1);
        Ok(())
    }
}

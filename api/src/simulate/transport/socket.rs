//! What both WebSocket protocols share: sending in time, reading in between, breaking and coming back.

use std::{mem, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_tungstenite::tungstenite::Message;

use super::{
    super::{
        CallFailure,
        call::{Call, Run},
        pace::Pace,
        schedule::{Schedule, Step},
    },
    link::{Link, Lost},
};

/// How long chaos leaves a call without a connection, in milliseconds: a broken one is not noticed at once.
const BROKEN_MS: std::ops::RangeInclusive<u64> = 50..=300;
/// The pause before a socket that broke is opened again; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);
/// How often that is tried, until one has stood for some time.
const TRIES_MAX: u32 = 8;
/// How long a socket has to be open to count as one that has come back.
const STEADY: Duration = Duration::from_secs(2);
/// How many frames wait for their acknowledgement before no more are sent.
const WINDOW: usize = 2_048;
/// How long acknowledgements are waited for after the last frame, and an answer to a stop.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How many frames' room the buffer for messages has.
const BUFFER_BYTES: usize = 2 * 1024;

/// What makes a protocol.
pub trait Protocol: Send {
    /// Where its socket is.
    fn path(&self) -> &str;
    /// What a socket opens with, also one that has come back.
    fn opening(&mut self, call: &mut Call, now: Instant, out: &mut Outbox);
    /// Sends an item.
    fn item(&mut self, call: &mut Call, item: usize, now: Instant, out: &mut Outbox);
    /// Takes what the service says.
    fn take(&mut self, run: &Run, call: &mut Call, text: &Bytes);
    /// The items that are lost if the service dies now.
    fn take_at_risk(&mut self) -> Vec<usize>;
    /// Whether a socket that the service closed in this way may come back.
    fn comes_back(&self, code: u16) -> bool;
}

/// What will be sent, and the memory that it is written in.
#[derive(Default)]
pub struct Outbox {
    messages: Vec<Message>,
    buffer: BytesMut,
}

impl Outbox {
    /// Adds what `write` writes, in the way that it says: binary or not, or not at all.
    pub fn add(&mut self, write: impl FnOnce(&mut BytesMut) -> Option<bool>) {
        self.buffer.reserve(BUFFER_BYTES);
        if let Some(binary) = write(&mut self.buffer) {
            self.messages.push(super::link::message(&mut self.buffer, binary));
        }
    }

    /// Adds a text.
    pub fn text(&mut self, text: String) {
        self.messages.push(Message::text(text));
    }
}

/// A call on its socket.
pub struct Session<'a, P> {
    run: &'a Run,
    /// The call.
    pub call: &'a mut Call,
    protocol: P,
    link: Link,
    outbox: Outbox,
    /// Connections that were broken on purpose: whether the service has taken all that was sent, and what else is lost.
    left: Vec<(JoinHandle<bool>, Vec<usize>)>,
    /// Since when the socket is open. What could not be sent before is not late for want of pacing.
    open_since: Instant,
    /// How often the socket was opened again since it was last steady.
    tries: u32,
}

impl<'a, P: Protocol> Session<'a, P> {
    /// Opens the socket.
    pub async fn open(run: &'a Run, call: &'a mut Call, protocol: P) -> Result<Self, CallFailure> {
        let (link, outbox, left) = (Link::none(), Outbox::default(), Vec::new());
        let mut session = Self { run, call, protocol, link, outbox, left, open_since: Instant::now(), tries: 0 };
        session.connect().await?;
        Ok(session)
    }

    /// Sends all that the call has to send, in time.
    pub async fn send(&mut self, pace: Pace) -> Result<(), CallFailure> {
        let pace = pace.not_before(Instant::now());
        let mut schedule = Schedule::new(self.call.chaos);
        let mut steps = Vec::new();
        while !self.run.stop.is_wished() {
            let call = &mut *self.call;
            let Some(due) = schedule.next(&call.source, &mut call.ledger.counts, &mut steps) else { break };
            let deadline = pace.deadline(due);
            if let Some(deadline) = deadline {
                self.wait_until(deadline).await?;
                if self.run.stop.is_wished() {
                    break;
                }
            }
            self.make_room(WINDOW, None).await?;
            let (now, mut frames) = (Instant::now(), 0);
            for step in steps.drain(..) {
                match step {
                    Step::Send(item) => {
                        self.protocol.item(self.call, item, now, &mut self.outbox);
                        frames += 1;
                    }
                    Step::Break => self.break_off().await?,
                }
            }
            self.run.progress.sent(frames);
            if let Some(deadline) = deadline {
                let late = now.saturating_duration_since(deadline.max(self.open_since));
                self.run.measure(|measures| measures.lateness.note(late, frames));
            }
            self.flush().await?;
        }
        Ok(())
    }

    /// Waits until no frame waits for its acknowledgement.
    pub async fn settle(&mut self) -> Result<(), CallFailure> {
        self.make_room(1, Some(Instant::now() + PATIENCE)).await
    }

    /// Sends a last text, waits for the service to close the socket, and closes it.
    pub async fn finish(mut self, farewell: Option<String>) -> Result<(), CallFailure> {
        for (taken, items) in mem::take(&mut self.left) {
            if !taken.await.unwrap_or(false) {
                self.call.ledger.doubt(items);
            }
        }
        let mut may_be_heard = false;
        while let Some(farewell) = &farewell {
            self.outbox.text(farewell.clone());
            let lost = self.part().await;
            if matches!(lost, Lost::Closed { code: 1000 | 1005, .. }) {
                break;
            }
            may_be_heard |= matches!(lost, Lost::Broken(_));
            match self.recover(lost).await {
                // It was heard, and the connection broke before the answer.
                Err(CallFailure::Closed { code: 1008, .. }) if may_be_heard => break,
                recovered => recovered?,
            }
        }
        self.link.close().await;
        Ok(())
    }

    /// Sends what is in the outbox, and waits until the socket closes. If the service does not close it, we do; whether the
    /// call has ended is looked at later.
    async fn part(&mut self) -> Lost {
        let Self { run, call, protocol, link, outbox, .. } = self;
        if let Err(lost) = link.send(&mut outbox.messages, |text| protocol.take(run, call, text)).await {
            return lost;
        }
        let closing = async {
            loop {
                if let Err(lost) = link.receive().await {
                    return lost;
                }
            }
        };
        let unanswered = |_| Lost::Closed { code: 1005, reason: String::new() };
        time::timeout(PATIENCE, closing).await.unwrap_or_else(unanswered)
    }

    /// Reads until fewer than `room` frames wait for their acknowledgement.
    async fn make_room(&mut self, room: usize, deadline: Option<Instant>) -> Result<(), CallFailure> {
        while self.call.ledger.waiting() >= room {
            let received = match deadline {
                None => self.link.receive().await,
                Some(deadline) => match time::timeout_at(deadline, self.link.receive()).await {
                    Ok(received) => received,
                    Err(_) => {
                        let frames = self.call.ledger.waiting();
                        return Err(CallFailure::Unacknowledged { frames, seconds: PATIENCE.as_secs() });
                    }
                },
            };
            self.took(received).await?;
        }
        Ok(())
    }

    async fn wait_until(&mut self, deadline: Instant) -> Result<(), CallFailure> {
        loop {
            let received = tokio::select! {
                biased;
                received = self.link.receive() => received,
                () = self.run.stop.sleep_until(deadline) => return Ok(()),
            };
            self.took(received).await?;
        }
    }

    async fn took(&mut self, received: Result<Bytes, Lost>) -> Result<(), CallFailure> {
        match received {
            Ok(text) => {
                self.protocol.take(self.run, self.call, &text);
                Ok(())
            }
            Err(lost) => self.recover(lost).await,
        }
    }

    /// Sends what is in the outbox.
    async fn flush(&mut self) -> Result<(), CallFailure> {
        let Self { run, call, protocol, link, outbox, .. } = self;
        match link.send(&mut outbox.messages, |text| protocol.take(run, call, text)).await {
            Ok(()) => Ok(()),
            Err(lost) => self.recover(lost).await,
        }
    }

    /// Breaks the connection as a network does, without a word, once all is sent; and comes back.
    async fn break_off(&mut self) -> Result<(), CallFailure> {
        self.flush().await?;
        let at_risk = self.protocol.take_at_risk();
        if at_risk.is_empty() {
            self.link.drop_without_close();
        } else {
            self.left.push((tokio::spawn(self.link.fall_silent()), at_risk));
        }
        time::sleep(Duration::from_millis(fastrand::u64(BROKEN_MS))).await;
        self.connect().await
    }

    /// Comes back after a connection broke by itself.
    async fn recover(&mut self, lost: Lost) -> Result<(), CallFailure> {
        self.call.ledger.doubt(self.protocol.take_at_risk());
        let failure = self.failure(lost);
        if self.open_since.elapsed() > STEADY {
            self.tries = 0;
        }
        self.pause(failure).await?;
        self.connect().await?;
        self.call.ledger.counts.reconnects += 1;
        Ok(())
    }

    /// Opens the socket, and opens it again where it breaks at once.
    async fn connect(&mut self) -> Result<(), CallFailure> {
        while let Err(failure) = self.try_connect().await {
            self.pause(failure).await?;
        }
        Ok(())
    }

    async fn try_connect(&mut self) -> Result<(), CallFailure> {
        self.link = Link::open(&self.run.endpoint, self.protocol.path()).await?;
        // What was not sent is lost with its connection, or waits for its acknowledgement and is sent again.
        self.outbox.messages.clear();
        self.open_since = Instant::now();
        self.protocol.opening(self.call, self.open_since, &mut self.outbox);
        let Self { run, call, protocol, link, outbox, .. } = self;
        let sent = link.send(&mut outbox.messages, |text| protocol.take(run, call, text)).await;
        sent.map_err(|lost| self.failure(lost))
    }

    /// Waits before the socket is opened again; fails where it does not come back.
    async fn pause(&mut self, failure: CallFailure) -> Result<(), CallFailure> {
        let comes_back = match &failure {
            CallFailure::Broken { .. } | CallFailure::Handshake { status: 503, .. } => true,
            CallFailure::Closed { code, .. } => self.protocol.comes_back(*code),
            _ => false,
        };
        if !comes_back || self.tries >= TRIES_MAX {
            return Err(failure);
        }
        time::sleep(PAUSE * 2_u32.pow(self.tries)).await;
        self.tries += 1;
        Ok(())
    }

    fn failure(&self, lost: Lost) -> CallFailure {
        match lost {
            Lost::Closed { code, reason } => CallFailure::Closed { code, reason },
            Lost::Broken(reason) => CallFailure::Broken { path: self.protocol.path().to_owned(), reason },
        }
    }
}

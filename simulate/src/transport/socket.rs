//! The part that both WebSocket protocols share: pacing, receiving, breaking the connection and reconnecting.

use std::{mem, time::Duration};

use bytes::{Bytes, BytesMut};
use tokio::{
    task::JoinHandle,
    time::{self, Instant},
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    call::Call,
    error::CallFailure,
    link::{self, Link, Lost},
    pace::Pace,
    run::Run,
    schedule::{Schedule, Step},
};

/// How long a call stays without a connection after chaos broke it, in milliseconds.
const BROKEN_MS: std::ops::RangeInclusive<u64> = 50..=300;
/// The pause before the first reconnect; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);
/// Reconnects without a steady connection in between, after which the call fails.
const TRIES_MAX: u32 = 8;
/// How long a connection has to last to reset the count of reconnects.
const STEADY: Duration = Duration::from_secs(2);
/// The most frames in flight. Sending pauses at this number.
const WINDOW: usize = 2_048;
/// How long to wait for acknowledgements after the last frame, and for the close frame after a stop message.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// The memory reserved before a message is written.
const BUFFER_BYTES: usize = 2 * 1024;

/// The part that differs between the WebSocket protocols.
pub(super) trait Protocol: Send {
    /// The path of the WebSocket.
    fn path(&self) -> &str;
    /// Adds the messages that open a connection, on the first connect and on each reconnect.
    fn opening(&mut self, call: &mut Call, now: Instant, out: &mut Outbox);
    /// Adds the message of an item.
    fn item(&mut self, call: &mut Call, item: usize, now: Instant, out: &mut Outbox);
    /// Handles a message of the service.
    fn take(&mut self, run: &Run, call: &mut Call, text: &Bytes);
    /// Returns and forgets the items that may be lost if the connection breaks now.
    fn take_at_risk(&mut self) -> Vec<usize>;
    /// Whether to reconnect after the service closed the connection with this code.
    fn comes_back(&self, code: u16) -> bool;
}

/// Messages to be sent, and the buffer in which they are written.
#[derive(Default)]
pub(super) struct Outbox {
    messages: Vec<Message>,
    buffer: BytesMut,
}

impl Outbox {
    /// Adds the message that `write` writes. `write` returns whether it is binary, or `None` if it wrote nothing.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut BytesMut) -> Option<bool>) {
        self.buffer.reserve(BUFFER_BYTES);
        if let Some(binary) = write(&mut self.buffer) {
            self.messages.push(link::message(&mut self.buffer, binary));
        }
    }

    /// Adds a text message.
    pub(super) fn text(&mut self, text: String) {
        self.messages.push(Message::text(text));
    }
}

/// Sends a call over WebSockets. It outlives its connections, which break and are replaced.
pub(super) struct Sender<'a, P> {
    run: &'a Run,
    /// The call, with its ledger.
    pub call: &'a mut Call,
    protocol: P,
    link: Link,
    outbox: Outbox,
    /// Per connection that chaos broke: a task that tells whether the service stored all of it, and the items at risk.
    left: Vec<(JoinHandle<bool>, Vec<usize>)>,
    /// When the current connection was opened. Frames that were due earlier do not count as late.
    open_since: Instant,
    /// Reconnects since the connection was last steady.
    tries: u32,
}

impl<'a, P: Protocol> Sender<'a, P> {
    /// Opens the first connection.
    pub(super) async fn open(run: &'a Run, call: &'a mut Call, protocol: P) -> Result<Self, CallFailure> {
        let (link, outbox, left) = (Link::none(), Outbox::default(), Vec::new());
        let mut sender = Self { run, call, protocol, link, outbox, left, open_since: Instant::now(), tries: 0 };
        sender.connect().await?;
        Ok(sender)
    }

    /// Sends the call's items when they are due, until a stop is requested.
    pub(super) async fn send(&mut self, pace: Pace) -> Result<(), CallFailure> {
        let pace = pace.not_before(Instant::now());
        let mut schedule = Schedule::new(self.call.chaos);
        let mut steps = Vec::new();
        while !self.run.stop.is_requested() {
            let call = &mut *self.call;
            let Some(due) = schedule.next(&call.source, &mut call.ledger.counts, &mut steps) else { break };
            let deadline = pace.deadline(due);
            if let Some(deadline) = deadline {
                self.wait_until(deadline).await?;
                if self.run.stop.is_requested() {
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

    /// Waits until every frame in flight is acknowledged.
    pub(super) async fn settle(&mut self) -> Result<(), CallFailure> {
        self.make_room(1, Some(Instant::now() + PATIENCE)).await
    }

    /// Sends the stop message, if the protocol has one, waits for the service to close the connection, and closes it.
    /// Reconnects and repeats the stop message if the connection breaks before that.
    pub(super) async fn finish(mut self, farewell: Option<String>) -> Result<(), CallFailure> {
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
                // The service had received the stop message before the connection broke, so the call has ended.
                Err(CallFailure::Closed { code: 1008, .. }) if may_be_heard => break,
                recovered => recovered?,
            }
        }
        self.link.close().await;
        Ok(())
    }

    /// Sends the outbox and waits for the close frame. Without one, returns as if there were: the caller checks later
    /// whether the call has ended.
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

    /// Receives until fewer than `room` frames are in flight.
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

    /// Sends the outbox.
    async fn flush(&mut self) -> Result<(), CallFailure> {
        let Self { run, call, protocol, link, outbox, .. } = self;
        match link.send(&mut outbox.messages, |text| protocol.take(run, call, text)).await {
            Ok(()) => Ok(()),
            Err(lost) => self.recover(lost).await,
        }
    }

    /// Sends the outbox, breaks the connection without a close frame, as a network failure does, and reconnects after a
    /// while.
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

    /// Reconnects after the connection broke unexpectedly.
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

    /// Opens a connection, and tries again if it breaks at once.
    async fn connect(&mut self) -> Result<(), CallFailure> {
        while let Err(failure) = self.try_connect().await {
            self.pause(failure).await?;
        }
        Ok(())
    }

    async fn try_connect(&mut self) -> Result<(), CallFailure> {
        self.link = Link::open(&self.run.endpoint, self.protocol.path()).await?;
        // These messages are lost with their connection, or are unacknowledged and sent again.
        self.outbox.messages.clear();
        self.open_since = Instant::now();
        self.protocol.opening(self.call, self.open_since, &mut self.outbox);
        let Self { run, call, protocol, link, outbox, .. } = self;
        let sent = link.send(&mut outbox.messages, |text| protocol.take(run, call, text)).await;
        sent.map_err(|lost| self.failure(lost))
    }

    /// Pauses before a reconnect. Returns `failure` if the code forbids a reconnect or there were too many.
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is cured by another connection")]
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

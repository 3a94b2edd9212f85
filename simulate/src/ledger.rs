//! Records what a call has sent and what was acknowledged. An item costs a few bits, so a call of hours costs
//! kilobytes.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use crate::frame::Frame;

/// Counters of a call or a run. Each frame counts once, however often it was sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Frames that were sent.
    pub sent: u64,
    /// Frames that the service confirmed to be on disk.
    pub acknowledged: u64,
    /// Frames that chaos dropped.
    pub lost: u64,
    /// Frames that chaos sent a second time.
    pub duplicated: u64,
    /// Frames that chaos sent after later ones.
    pub reordered: u64,
    /// Frames that were sent again after a reconnect because they were unacknowledged.
    pub resent: u64,
    /// Times that chaos paused a call, which then caught up at once.
    pub stalls: u64,
    /// Connections that chaos broke.
    pub breaks: u64,
    /// Connections that broke unexpectedly and were restored.
    pub reconnects: u64,
}

impl Counts {
    /// Adds the counters of another call.
    pub fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.acknowledged += other.acknowledged;
        self.lost += other.lost;
        self.duplicated += other.duplicated;
        self.reordered += other.reordered;
        self.resent += other.resent;
        self.stalls += other.stalls;
        self.breaks += other.breaks;
        self.reconnects += other.reconnects;
    }
}

/// The record of one call.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    /// The counters so far.
    pub counts: Counts,
    /// One bit per item: it was sent.
    sent: Bits,
    /// One bit per item: the service confirmed it.
    acknowledged: Bits,
    /// One bit per item: it was sent shortly before its connection broke, so the service may not have stored it.
    doubtful: Bits,
    /// Sent items without an answer, oldest first.
    in_flight: VecDeque<InFlight>,
}

/// An item that was sent and not yet answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InFlight {
    /// The item's index in the source.
    pub item: usize,
    frame: Frame,
    sent_at: Instant,
}

#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
    fn get(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    /// Sets a bit, and returns whether it was clear before.
    fn set(&mut self, index: usize) -> bool {
        if self.0.len() <= index / 64 {
            self.0.resize(index / 64 + 1, 0);
        }
        let word = &mut self.0[index / 64];
        let before = *word;
        *word |= 1 << (index % 64);
        *word != before
    }
}

impl Ledger {
    /// Records that an item was sent.
    pub(crate) fn send(&mut self, item: usize) {
        self.counts.sent += u64::from(self.sent.set(item));
    }

    /// Records that an item was sent and that its acknowledgement is due.
    pub(crate) fn await_ack(&mut self, item: usize, frame: Frame, sent_at: Instant) {
        self.send(item);
        self.in_flight.push_back(InFlight { item, frame, sent_at });
    }

    /// Records that the service confirmed an item.
    pub(crate) fn acknowledge(&mut self, item: usize) {
        self.counts.acknowledged += u64::from(self.acknowledged.set(item));
    }

    /// Records that items may have been lost with their connection.
    pub(crate) fn doubt(&mut self, items: impl IntoIterator<Item = usize>) {
        for item in items {
            self.doubtful.set(item);
        }
    }

    /// Records the answer to a frame and returns the time since it was sent. `None` if no such frame is in flight.
    pub(crate) fn settle(&mut self, outbound: bool, sequence: u32, now: Instant, stored: bool) -> Option<Duration> {
        let fits =
            |waiting: &InFlight| (waiting.frame.track.is_outbound(), waiting.frame.sequence) == (outbound, sequence);
        // Answers usually come in the order of sending, so the search ends early.
        let place = self.in_flight.iter().position(fits)?;
        let waiting = self.in_flight.remove(place)?;
        if stored {
            self.acknowledge(waiting.item);
        }
        Some(now.saturating_duration_since(waiting.sent_at))
    }

    /// The number of frames in flight.
    pub(crate) fn waiting(&self) -> usize {
        self.in_flight.len()
    }

    /// Removes all frames in flight and returns those without an acknowledgement, sorted, each once. Called after a
    /// reconnect.
    pub(crate) fn take_waiting(&mut self) -> Vec<usize> {
        let mut items: Vec<_> = self.in_flight.drain(..).map(|waiting| waiting.item).collect();
        items.retain(|&item| !self.acknowledged.get(item));
        items.sort_unstable();
        items.dedup();
        items
    }

    /// Whether an item was sent.
    pub(crate) fn was_sent(&self, item: usize) -> bool {
        self.sent.get(item)
    }

    /// Whether an item may have been lost with its connection.
    pub(crate) fn is_doubtful(&self, item: usize) -> bool {
        self.doubtful.get(item)
    }

    /// Whether the service confirmed an item.
    pub(crate) fn was_acknowledged(&self, item: usize) -> bool {
        self.acknowledged.get(item)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Track;

    fn frame(sequence: u32) -> Frame {
        Frame { track: Track::Inbound, sequence, timestamp_ms: 0, bytes: 160 }
    }

    #[test]
    fn a_frame_counts_once_however_often_it_is_sent_and_acknowledged() {
        let (mut ledger, now) = (Ledger::default(), Instant::now());
        for (item, sequence) in [(0, 1), (100, 2), (100, 2), (3, 3)] {
            ledger.await_ack(item, frame(sequence), now);
        }
        assert!(ledger.settle(false, 2, now, true).is_some());
        assert!(ledger.settle(true, 1, now, true).is_none(), "another track");
        assert!(ledger.settle(false, 1, now, false).is_some(), "refused");
        assert_eq!((ledger.counts.sent, ledger.counts.acknowledged, ledger.waiting()), (3, 1, 2));
        assert!(ledger.was_sent(0) && !ledger.was_acknowledged(0) && ledger.was_acknowledged(100));
        assert_eq!(ledger.take_waiting(), [3], "what is acknowledged already is not sent again");
        assert_eq!(ledger.waiting(), 0);
    }
}

//! The order of a call's items and their due times, with or without chaos.

use std::time::Duration;

use crate::{ledger::Counts, source::Source};

/// The chances that a frame is dropped, repeated or delayed.
const LOSS: f64 = 0.005;
const DUPLICATE: f64 = 0.01;
const REORDER: f64 = 0.01;
/// The most steps by which a repeated or delayed frame is late.
const LATER_MAX: u64 = 8;
/// The chances that a step begins a stall or breaks the connection: about every 10 s with steps of 20 ms.
const STALL: f64 = 0.002;
const BREAK: f64 = 0.002;
/// The length of a stall.
const STALL_MS: std::ops::RangeInclusive<u64> = 200..=2_000;

/// An action of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Send the item with this index.
    Send(usize),
    /// Break the connection.
    Break,
}

/// The remaining steps of one call.
#[derive(Debug)]
pub(crate) struct Schedule {
    /// The first item that has not been scheduled.
    next: usize,
    /// The number of steps so far. Only chaos uses it.
    turn: u64,
    /// Items that chaos delays or repeats: the turn at which each is sent, and its index.
    later: Vec<(u64, usize)>,
    chaos: Option<Chaos>,
}

#[derive(Debug)]
struct Chaos {
    random: fastrand::Rng,
    /// The end of the current stall. Steps that fall into it become due at its end.
    silent_until: Duration,
    /// Per track, whether a frame was sent. Chaos spares a track's first frame, because it defines where the track
    /// begins.
    begun: [bool; 2],
}

impl Schedule {
    /// Creates the schedule of a call. `chaos` is the seed of its faults.
    #[must_use]
    pub(crate) fn new(chaos: Option<u64>) -> Self {
        let chaos = chaos.map(|seed| Chaos {
            random: fastrand::Rng::with_seed(seed),
            silent_until: Duration::ZERO,
            begun: [false; 2],
        });
        Self { next: 0, turn: 0, later: Vec::new(), chaos }
    }

    /// Replaces `steps` with the next ones and returns when they are due; `None` at the end.
    pub(crate) fn next(&mut self, source: &Source, counts: &mut Counts, steps: &mut Vec<Step>) -> Option<Duration> {
        steps.clear();
        let items = source.items();
        if self.next >= items && self.later.is_empty() {
            return None;
        }
        let due = source.due(self.next.min(items.saturating_sub(1)));
        let begin = self.next;
        while self.next < items && source.due(self.next) == due {
            self.next += 1;
        }
        let Some(chaos) = &mut self.chaos else {
            steps.extend((begin..self.next).map(Step::Send));
            return Some(due);
        };
        if self.turn > 0 && chaos.random.f64() < BREAK {
            steps.push(Step::Break);
            counts.breaks += 1;
        }
        if chaos.random.f64() < STALL {
            chaos.silent_until = due + Duration::from_millis(chaos.random.u64(STALL_MS));
            counts.stalls += 1;
        }
        for item in begin..self.next {
            chaos.disturb(item, source, self.turn, counts, steps, &mut self.later);
        }
        let (turn, over) = (self.turn, self.next >= items);
        self.later.retain(|&(when, item)| {
            let keep = when > turn && !over;
            if !keep {
                steps.push(Step::Send(item));
            }
            keep
        });
        self.turn += 1;
        Some(due.max(chaos.silent_until))
    }
}

impl Chaos {
    fn disturb(
        &mut self,
        item: usize,
        source: &Source,
        turn: u64,
        counts: &mut Counts,
        steps: &mut Vec<Step>,
        later: &mut Vec<(u64, usize)>,
    ) {
        let begun = match source.frame(item) {
            Some(frame) => std::mem::replace(&mut self.begun[usize::from(frame.track.is_outbound())], true),
            None => false,
        };
        if !begun {
            return steps.push(Step::Send(item));
        }
        let chance = self.random.f64();
        if chance < LOSS {
            counts.lost += 1;
        } else if chance < LOSS + REORDER {
            counts.reordered += 1;
            later.push((turn + self.random.u64(1..=LATER_MAX), item));
        } else {
            steps.push(Step::Send(item));
            if chance < LOSS + REORDER + DUPLICATE {
                counts.duplicated += 1;
                later.push((turn + self.random.u64(0..=LATER_MAX), item));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::synthetic::Synthetic;

    fn play(chaos: Option<u64>) -> (Vec<Step>, Counts, Duration) {
        let source = Source::Synthetic(Arc::new(Synthetic::new(1, Duration::from_secs(60), 2, 20)), 0);
        let (mut schedule, mut counts, mut steps, mut all) = (Schedule::new(chaos), Counts::default(), vec![], vec![]);
        let mut last = Duration::ZERO;
        while let Some(due) = schedule.next(&source, &mut counts, &mut steps) {
            assert!(due >= last);
            last = due;
            all.extend_from_slice(&steps);
        }
        (all, counts, last)
    }

    #[test]
    fn without_chaos_every_item_is_sent_once_in_order() {
        let (steps, counts, last) = play(None);
        assert_eq!(steps, (0..6_000).map(Step::Send).collect::<Vec<_>>());
        assert_eq!((counts, last), (Counts::default(), Duration::from_millis(59_980)));
    }

    #[test]
    fn chaos_is_the_same_for_the_same_seed_and_does_all_that_it_should() {
        let (steps, counts, _) = play(Some(42));
        assert_eq!(steps, play(Some(42)).0);
        assert_ne!(steps, play(Some(43)).0);
        let breaks = steps.iter().filter(|step| **step == Step::Break).count() as u64;
        assert_eq!(breaks, counts.breaks);
        for count in [counts.lost, counts.duplicated, counts.reordered, counts.stalls, counts.breaks] {
            assert!((1..200).contains(&count), "{counts:?}");
        }
        let mut items: Vec<_> =
            steps.iter().filter_map(|step| if let Step::Send(item) = step { Some(*item) } else { None }).collect();
        assert_eq!(items.len() as u64, 6_000 - counts.lost + counts.duplicated);
        assert_eq!(items[..2], [0, 1]);
        items.sort_unstable();
        items.dedup();
        assert_eq!(items.len() as u64, 6_000 - counts.lost);
    }
}

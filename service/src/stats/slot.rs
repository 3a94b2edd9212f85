//! What statistics need of the calls of one slot, and its packed form.
//!
//! Packed: a version, the names of agents and languages, then the calls column by column, which a reader takes apart
//! without branches. Lengths and numbers are little-endian. A name is in the slot of its calls and nowhere else, so
//! that it goes with the last of them.
//!
//! A call takes 9 bytes, or 25 with computed figures, and one or four for each of agent and language. Columns in
//! place of rows let a reader that filters skip what it does not need, and they compress well in a backup.
//!
//! A version that a reader does not know makes the slot damaged and the answer an error. A later version of the format
//! therefore has to mark all slots in its migration, so that they are built anew.

use std::collections::HashMap;

use audio::number::wide;

use crate::{
    Error, Private, Timestamp,
    calls::{Direction, EndReason, Status},
};

/// Length of a slot, in milliseconds. The migration that makes the table has the same number.
pub(super) const SLOT_MS: i64 = 10_800_000;
const VERSION: u8 = 1;
/// Stands for no number, and for one that is in the list of large numbers.
const NONE: u32 = u32::MAX;
const LARGE: u32 = u32::MAX - 1;

/// The slot in which calls that begin at a time are.
///
/// Slots are counted from 1970 in UTC and divide each day into eight, in every time zone with whole hours. Intervals of
/// other zones cut through slots, which is why calls are counted one by one and slots hold no sums.
pub(super) fn slot_of(time: Timestamp) -> i64 {
    time.0 - time.0.rem_euclid(SLOT_MS)
}

/// A call as statistics count it. Its names are places in the lists of the slot, from 1; 0 is none.
///
/// `start` is in milliseconds since 1970. A call that has not ended has no duration and no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counted {
    pub start: i64,
    pub duration_ms: Option<u64>,
    pub status: Status,
    pub direction: Option<Direction>,
    pub end_reason: Option<EndReason>,
    pub agent: u32,
    pub language: u32,
    pub computed: Option<ComputedFigures>,
}

/// A call's computed analytics.
///
/// In milliseconds, but for the number of interruptions. A latency is missing if the agent never answered the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ComputedFigures {
    pub talk_time_ms: u32,
    pub silence_time_ms: u32,
    pub interruptions: u32,
    pub response_latency_ms: Option<u32>,
}

/// Names, each once.
#[derive(Default)]
pub(super) struct Names {
    pub all: Vec<Private>,
    places: HashMap<String, u32>,
}

impl Names {
    /// A name's place, from 1; 0 for none.
    ///
    /// Places are given in the order in which names first occur, so the same calls always pack to the same bytes.
    pub(super) fn place(&mut self, name: Option<Private>) -> u32 {
        let Some(name) = name else { return 0 };
        if let Some(place) = self.places.get(name.expose()) {
            return *place;
        }
        let place = u32::try_from(self.all.len() + 1).unwrap_or(u32::MAX);
        self.places.insert(name.expose().clone(), place);
        self.all.push(name);
        place
    }
}

/// Calls, in the order of their start.
#[derive(Default)]
pub(super) struct Slot {
    pub agents: Names,
    pub languages: Names,
    pub calls: Vec<Counted>,
}

const STATUSES: [Status; 4] = [Status::Active, Status::Finalizing, Status::Completed, Status::Failed];
const DIRECTIONS: [Direction; 2] = [Direction::Inbound, Direction::Outbound];
const REASONS: [EndReason; 5] = [
    EndReason::Api,
    EndReason::StreamStop,
    EndReason::StreamDisconnect,
    EndReason::IdleTimeout,
    EndReason::MaxDuration,
];

/// A number of a call.
type Field = fn(&Counted) -> u32;

/// Place of a value from 1; 0 for none.
fn number<T: PartialEq>(all: &[T], value: Option<&T>) -> u8 {
    let place = all.iter().position(|known| Some(known) == value);
    place.and_then(|place| u8::try_from(place + 1).ok()).unwrap_or(0)
}

fn value<T: Copy>(all: &[T], number: u8) -> Option<T> {
    usize::from(number).checked_sub(1).and_then(|place| all.get(place)).copied()
}

impl Slot {
    /// The packed form of a slot that begins at `start`.
    ///
    /// In order: the version; for agents and languages, their number, and the length and bytes of each; the number of
    /// calls; then the columns start (since `start`, 4 bytes), duration (4), code (1: status in the low 3 bits,
    /// direction in 2, reason in 3), agent, language; whether there are figures, and their four columns; and last the
    /// durations that do not fit into four bytes (8 each), in the order of their calls.
    pub(super) fn pack(&self, start: i64) -> Vec<u8> {
        let calls = &self.calls;
        let mut bytes = vec![VERSION];
        let length = |bytes: &mut Vec<u8>, length: usize| {
            bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        };
        for names in [&self.agents, &self.languages] {
            length(&mut bytes, names.all.len());
            for name in &names.all {
                length(&mut bytes, name.expose().len());
                bytes.extend(name.expose().as_bytes());
            }
        }
        length(&mut bytes, calls.len());
        let mut large = Vec::new();
        let column = |bytes: &mut Vec<u8>, of: &mut dyn FnMut(&Counted) -> u32| {
            for call in calls {
                bytes.extend(of(call).to_le_bytes());
            }
        };
        column(&mut bytes, &mut |call| u32::try_from(call.start - start).unwrap_or(0));
        column(&mut bytes, &mut |call| match call.duration_ms {
            None => NONE,
            Some(duration) => u32::try_from(duration).ok().filter(|duration| *duration < LARGE).unwrap_or_else(|| {
                large.push(duration);
                LARGE
            }),
        });
        let code = |call: &Counted| {
            number(&STATUSES, Some(&call.status))
                | number(&DIRECTIONS, call.direction.as_ref()) << 3
                | number(&REASONS, call.end_reason.as_ref()) << 5
        };
        bytes.extend(calls.iter().map(code));
        let named: [(&Names, Field); 2] = [(&self.agents, |call| call.agent), (&self.languages, |call| call.language)];
        for (names, of) in named {
            // A name takes one byte if there are few.
            match names.all.len() {
                0 => {}
                1..=255 => bytes.extend(calls.iter().map(|call| u8::try_from(of(call)).unwrap_or(0))),
                _ => column(&mut bytes, &mut |call| of(call)),
            }
        }
        let has_figures = calls.iter().any(|call| call.computed.is_some());
        bytes.push(u8::from(has_figures));
        if has_figures {
            let figure = |of: fn(ComputedFigures) -> Option<u32>| {
                move |call: &Counted| call.computed.and_then(of).unwrap_or(NONE)
            };
            column(&mut bytes, &mut figure(|figures| Some(figures.talk_time_ms.min(LARGE))));
            column(&mut bytes, &mut figure(|figures| Some(figures.silence_time_ms.min(LARGE))));
            column(&mut bytes, &mut figure(|figures| Some(figures.interruptions.min(LARGE))));
            column(&mut bytes, &mut figure(|figures| figures.response_latency_ms));
        }
        bytes.extend(large.iter().flat_map(|duration| duration.to_le_bytes()));
        bytes
    }

    /// Reads the packed form.
    ///
    /// Every length is checked against what is left, and every place against its list, so that no bytes can make this
    /// panic or read elsewhere. A test cuts a slot at every byte.
    ///
    /// # Errors
    /// `Damaged` if it is none.
    pub(super) fn unpack(start: i64, bytes: &[u8]) -> Result<Self, Error> {
        Reader(bytes).slot(start).ok_or(Error::Damaged("a slot of the statistics"))
    }
}

/// The rest of a packed slot.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn length(&mut self) -> Option<usize> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    fn names(&mut self) -> Option<Names> {
        let count = self.length()?;
        let mut names = Names::default();
        for _ in 0..count {
            let length = self.length()?;
            names.all.push(str::from_utf8(self.take(length)?).ok()?.into());
        }
        Some(names)
    }

    fn column(&mut self, calls: usize) -> Option<&'a [[u8; 4]]> {
        Some(self.take(calls.checked_mul(4)?)?.as_chunks().0)
    }

    fn places(&mut self, names: &Names, calls: usize) -> Option<Places<'a>> {
        Some(match names.all.len() {
            0 => Places::None,
            1..=255 => Places::Short(self.take(calls)?),
            _ => Places::Long(self.column(calls)?),
        })
    }

    fn slot(mut self, start: i64) -> Option<Slot> {
        if self.take(1)? != [VERSION] {
            return None;
        }
        let (agents, languages) = (self.names()?, self.names()?);
        let count = self.length()?;
        let (starts, durations) = (self.column(count)?, self.column(count)?);
        let codes = self.take(count)?;
        let (agent, language) = (self.places(&agents, count)?, self.places(&languages, count)?);
        let figures = if self.take(1)? == [1] {
            Some([self.column(count)?, self.column(count)?, self.column(count)?, self.column(count)?])
        } else {
            None
        };
        let mut large = self.0.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
        let mut calls = Vec::with_capacity(count);
        for index in 0..count {
            let at = |column: &[[u8; 4]]| u32::from_le_bytes(column[index]);
            let code = codes[index];
            let computed = figures.and_then(|[talk, silence, interruptions, latency]| {
                (at(talk) != NONE).then(|| ComputedFigures {
                    talk_time_ms: at(talk),
                    silence_time_ms: at(silence),
                    interruptions: at(interruptions),
                    response_latency_ms: Some(at(latency)).filter(|latency| *latency != NONE),
                })
            });
            calls.push(Counted {
                start: start + i64::from(at(starts)),
                duration_ms: match at(durations) {
                    NONE => None,
                    LARGE => Some(large.next()?),
                    duration => Some(duration.into()),
                },
                status: value(&STATUSES, code & 7)?,
                direction: value(&DIRECTIONS, code >> 3 & 3),
                end_reason: value(&REASONS, code >> 5),
                agent: agent.at(index),
                language: language.at(index),
                computed,
            });
        }
        let fits = |place: u32, names: &Names| u64::from(place) <= wide(names.all.len());
        let all_fit = calls.iter().all(|call| fits(call.agent, &agents) && fits(call.language, &languages));
        all_fit.then_some(Slot { agents, languages, calls })
    }
}

/// The names of a column.
enum Places<'a> {
    None,
    Short(&'a [u8]),
    Long(&'a [[u8; 4]]),
}

impl Places<'_> {
    fn at(&self, index: usize) -> u32 {
        match self {
            Self::None => 0,
            Self::Short(places) => places[index].into(),
            Self::Long(places) => u32::from_le_bytes(places[index]),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests;

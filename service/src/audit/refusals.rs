//! Counts refused requests, so that nobody can fill the audit with them. Per minute and caller there are at most two
//! entries: that of the first refusal, and one that counts the others.
//!
//! The bound: 17 callers without a key and every key that is refused, two entries each, in a minute. A key that is
//! refused is one that exists, so its number is the operator's. Counts are in memory until their minute ends, and a
//! crash loses those of the current one; the first refusal of each caller is on disk by then.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use uuid::Uuid;

use super::entry::NewAuditEntry;
use crate::Timestamp;

const MINUTE_MS: i64 = 60_000;
/// Callers without a key that are told apart in a minute, by their address. All others count as one caller.
const STRANGERS: usize = 16;

/// The client whose requests were refused, as far as refusals tell clients apart.
///
/// An unknown key does not make a caller of its own, since anyone can invent any number of them: it counts as its
/// address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Caller {
    Key(Uuid),
    Stranger(Option<String>),
    OtherStrangers,
}

/// The refusals of the current minute.
#[derive(Default)]
pub(super) struct Refusals(Mutex<Minute>);

#[derive(Default)]
struct Minute {
    number: i64,
    strangers: usize,
    /// Per caller, the refusals after its first one, if there were any.
    callers: HashMap<Caller, Option<Counted>>,
}

/// Several refusals, with the fields of the last one.
#[derive(Clone, Debug)]
pub(super) struct Counted {
    pub entry: NewAuditEntry,
    pub last_at: Timestamp,
}

impl Refusals {
    /// Counts a refusal. Returns it if it is its caller's first one in this minute, and the counted ones of a minute
    /// that has passed.
    ///
    /// The entry that counts others has the fields of the last of them, such as its path and status, and their number.
    pub(super) fn count(&self, new: NewAuditEntry, now: Timestamp) -> (Option<NewAuditEntry>, Vec<Counted>) {
        let past = self.take_before(now);
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        minute.number = minute_of(now);
        let known = match new.key_id {
            Some(key) => Caller::Key(key),
            None => Caller::Stranger(new.address.clone()),
        };
        let is_new_stranger = matches!(known, Caller::Stranger(_)) && !minute.callers.contains_key(&known);
        let caller = if is_new_stranger && minute.strangers >= STRANGERS { Caller::OtherStrangers } else { known };
        if let Some(counted) = minute.callers.get_mut(&caller) {
            let before = counted.as_ref().map_or(0, |counted| counted.entry.count);
            let entry = NewAuditEntry { count: before.saturating_add(1), ..new };
            *counted = Some(Counted { entry, last_at: now });
            return (None, past);
        }
        minute.strangers += usize::from(is_new_stranger);
        minute.callers.insert(caller, None);
        (Some(new), past)
    }

    /// Takes the counted refusals if their minute has passed.
    pub(super) fn take_before(&self, now: Timestamp) -> Vec<Counted> {
        let mut minute = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if minute.number == minute_of(now) { Vec::new() } else { counted(std::mem::take(&mut *minute)) }
    }

    /// Takes all counted refusals.
    pub(super) fn take(&self) -> Vec<Counted> {
        counted(std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn minute_of(time: Timestamp) -> i64 {
    time.0.div_euclid(MINUTE_MS)
}

fn counted(minute: Minute) -> Vec<Counted> {
    minute.callers.into_values().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Actor;

    fn refusal(address: u32) -> NewAuditEntry {
        NewAuditEntry {
            actor: Actor::Anyone,
            key_id: None,
            address: Some(format!("192.0.2.{address}")),
            forwarded_for: None,
            operation: "listKeys".to_owned(),
            resource: "/admin/keys".to_owned(),
            status: 401,
            count: 1,
            request_id: None,
            server_request_id: None,
        }
    }

    #[test]
    fn any_number_of_strangers_makes_few_entries() {
        let (refusals, now) = (Refusals::default(), Timestamp(90_000));
        let counted = (0..10_000).map(|number| refusals.count(refusal(number), now));
        let first = counted.filter(|(first, past)| first.is_some() && past.is_empty()).count();
        assert_eq!(first, STRANGERS + 1);
        let (_, past) = refusals.count(refusal(1), Timestamp(120_000));
        assert_eq!(past.len(), 1);
        assert_eq!((past[0].entry.count, past[0].last_at), (9_983, now));
        assert!(refusals.take().is_empty());
    }
}

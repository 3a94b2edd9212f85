//! When each key was last used, as this process knows it. Requests only note it here; `last_used` writes it.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use uuid::Uuid;

use crate::{Timestamp, policy::milliseconds};

/// How often the last use of a key is written, at most.
const WRITE_EVERY: Duration = Duration::from_mins(1);

/// The last uses of keys, as this process knows them.
#[derive(Default)]
pub(super) struct Usage(Mutex<HashMap<Uuid, Used>>);

/// The last use of a key.
struct Used {
    at: Timestamp,
    /// The use that was last written, and when.
    written: Option<(Timestamp, Timestamp)>,
}

impl Usage {
    /// Notes a use.
    pub(super) fn note(&self, key: Uuid, now: Timestamp) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        keys.entry(key).or_insert(Used { at: now, written: None }).at = now;
    }

    /// A key's last use in this process.
    pub(super) fn last(&self, key: Uuid) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).map(|used| used.at)
    }

    /// The uses to write now.
    pub(super) fn due(&self, now: Timestamp) -> Vec<(Uuid, Timestamp)> {
        let keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let due = keys.iter().filter(|(_, used)| {
            used.written
                .is_none_or(|(at, when)| used.at > at && now.0.saturating_sub(when.0) >= milliseconds(WRITE_EVERY))
        });
        due.map(|(key, used)| (*key, used.at)).collect()
    }

    /// Notes that uses were written.
    pub(super) fn note_written(&self, written: &[(Uuid, Timestamp)], now: Timestamp) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, at) in written {
            if let Some(used) = keys.get_mut(key) {
                used.written = Some((*at, now));
            }
        }
    }
}

//! Tells the operator of damaged and missing recordings.
//!
//! A counter for monitors and a line in the log for people, from one place, whether a request, the scrub or a copy has
//! met the fault.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use crate::{Error, Timestamp};

/// How long a recording is not logged again, in milliseconds.
const QUIET_MS: i64 = 60 * 60 * 1000;
/// How many recordings are remembered as logged. Beyond it, all are forgotten.
const REMEMBERED: usize = 10_000;

/// The recordings that were logged lately, so that a player that tries again does not fill the log.
#[derive(Clone, Default)]
pub(crate) struct Findings(Arc<Mutex<HashMap<Uuid, Timestamp>>>);

impl Findings {
    /// Counts and logs a failure that means that a recording is damaged or missing.
    pub(crate) fn note(&self, (recording, call): (Uuid, Uuid), error: &Error, now: Timestamp) {
        let is_missing = matches!(error, Error::RecordingMissing);
        if !is_missing && !matches!(error, Error::RecordingDamaged(_)) {
            return;
        }
        let fault = if is_missing { "missing" } else { "damaged" };
        metrics::counter!("callstore_recording_faults_total", "fault" => fault).increment(1);
        if self.is_news(recording, now) {
            tracing::error!(%recording, %call, %error, "A recording is {fault}. Restore its file from a backup.");
        }
    }

    fn is_news(&self, recording: Uuid, now: Timestamp) -> bool {
        let mut logged = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logged.get(&recording).is_some_and(|last| now.0 - last.0 < QUIET_MS) {
            return false;
        }
        if logged.len() >= REMEMBERED {
            logged.clear();
        }
        logged.insert(recording, now);
        true
    }
}

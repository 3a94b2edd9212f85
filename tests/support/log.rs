//! Searches the logs of all tests' servers, at every level, for what no log may contain, and keeps their errors.

use std::{
    io,
    sync::{Mutex, Once, PoisonError},
};

use actix_web::rt::System;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use super::{
    ADMIN_KEY,
    objects::{ACCESS_KEY, SECRET_KEY},
};

/// The caller in most tests.
pub(crate) const CALLER: &str = "+14155550134";
/// The token that signs Twilio's requests.
pub(crate) const TWILIO_TOKEN: &str = "0123456789abcdef0123456789abcdef";

/// Lines that contain something forbidden.
static FOUND: Mutex<Vec<String>> = Mutex::new(Vec::new());
/// Lines of level ERROR, each with the actix system that logged it. A server in this process is one system.
static ERRORS: Mutex<Vec<(Option<usize>, String)>> = Mutex::new(Vec::new());

struct Search;

impl io::Write for Search {
    /// Receives whole lines, because the log is written line by line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let silence = super::silence(24);
        if [
            CALLER.trim_start_matches('+'),
            TWILIO_TOKEN,
            ADMIN_KEY,
            ACCESS_KEY,
            SECRET_KEY,
            "X-Amz-Signature",
            &silence,
        ]
        .iter()
        .any(|private| text.contains(private))
        {
            FOUND.lock().unwrap_or_else(PoisonError::into_inner).push(text.clone().into_owned());
        }
        // The level follows the time.
        if text.split_whitespace().nth(1) == Some("ERROR") {
            let system = System::try_current().map(|system| system.id());
            ERRORS.lock().unwrap_or_else(PoisonError::into_inner).push((system, text.into_owned()));
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts the search, once for all tests. The logs of the tests' own clients are excluded.
pub(super) fn watch() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        let filter = EnvFilter::new(
            "off,api=trace,service=trace,migration=trace,object_store=trace,sqlx=trace,sea_orm=trace,actix_web=trace",
        );
        let lines = fmt::layer().with_ansi(false).with_writer(|| Search);
        tracing_subscriber::registry().with(filter).with(lines).init();
    });
}

/// The errors that these systems have logged.
pub(super) fn errors(systems: &[usize]) -> Vec<String> {
    let errors = ERRORS.lock().unwrap_or_else(PoisonError::into_inner);
    let of_these = errors.iter().filter(|(system, _)| system.is_some_and(|system| systems.contains(&system)));
    of_these.map(|(_, line)| line.clone()).collect()
}

/// Fails if something was found.
pub(super) fn holds_nothing_private() {
    let found = FOUND.lock().unwrap_or_else(PoisonError::into_inner);
    assert!(found.is_empty(), "a log line contains forbidden data: {found:#?}");
}

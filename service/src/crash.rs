//! Named points for tests, in debug builds only. At a [`point`] the process crashes: `CALLSTORE_CRASH_AT` gives the
//! point and at which pass, such as `commit.written:7`. At a [`hold`] a request waits, so that a test can force an
//! order of events: `CALLSTORE_HOLD_AT` gives the point and a file, such as `call.read:/tmp/held`.
//!
//! A process that is killed at random rarely dies between two statements. These points make it die there, each in turn,
//! and `tests/crash.rs`, which lists them, checks that what was acknowledged is there afterwards.
//!
//! A release build has none of this: the functions are empty there, and the variables are not read.

#[cfg(debug_assertions)]
pub(crate) fn point(name: &str) {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    };
    static ARMED: LazyLock<Option<(String, AtomicU32)>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "it is no setting: release builds know nothing of it")]
        let armed = std::env::var("CALLSTORE_CRASH_AT").ok()?;
        let (name, time) = armed.rsplit_once(':')?;
        Some((name.to_owned(), AtomicU32::new(time.parse().ok()?)))
    });
    if let Some((armed, times)) = &*ARMED
        && armed == name
        && times.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}

#[cfg(not(debug_assertions))]
pub(crate) fn point(_: &str) {}

/// Holds the first request that reaches an armed point: creates the file, and continues once the test has deleted it.
#[cfg(debug_assertions)]
pub(crate) async fn hold(name: &str) {
    let Some(file) = held(name) else { return };
    while file.exists() {
        tokio::time::sleep(BEAT).await;
    }
}

/// Like [`hold`], for a thread that may block.
#[cfg(debug_assertions)]
pub(crate) fn hold_thread(name: &str) {
    let Some(file) = held(name) else { return };
    while file.exists() {
        std::thread::sleep(BEAT);
    }
}

#[cfg(debug_assertions)]
const BEAT: std::time::Duration = std::time::Duration::from_millis(2);

/// The file to wait for, if the point is armed and this is the first to reach it.
#[cfg(debug_assertions)]
fn held(name: &str) -> Option<&'static std::path::Path> {
    use std::{
        path::PathBuf,
        sync::{
            LazyLock,
            atomic::{AtomicBool, Ordering},
        },
    };
    static ARMED: LazyLock<Option<(String, PathBuf)>> = LazyLock::new(|| {
        #[expect(clippy::disallowed_methods, reason = "it is no setting: release builds know nothing of it")]
        let armed = std::env::var("CALLSTORE_HOLD_AT").ok()?;
        let (name, file) = armed.split_once(':')?;
        Some((name.to_owned(), file.into()))
    });
    static HELD: AtomicBool = AtomicBool::new(false);
    let (armed, file) = ARMED.as_ref()?;
    let holds = armed == name && !HELD.swap(true, Ordering::Relaxed) && std::fs::write(file, "").is_ok();
    holds.then_some(file)
}

#[cfg(not(debug_assertions))]
pub(crate) async fn hold(_: &str) {}

#[cfg(not(debug_assertions))]
pub(crate) fn hold_thread(_: &str) {}

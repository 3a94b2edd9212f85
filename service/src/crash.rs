//! Named points at which a test lets the process die, as a crash would: in debug builds, where `CALLSTORE_CRASH_AT` names
//! one and says which time, as in `commit.written:7`.

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

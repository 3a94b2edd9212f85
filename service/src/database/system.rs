//! The machine's free space and cores, and how long a connection waits for a locked database.

use std::{io, num::NonZero, path::Path, thread, time::Duration};

/// How long a write waits for a lock of another process, such as a backup or a shell.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Free bytes on the file system of a path.
pub(crate) fn free_bytes(path: &Path) -> io::Result<u64> {
    let space = rustix::fs::statvfs(path)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

/// The number of cores, at least 1.
pub(crate) fn parallelism() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

//! The write-ahead log keeps pages as they were before rows were deleted, until it is emptied.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};

/// How long emptying the log waits for a transaction or a reader. While it waits for a reader, no one can write.
const PATIENCE: Duration = Duration::from_millis(100);

/// Writes the whole log into the database, syncs it, and cuts the log to no length. Returns false if the journal still
/// has a row up to `journal_end`, or if someone needs the log. Blocks.
///
/// The connection is its own: the writer's waits longer for locks, and would keep requests waiting.
///
/// Why the journal comes first: a deleted call's audio may still be in a row that holds other calls' chunks too, and
/// that row leaves with its turn. Once it is gone, its pages are zeroed, and the checkpoint carries that into the file.
pub(super) fn empty(path: &Path, journal_end: i64) -> rusqlite::Result<bool> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    let waits = "SELECT EXISTS (SELECT 1 FROM chunk_journal WHERE id <= ?1)";
    if connection.query_row(waits, [journal_end], |row| row.get(0))? {
        return Ok(false);
    }
    let is_busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    Ok(!is_busy)
}

//! What a server must not leave behind when its test ends: files without a row and rows without a file, work that is
//! not done, and errors in its log. A test that leaves some of it on purpose says so with `Server::leaves`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{
    database::{connect, query_strings},
    eventually, log,
};

/// What a test leaves behind on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leftover {
    /// Recordings or rows that the test damaged, removed or added behind the service's back.
    Damage,
    /// Calls whose recording is not made, or deleted calls that are not removed.
    Work,
    /// Log lines of level ERROR that contain this text.
    Error(&'static str),
}

/// Where a server's data is.
pub(super) struct Data {
    pub database: PathBuf,
    pub recordings: PathBuf,
}

/// Fails if a server has logged an error that its test does not name. `systems` are its actix systems, one for each
/// start.
pub(super) fn no_errors_but(named: &[Leftover], systems: &[usize]) {
    let is_named =
        |line: &String| named.iter().any(|left| matches!(left, Leftover::Error(text) if line.contains(text)));
    let errors: Vec<_> = log::errors(systems).into_iter().filter(|line| !is_named(line)).collect();
    assert!(errors.is_empty(), "the server logged errors that its test does not name: {errors:#?}");
}

impl Data {
    /// Waits until all recordings are made and all deleted calls removed. The service still runs.
    pub(super) fn wait_for_work(&self) {
        blocking(eventually("all work is done", || async { self.open_calls().await.is_empty().then_some(()) }));
    }

    /// Fails if the stopped service has left something that its test does not name.
    pub(super) fn check(&self, named: &[Leftover]) {
        blocking(self.find(!named.contains(&Leftover::Work)));
    }

    /// Calls that have neither their recording nor are removed.
    async fn open_calls(&self) -> Vec<String> {
        let database = connect(&self.database).await;
        let open = "SELECT CAST(start_time AS TEXT) || ' ' || status FROM call
                    WHERE status = 'finalizing' OR deleted_at IS NOT NULL";
        let open = query_strings(&database, open).await;
        database.close().await.unwrap();
        open
    }

    async fn find(&self, work_is_done: bool) {
        if work_is_done {
            let open = self.open_calls().await;
            assert!(open.is_empty(), "calls are neither final nor removed: {open:?}");
        }
        let database = connect(&self.database).await;
        let rows = query_strings(&database, "SELECT file_path FROM recording").await;
        let unheard = "SELECT file_path FROM recording WHERE call_id NOT IN (SELECT call_id FROM computed_analytics)";
        let unheard = query_strings(&database, unheard).await;
        assert!(unheard.is_empty(), "recordings without analytics: {unheard:?}");
        database.close().await.unwrap();
        let (rows, mut files) = (BTreeSet::from_iter(rows), files_below(&self.recordings));
        // Peaks are there beside recordings alone.
        files.retain(|file| file.strip_suffix("peaks").is_none_or(|path| !rows.contains(&format!("{path}wav"))));
        if work_is_done {
            assert_eq!(files, rows, "files of recordings, and rows");
        } else {
            // A file is there before its row.
            assert!(files.is_superset(&rows), "{rows:?} are rows, and {files:?} files");
        }
    }
}

/// Runs work to its end, in a runtime of its own: a test may end in one that must not be blocked.
fn blocking(work: impl Future<Output = ()> + Send) {
    std::thread::scope(|scope| {
        let done = scope.spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(work)).join();
        if let Err(found) = done {
            std::panic::resume_unwind(found);
        }
    });
}

/// The files below a folder, relative to it.
fn files_below(folder: &Path) -> BTreeSet<String> {
    fn add(folder: &Path, root: &Path, found: &mut BTreeSet<String>) {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                add(&path, root, found);
            } else {
                found.insert(path.strip_prefix(root).unwrap().to_string_lossy().into_owned());
            }
        }
    }
    let mut found = BTreeSet::new();
    add(folder, folder, &mut found);
    // A health check's, in an object store that refused to delete it; the next check does.
    found.remove("tmp/probe");
    found
}

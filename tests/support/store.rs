//! Where a test's recordings are: in its folder, or with `CALLSTORE_TEST_STORE=s3` in an object store shared by all
//! tests.

use std::path::{Path, PathBuf};

use service::Private;

use super::Objects;

/// Whether recordings are files in a folder. Tests of such files skip themselves otherwise.
pub(crate) fn on_folder() -> bool {
    Objects::shared().is_none()
}

/// The folder of a test's recordings: `own` below its `folder`, or that of the object store.
pub(super) fn recordings(folder: &Path, own: &str) -> PathBuf {
    Objects::shared().map_or_else(|| folder.join(own), |objects| objects.folder(&prefix(folder)))
}

/// The setting that tells the service where to keep them.
pub(super) fn arguments(folder: &Path, own: &Path) -> [String; 2] {
    match url(folder) {
        Some(url) => ["--recordings-url".to_owned(), url],
        None => ["--recordings".to_owned(), own.display().to_string()],
    }
}

/// Their prefix in the object store.
pub(crate) fn url(folder: &Path) -> Option<String> {
    Objects::shared().map(|_| Objects::url(&prefix(folder)))
}

/// How a server in this process reaches an object store: its own, or the shared one.
pub(super) fn environment(own: Option<&Objects>) -> Vec<(String, Private)> {
    let shared: Option<&Objects> = Objects::shared();
    let variables = own.or(shared).into_iter().flat_map(Objects::environment);
    variables.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The folder's own name, which is unique.
fn prefix(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().trim_start_matches('.').to_owned()
}

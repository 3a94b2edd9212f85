//! Where a test's recordings are: in its folder, or with `CALLSTORE_TEST_STORE=s3` in an object store that all tests share.

use std::path::{Path, PathBuf};

use service::Private;

use super::Objects;

/// Whether recordings are files of a folder. A test that is about such files has nothing to do where they are not.
pub fn on_folder() -> bool {
    Objects::shared().is_none()
}

/// The folder of the recordings of a test: `own`, below its `folder`, or that of the object store.
pub fn recordings(folder: &Path, own: &str) -> PathBuf {
    Objects::shared().map_or_else(|| folder.join(own), |objects| objects.folder(&prefix(folder)))
}

/// What tells the service where to keep them.
pub fn arguments(folder: &Path, own: &Path) -> [String; 2] {
    match url(folder) {
        Some(url) => ["--recordings-url".to_owned(), url],
        None => ["--recordings".to_owned(), own.display().to_string()],
    }
}

/// Where in the object store they are kept.
pub fn url(folder: &Path) -> Option<String> {
    Objects::shared().map(|_| Objects::url(&prefix(folder)))
}

/// How a server of this process reaches an object store: its own, or the one that is shared.
pub fn environment(own: Option<&Objects>) -> Vec<(String, Private)> {
    let shared: Option<&Objects> = Objects::shared();
    let variables = own.or(shared).into_iter().flat_map(Objects::environment);
    variables.map(|(name, value)| (name.to_owned(), value.into())).collect()
}

/// The folder's own name, which no other has.
fn prefix(folder: &Path) -> String {
    folder.file_name().unwrap().to_string_lossy().trim_start_matches('.').to_owned()
}

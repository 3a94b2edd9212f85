//! Paths in errors.

use std::path::{Path, PathBuf};

/// The absolute form of a path, for errors: a relative one hides which folder the process ran in. Needs no file there.
#[must_use]
pub fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

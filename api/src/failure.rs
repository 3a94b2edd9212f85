//! Why a command or the start of the service failed.

use std::{io, path::Path};

use service::absolute;

/// The reason, as a sentence.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// The reason why a start failed, with the path concerned.
pub(crate) fn about(path: &Path, what: &str, error: &io::Error) -> Failure {
    format!("{what} {} cannot be used: {error}", absolute(path).display()).into()
}

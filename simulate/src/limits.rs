//! The limit on open files. Each call needs a socket, and many systems allow 1,024 open files by default.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::error::SimulateError;

/// Allowance for files other than calls' sockets: concurrent requests and the process's own files.
const OTHERS: u64 = 600;

/// Raises the soft limit on open files to the hard limit. Fails if that is too low for `calls` concurrent calls.
pub(crate) fn allow_files(calls: usize) -> Result<(), SimulateError> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // If this fails, the current limit applies.
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    check(calls, if raised.is_ok() { maximum } else { current })
}

fn check(calls: usize, allowed: Option<u64>) -> Result<(), SimulateError> {
    let needed = calls as u64 + OTHERS.min(calls as u64 + 50);
    match allowed {
        Some(allowed) if allowed < needed => Err(SimulateError::TooFewFiles { calls, needed, allowed }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_few_files_are_told_before_anything_is_sent() {
        assert!(check(2_000, Some(4_096)).is_ok() && check(2_000, None).is_ok() && check(10, Some(256)).is_ok());
        let sentence = check(2_000, Some(1_024)).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            sentence.contains("2000 calls") && sentence.contains("2600") && sentence.contains("1024"),
            "{sentence}"
        );
    }
}

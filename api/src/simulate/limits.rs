//! Open files: each call has a socket, and a system allows 1,024 files unless asked for more.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::SimulateError;

/// Files beside those of the calls: requests at their ends, and the process's own.
const OTHERS: u64 = 600;

/// Asks for as many open files as the system gives; fails when they are too few for so many calls at a time.
pub fn allow_files(calls: usize) -> Result<(), SimulateError> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // It may fail; then the limit stays as it is.
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

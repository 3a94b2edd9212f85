//! Whether a recording that could not be made fails its call or is retried.
//!
//! What a client can cure, or must know, fails the call; what passes by itself does not. A full disk passes: somebody
//! will make room, and until then the chunks are safe in the database.
//!
//! | failure | the call | its chunks |
//! | --- | --- | --- |
//! | stopped, lease lost | stays `finalizing` | kept; the next start or node goes on |
//! | database or object store away, disk full | stays `finalizing` | kept; tried again with growing pauses |
//! | file cannot be written for another reason | fails with `store_failed` | kept; `endCall` tries again |
//! | damaged chunk, too long | fails | kept, so that they can be looked at |

use std::io;

use sea_orm::DbErr;
use tokio_util::sync::CancellationToken;

use crate::Error;

/// Why a recording was not made.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("the service is stopping, or another node may be at it")]
    Stopped,
    /// A transient failure: the call stays `finalizing`, and the work is retried.
    #[error(transparent)]
    Later(Error),
    #[error("the recording store failed: {0}")]
    Store(io::Error),
    #[error("the recording would be longer than a WAV file can be")]
    TooLong,
    #[error("a chunk is damaged")]
    Damaged,
}

impl From<Error> for Failure {
    #[expect(clippy::wildcard_enum_match_arm, reason = "only the store's errors say something about the recording")]
    fn from(error: Error) -> Self {
        match error {
            // Transient: space may be freed. The call and its chunks wait until then.
            Error::Store(error) if error.kind() == io::ErrorKind::StorageFull => Self::Later(Error::StorageFull),
            Error::Store(error) => Self::Store(error),
            other => Self::Later(other),
        }
    }
}

/// A chunk that cannot be read now may be read later; nothing is concluded from it.
impl From<DbErr> for Failure {
    fn from(error: DbErr) -> Self {
        Self::Later(error.into())
    }
}

/// For those who only listen.
impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Later(error) => error,
            Failure::Store(error) => Self::Store(error),
            Failure::Stopped => Self::StorageUnavailable("the service stops".to_owned()),
            Failure::TooLong => Self::Damaged("the length of a recording"),
            Failure::Damaged => Self::Damaged("a chunk"),
        }
    }
}

impl Failure {
    /// The failure code and sentence that clients see, without internal details.
    pub(super) fn public(&self) -> (&'static str, &'static str) {
        match self {
            Self::TooLong => (
                "recording_too_long",
                "The recording would be longer than the 4 GiB that a WAV file can hold. The chunks are kept.",
            ),
            Self::Damaged => ("chunk_damaged", "A stored chunk could not be decoded. The chunks are kept."),
            Self::Store(_) | Self::Later(_) | Self::Stopped => (
                "store_failed",
                "The recording could not be written. The chunks are kept; end the call again to try once more.",
            ),
        }
    }
}

/// For work on other threads: cancelled when the service stops or the lease may be another node's.
pub(super) struct Stop(pub CancellationToken);

impl Stop {
    /// Fails once the work has to stop.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if self.0.is_cancelled() { Err(Failure::Stopped) } else { Ok(()) }
    }
}

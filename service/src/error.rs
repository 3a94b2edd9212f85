//! What can go wrong, in the words of the domain.

use std::io;

use sea_orm::DbErr;

use crate::database::WriteFailure;

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No call has this id or `streamSid`.
    #[error("There is no call with this id or streamSid.")]
    CallNotFound,
    /// The call takes no more chunks.
    #[error("The call has ended; it takes no more audio.")]
    CallEnded,
    /// Another call, or this one with other content, has the `streamSid`.
    #[error(
        "A call with this streamSid exists, and its {field} differs. Start the call under another streamSid, or repeat the first request as it was."
    )]
    StreamSidTaken {
        /// The first field that differs, by its name in the API.
        field: &'static str,
    },
    /// Another call has the `callSid`.
    #[error("Another call has this callSid.")]
    CallSidTaken,
    /// The sequence number is stored with other bytes or another timestamp.
    #[error("Sequence {sequence} of this track is stored already, with other audio or another timestamp.")]
    ChunkConflict {
        /// Where in the request: a JSON pointer to the sequence number.
        pointer: String,
        /// Its sequence number.
        sequence: u32,
    },
    /// The audio is not in the call's format.
    #[error("The call's audio is {expected}; this is {given}.")]
    FormatMismatch {
        /// The call's own format.
        expected: String,
        /// The format of the request.
        given: String,
    },
    /// No recording has this id.
    #[error("There is no recording with this id.")]
    RecordingNotFound,
    /// The call has no metadata.
    #[error("The call has no metadata.")]
    MetadataNotFound,
    /// No key has this id.
    #[error("There is no key with this id.")]
    KeyNotFound,
    /// The link was not made by this service for this recording.
    #[error("The link was not made by this service for this recording, or was changed. Make a new one.")]
    LinkInvalid,
    /// The link's time is over.
    #[error("The link has expired. Make a new one.")]
    LinkExpired,
    /// What is stored is another version than the request is about.
    #[error(
        "It was changed since, or is not there: its ETag is another than If-Match or If-None-Match allow. Get it, and decide again."
    )]
    PreconditionFailed,
    /// A request of this name is under way.
    #[error("A request with this Idempotency-Key is under way; wait for its answer, or send it again later.")]
    IdempotencyKeyInUse,
    /// The name is that of another request.
    #[error("Another request had this Idempotency-Key in the last 24 hours; send this one with a key of its own.")]
    IdempotencyKeyReused,
    /// The cursor was not made by this service for this filter and sort.
    #[error(
        "The cursor was not made for this list. Take it unchanged from page.nextCursor, with the same filters and sort."
    )]
    CursorInvalid,
    /// Values that are not allowed.
    #[error("{}", .0.first().map_or("The request is not valid.", |error| error.detail.as_str()))]
    Invalid(Vec<FieldError>),
    /// More is waiting to be written than the service holds in memory.
    #[error("Too much waits to be written. Nothing of this request was stored; send it again.")]
    Overloaded,
    /// The disk is full, or so nearly that no call is started.
    #[error("There is too little free space. Nothing of this request was stored; make room, and send it again.")]
    StorageFull,
    /// The database cannot be written for the moment: the cause.
    #[error("the database cannot be written: {0}")]
    StorageUnavailable(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The object store does not answer, or not as it should: the cause.
    #[error("the recording store cannot be used: {0}")]
    StoreUnavailable(String),
    /// The folder of recordings failed.
    #[error("the recording store failed: {0}")]
    Store(#[from] io::Error),
    /// The system has no random numbers: the cause.
    #[error("the system gives no random numbers: {0}")]
    Random(String),
    /// A stored value does not read as what it should be.
    #[error("a stored value is damaged: {0}")]
    Damaged(&'static str),
}

/// One value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where in the request: a JSON pointer, as `/chunks/3/sequence`.
    pub pointer: String,
    /// What is wrong and what would be right; never the value itself.
    pub detail: String,
}

impl Error {
    /// Whether the database failed in a way that may be over in a moment.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::StorageUnavailable(_) | Self::StoreUnavailable(_) => true,
            Self::Database(error) => matches!(WriteFailure::of(error), WriteFailure::Unavailable(_)),
            _ => false,
        }
    }

    /// One value is not allowed.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }
}

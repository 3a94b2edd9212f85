//! The errors of the service.
//!
//! Errors say what is wrong in the words of the domain, and nothing of HTTP; the API gives each its status. Those that
//! a client can cure name the field. Those that it cannot carry a cause for the log, which no response shows.

use std::io;

use sea_orm::DbErr;

use crate::database::WriteFailure;

/// Why an operation was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No call has this id or `streamSid`.
    #[error("No call has this id or streamSid.")]
    CallNotFound,
    /// The call has ended and accepts no more audio.
    #[error("The call has ended and accepts no more audio. Start a new call.")]
    CallEnded,
    /// The call's recording, and what is computed from it, are still to be made.
    #[error(
        "{}",
        if *ended {
            "The call's recording is still being made, and its analytics with it. Retry in a moment, or wait with GET /calls/{call} until the status is completed."
        } else {
            "The call is still active; its analytics are computed once it has ended. End it with POST /calls/{call}/end."
        }
    )]
    CallNotFinalized {
        /// Whether the call has ended.
        ended: bool,
    },
    /// Nothing was computed of the call.
    #[error(
        "{}",
        if *recorded {
            "The call was recorded before the service computed analytics. Run `callstore analyze` to compute them."
        } else {
            "The call has no recording, so there is nothing to compute analytics from."
        }
    )]
    NotComputed {
        /// Whether the call has a recording.
        recorded: bool,
    },
    /// Another call, or this one with other content, has the `streamSid`.
    #[error(
        "Another request has started a call with this streamSid, and its {field} differs. Use a new streamSid, or repeat the first request unchanged."
    )]
    StreamSidTaken {
        /// The first field that differs, by its name in the API.
        field: &'static str,
    },
    /// A stream was started under the name of another phone call's stream, or with a token of another call.
    #[error("The stream belongs to another phone call, or its token to another call. Start a stream of its own.")]
    ForeignStream,
    /// Another call has the `callSid`.
    #[error("Another call has this callSid. Use another one, or none.")]
    CallSidTaken,
    /// The sequence is stored with other audio or another timestamp.
    #[error(
        "The track already has a chunk with sequence {sequence}, and its audio or timestamp differs. Use the next sequence, or repeat that chunk unchanged."
    )]
    ChunkConflict {
        /// Where in the request: a JSON pointer to the sequence number.
        pointer: String,
        /// Its sequence number.
        sequence: u32,
    },
    /// The audio is not in the call's format.
    #[error("The audio is {given}, but the call's is {expected}. Send {expected}.")]
    FormatMismatch {
        /// The call's own format.
        expected: String,
        /// The format of the request.
        given: String,
    },
    /// No recording has this id.
    #[error("No recording has this id. GET /calls/{{call}}/recordings lists a call's recordings.")]
    RecordingNotFound,
    /// The recording's file differs from what was written, with what is wrong.
    #[error("the recording's file is damaged: {0}")]
    RecordingDamaged(&'static str),
    /// The recording's file is gone.
    #[error("the recording's file is missing")]
    RecordingMissing,
    /// No transcript has this id.
    #[error(
        "No transcript has this id, or it was deleted. GET /calls/{{call}}/transcripts lists a call's transcripts."
    )]
    TranscriptNotFound,
    /// The call has no metadata.
    #[error("The call has no metadata. Set it with PUT or PATCH.")]
    MetadataNotFound,
    /// Events may be gone after the one with this id.
    #[error(
        "Events are kept for 72 hours, and some may be missing after this id. Read what you need anew, and follow without it."
    )]
    EventExpired,
    /// No webhook has this id.
    #[error("No webhook has this id. GET /webhooks lists all webhooks.")]
    WebhookNotFound,
    /// No delivery of the webhook has this id.
    #[error(
        "The webhook has no delivery with this id, or it is older than 7 days. GET /webhooks/{{id}}/deliveries lists them."
    )]
    DeliveryNotFound,
    /// The webhook is disabled.
    #[error(
        "The webhook is disabled, so nothing is delivered. Enable it first: PATCH /webhooks/{{id}} with enabled true."
    )]
    WebhookDisabled,
    /// There are as many webhooks as allowed.
    #[error("There are 100 webhooks already, and no more are allowed. Delete one first.")]
    TooManyWebhooks,
    /// No key has this id.
    #[error("No key has this id. GET /admin/keys lists all keys.")]
    KeyNotFound,
    /// A key was to be made that would leave keys without anyone who may manage them.
    #[error(
        "There is no usable admin key, and with this key alone nobody could manage keys. Make an admin key first: `callstore keys create --scope admin`, or createKey with the scope admin."
    )]
    AdminKeyRequired,
    /// The last usable admin key was to be revoked.
    #[error(
        "No other admin key is usable for the next 7 days. Without one, nobody can manage keys, delete calls or read the audit over HTTP. Make another admin key first, or force it (`--force`, over HTTP `?force=true`)."
    )]
    LastAdminKey,
    /// The key cannot be rotated.
    #[error("The key cannot be rotated. {why}")]
    KeyNotRotatable {
        /// The reason, and what to do.
        why: &'static str,
    },
    /// The key or token may not write to the call.
    #[error(
        "{}",
        if *by_token {
            "This call token is for another call. Make a token for this one with POST /calls/{call}/tokens."
        } else {
            "This key may write only to calls that it started, and it has not started this one. Use the key that has, or one without ownCallsOnly."
        }
    )]
    CallNotAllowed {
        /// Whether the client sent a call token.
        by_token: bool,
    },
    /// Only an admin changes these fields of an ended call.
    #[error(
        "The call has ended. Only a key of scope admin may now change its caller, agent or direction. Use one, or leave these fields out."
    )]
    EndedCallProtected,
    /// The change needs a key that writes.
    #[error(
        "A change needs a key of scope ingest or admin; with this key of scope read, only a PATCH that changes nothing is allowed. Use another key."
    )]
    ReadOnlyKey,
    /// The link was not made by this service for this recording.
    #[error(
        "The link is not valid for this recording, or was changed. Make a new one with POST /recordings/{{id}}/links."
    )]
    LinkInvalid,
    /// The link has expired.
    #[error("The link has expired. Make a new one with POST /recordings/{{id}}/links.")]
    LinkExpired,
    /// The stored version does not match the condition of the request.
    #[error(
        "{}",
        if *exists {
            "It exists already, in a version that If-None-Match excludes. Leave that header out to change it."
        } else {
            "It has changed or does not exist (ETag mismatch). Fetch it and retry."
        }
    )]
    PreconditionFailed {
        /// Whether a version exists that must not.
        exists: bool,
    },
    /// A request with this Idempotency-Key is still running.
    #[error("A request with this Idempotency-Key is still running. Retry later to get its response.")]
    IdempotencyKeyInUse,
    /// Another request used this Idempotency-Key.
    #[error("Another request used this Idempotency-Key within the last 24 hours. Use a new key for this one.")]
    IdempotencyKeyReused,
    /// The response to the request that used this Idempotency-Key cannot be repeated.
    #[error("{why}")]
    NotRepeatable {
        /// Why, and what to do.
        why: &'static str,
    },
    /// The request that used this Idempotency-Key was about a call that was deleted.
    #[error(
        "The request with this Idempotency-Key was about a call that has been deleted, and its response with it. Use a new key."
    )]
    CallDeleted,
    /// The cursor was not made by this service for this filter and sort.
    #[error("The cursor does not belong to this list. Use page.nextCursor unchanged, with the same filters and sort.")]
    CursorInvalid,
    /// Some values are not allowed.
    #[error("{}", .0.first().map_or("The request is not valid.", |error| error.detail.as_str()))]
    Invalid(Vec<FieldError>),
    /// The queue of writes is full.
    #[error("More requests arrive than the service can store. Nothing of this request was stored. Retry it.")]
    Overloaded,
    /// The disk is full, or its free space is below the minimum.
    #[error(
        "Too little disk space is free: the disk is full, or below --min-free-space (CALLSTORE_MIN_FREE_SPACE). Nothing of this request was stored. Free some space, or lower the setting, and retry."
    )]
    StorageFull,
    /// The database cannot be written at the moment, with the cause.
    #[error("the database cannot be written: {0}")]
    StorageUnavailable(String),
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DbErr),
    /// The object store does not respond, or responds with an error, with the cause.
    #[error("the recording store cannot be used: {0}")]
    StoreUnavailable(String),
    /// The folder of recordings failed.
    #[error("the recording store failed: {0}")]
    Store(#[from] io::Error),
    /// The system returned no random numbers, with the cause.
    #[error("the system returned no random numbers: {0}")]
    Random(String),
    /// A stored value cannot be read.
    #[error("a stored value is damaged: {0}")]
    Damaged(&'static str),
}

/// One value that is not allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// Where in the request: a JSON pointer, as `/chunks/3/sequence`.
    pub pointer: String,
    /// What is wrong and what is allowed; never the value itself.
    pub detail: String,
}

impl Error {
    /// Whether the failure may be temporary.
    #[must_use]
    #[expect(clippy::wildcard_enum_match_arm, reason = "an error is permanent unless it is named here")]
    pub fn is_passing(&self) -> bool {
        match self {
            Self::StorageUnavailable(_) | Self::StoreUnavailable(_) => true,
            Self::Database(error) => matches!(WriteFailure::of(error), WriteFailure::Unavailable(_)),
            _ => false,
        }
    }

    /// An error about one value.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }
}

/// The error to answer to each write of a failed transaction.
impl From<&WriteFailure> for Error {
    fn from(failure: &WriteFailure) -> Self {
        match failure {
            WriteFailure::Full => Self::StorageFull,
            WriteFailure::Unavailable(cause) => Self::StorageUnavailable(cause.clone()),
            WriteFailure::Other(cause) => Self::Database(DbErr::Custom(cause.clone())),
        }
    }
}

//! The codes of problems.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

/// A kind of problem: its code, status, title and explanation.
pub(crate) type Entry = (ProblemCode, StatusCode, &'static str, &'static str);

/// The kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The body is not valid JSON.
    MalformedJson,
    /// The cursor does not belong to this list.
    InvalidCursor,
    /// The request is not valid HTTP.
    BadRequest,
    /// The request has no valid key.
    Unauthorized,
    /// The key lacks the scope.
    Forbidden,
    /// The key may not be used from the client's address.
    NetworkNotAllowed,
    /// The key or token may not write to the call.
    CallNotAllowed,
    /// The request came through a proxy, and no key exists.
    ProxyWithoutKey,
    /// The request is for a host that is not allowed.
    HostNotAllowed,
    /// The request comes from a web page that is not allowed.
    OriginNotAllowed,
    /// No operation has this path.
    NotFound,
    /// The call does not exist.
    CallNotFound,
    /// The recording does not exist.
    RecordingNotFound,
    /// The recording's file is damaged.
    RecordingDamaged,
    /// The recording's file is gone.
    RecordingMissing,
    /// The transcript does not exist.
    TranscriptNotFound,
    /// The call has no metadata.
    MetadataNotFound,
    /// No analytics were computed of the call.
    NotComputed,
    /// Events may be gone.
    EventExpired,
    /// The webhook does not exist.
    WebhookNotFound,
    /// The delivery does not exist.
    DeliveryNotFound,
    /// The webhook is disabled.
    WebhookDisabled,
    /// There are as many webhooks as allowed.
    TooManyWebhooks,
    /// The key does not exist.
    KeyNotFound,
    /// There is no usable admin key yet.
    AdminKeyRequired,
    /// The key is the last usable admin key.
    LastAdminKey,
    /// The key cannot be rotated.
    KeyNotRotatable,
    /// The path does not support the method.
    MethodNotAllowed,
    /// No media type in Accept is available.
    NotAcceptable,
    /// The request arrived too slowly.
    RequestTimeout,
    /// Twilio's signature is missing or invalid.
    SignatureInvalid,
    /// The link is not valid for this recording.
    LinkInvalid,
    /// The link has expired.
    LinkExpired,
    /// The call has ended.
    CallEnded,
    /// The call's recording is still to be made.
    CallNotFinalized,
    /// Another call has the streamSid.
    StreamSidConflict,
    /// Another call has the callSid.
    CallSidConflict,
    /// Another chunk has the sequence.
    ChunkConflict,
    /// A request with this Idempotency-Key is still running.
    IdempotencyKeyInUse,
    /// Another request used this Idempotency-Key.
    IdempotencyKeyReused,
    /// The response to the request with this Idempotency-Key cannot be repeated.
    NotRepeatable,
    /// The call of the request with this Idempotency-Key was deleted.
    CallDeleted,
    /// The stored version does not match the condition.
    PreconditionFailed,
    /// The body is too large.
    PayloadTooLarge,
    /// The Content-Type is not supported.
    UnsupportedMediaType,
    /// The audio is not in the call's format.
    AudioFormatMismatch,
    /// The range lies beyond the end of the file.
    RangeNotSatisfiable,
    /// A field or parameter is not valid.
    ValidationFailed,
    /// No known transcript format has the document's shape.
    UnknownTranscriptFormat,
    /// The service failed.
    InternalError,
    /// The service is not ready.
    NotReady,
    /// The service is overloaded.
    Overloaded,
    /// The database or the object store is unavailable.
    StorageUnavailable,
    /// Too little disk space is free.
    StorageFull,
    /// The rate limit is exceeded.
    RateLimited,
    /// Too many connections are open.
    TooManyConnections,
}

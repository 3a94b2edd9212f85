//! The kinds of problems: their codes.

use actix_web::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::table::{Entry, PROBLEMS};

/// The kind of error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The body is not JSON.
    MalformedJson,
    /// The cursor does not fit the list.
    InvalidCursor,
    /// The request is not one that HTTP allows.
    BadRequest,
    /// The request has no key, or one that is not taken.
    Unauthorized,
    /// The key may not do this.
    Forbidden,
    /// The request was sent to a host that is not this service.
    HostNotAllowed,
    /// The request comes from a web page of another host.
    OriginNotAllowed,
    /// There is nothing under this path.
    NotFound,
    /// There is no such call.
    CallNotFound,
    /// There is no such recording.
    RecordingNotFound,
    /// The call has no metadata.
    MetadataNotFound,
    /// There is no such key.
    KeyNotFound,
    /// The path takes other methods.
    MethodNotAllowed,
    /// The request took too long to arrive.
    RequestTimeout,
    /// The request is not signed as Twilio signs.
    SignatureInvalid,
    /// The link is not one of this service for this recording.
    LinkInvalid,
    /// The link's time is over.
    LinkExpired,
    /// The call has ended.
    CallEnded,
    /// The stream's name is taken.
    StreamSidConflict,
    /// The phone call's name is taken.
    CallSidConflict,
    /// The sequence number is taken.
    ChunkConflict,
    /// A request of the same name is under way.
    IdempotencyKeyInUse,
    /// The name is another request's.
    IdempotencyKeyReused,
    /// What is stored is another version.
    PreconditionFailed,
    /// The body is too large.
    PayloadTooLarge,
    /// The body is of another kind.
    UnsupportedMediaType,
    /// The audio is in another format.
    AudioFormatMismatch,
    /// The range lies outside the file.
    RangeNotSatisfiable,
    /// Values are not allowed.
    ValidationFailed,
    /// The service failed.
    InternalError,
    /// The service cannot work now.
    NotReady,
    /// Too much waits to be written.
    Overloaded,
    /// The database or the object store cannot be used now.
    StorageUnavailable,
    /// The disk is full, or nearly.
    StorageFull,
    /// The client makes too many requests.
    RateLimited,
    /// Too many connections are open.
    TooManyConnections,
}

impl ProblemCode {
    pub(super) fn entry(self) -> &'static Entry {
        PROBLEMS.iter().find(|entry| entry.0 == self).unwrap_or(&PROBLEMS[0])
    }

    /// The answer's status.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().1
    }

    /// The code as it is written.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Counts an answer with this code, for the metrics.
    pub fn count(self, route: &str) {
        let labels = [("route", route.to_owned()), ("code", self.name())];
        metrics::counter!("callstore_problems_total", &labels).increment(1);
    }

    pub(super) fn of_status(status: StatusCode) -> Self {
        let entry = PROBLEMS.iter().find(|entry| entry.1 == status);
        let other = if status.is_client_error() { Self::BadRequest } else { Self::InternalError };
        entry.map_or(other, |entry| entry.0)
    }
}

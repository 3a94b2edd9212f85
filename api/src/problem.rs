//! Problem details (RFC 9457), the body of every 4xx and 5xx response, and the only mapping from errors to codes.

mod code;
mod lookup;
mod resources;
mod table;

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue, RETRY_AFTER},
    },
};
use serde::Serialize;
use service::{Error, FieldError};
use utoipa::ToSchema;
use uuid::Uuid;

pub use code::ProblemCode;
pub(crate) use table::problems;

/// The most characters of a client's own input, such as an unknown field's name, that an error repeats.
const TOLD_CHARACTERS: usize = 512;

fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TOLD_CHARACTERS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A problem before it becomes a response.
#[derive(Clone, Debug)]
pub struct Problem {
    code: ProblemCode,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// The cause of an internal failure. It is logged, never sent.
    cause: Option<String>,
}

impl Problem {
    /// A problem with a detail about this case.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), headers: Vec::new(), cause: None }
    }

    /// A problem whose detail is the general explanation.
    pub fn of(code: ProblemCode) -> Self {
        Self::new(code, code.entry().3)
    }

    /// Reports values that are not allowed.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let short = |error: FieldError| FieldError { pointer: shorten(error.pointer), detail: shorten(error.detail) };
        let errors: Vec<_> = errors.into_iter().map(short).collect();
        let detail = match errors.as_slice() {
            [only] if only.pointer.is_empty() => only.detail.clone(),
            [only] => format!("{}: {}", only.pointer, only.detail),
            errors => format!("{} values are not allowed. `errors` lists each one with what is allowed.", errors.len()),
        };
        Self { code: ProblemCode::ValidationFailed, detail, errors, headers: Vec::new(), cause: None }
    }

    /// Reports one value that is not allowed.
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// A field that is not base64.
    pub fn invalid_base64(pointer: impl Into<String>, error: &service::audio::Base64Error) -> Self {
        let offset = error.offset;
        let detail =
            format!("Not base64 from offset {offset} on. Send whole standard or URL-safe base64, or a data: URL.");
        Self::invalid_field(pointer, detail)
    }

    /// The kind of problem.
    pub fn code(&self) -> ProblemCode {
        self.code
    }

    /// Adds a header to the response.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds `Retry-After`, in seconds.
    pub fn retry_after(self, seconds: u32) -> Self {
        self.with_header(RETRY_AFTER, seconds.into())
    }

    /// The problem for a status that the framework chose.
    pub fn of_status(status: StatusCode) -> Self {
        Self::of(ProblemCode::of_status(status))
    }

    /// Logs the cause of an internal failure, with the ids of its request.
    pub fn log(&self, request_id: &str, server_request_id: Uuid) {
        if let Some(cause) = &self.cause {
            tracing::error!(request_id, %server_request_id, cause, "A request failed.");
        }
    }

    /// The body of the response.
    pub fn details(&self, request_id: &str) -> ProblemDetails {
        let name = self.code.name();
        ProblemDetails {
            kind: format!("/problems/{}", name.replace('_', "-")),
            title: self.code.entry().2.to_owned(),
            status: self.code.status().as_u16(),
            detail: self.detail.clone(),
            code: self.code,
            request_id: request_id.to_owned(),
            errors: self
                .errors
                .iter()
                .map(|error| ProblemError { pointer: error.pointer.clone(), detail: error.detail.clone() })
                .collect(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?}", self.code)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// `observe` writes the body, since it knows the request id.
    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        for (name, value) in &self.headers {
            response.insert_header((name.clone(), value.clone()));
        }
        let mut response = response.finish();
        response.extensions_mut().insert(self.clone());
        response
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        use ProblemCode as P;
        let (detail, passing) = (error.to_string(), error.is_passing());
        match error {
            Error::CallNotFound => Self::new(P::CallNotFound, detail),
            Error::CallEnded => Self::new(P::CallEnded, detail),
            Error::CallNotFinalized { .. } => Self::new(P::CallNotFinalized, detail),
            Error::NotComputed { .. } => Self::new(P::NotComputed, detail),
            Error::StreamSidTaken { .. } => Self::new(P::StreamSidConflict, detail),
            Error::ForeignStream | Error::CallSidTaken => Self::new(P::CallSidConflict, detail),
            Error::ChunkConflict { pointer, .. } => {
                let errors = vec![FieldError { pointer, detail: detail.clone() }];
                Self { errors, ..Self::new(P::ChunkConflict, detail) }
            }
            Error::FormatMismatch { .. } => Self::new(P::AudioFormatMismatch, detail),
            Error::RecordingNotFound => Self::new(P::RecordingNotFound, detail),
            Error::RecordingDamaged(_) => Self::of(P::RecordingDamaged),
            Error::RecordingMissing => Self::of(P::RecordingMissing),
            Error::TranscriptNotFound => Self::new(P::TranscriptNotFound, detail),
            Error::MetadataNotFound => Self::new(P::MetadataNotFound, detail),
            Error::EventExpired => Self::new(P::EventExpired, detail),
            Error::WebhookNotFound => Self::new(P::WebhookNotFound, detail),
            Error::DeliveryNotFound => Self::new(P::DeliveryNotFound, detail),
            Error::WebhookDisabled => Self::new(P::WebhookDisabled, detail),
            Error::TooManyWebhooks => Self::new(P::TooManyWebhooks, detail),
            Error::KeyNotFound => Self::new(P::KeyNotFound, detail),
            Error::AdminKeyRequired => Self::new(P::AdminKeyRequired, detail),
            Error::LastAdminKey => Self::new(P::LastAdminKey, detail),
            Error::KeyNotRotatable { .. } => Self::new(P::KeyNotRotatable, detail),
            Error::CallNotAllowed { .. } => Self::new(P::CallNotAllowed, detail),
            Error::EndedCallProtected | Error::ReadOnlyKey => Self::new(P::Forbidden, detail),
            Error::LinkInvalid => Self::new(P::LinkInvalid, detail),
            Error::LinkExpired => Self::new(P::LinkExpired, detail),
            Error::PreconditionFailed { .. } => Self::new(P::PreconditionFailed, detail),
            Error::IdempotencyKeyInUse => Self::new(P::IdempotencyKeyInUse, detail).retry_after(1),
            Error::IdempotencyKeyReused => Self::new(P::IdempotencyKeyReused, detail),
            Error::NotRepeatable { .. } => Self::new(P::NotRepeatable, detail),
            Error::CallDeleted => Self::new(P::CallDeleted, detail),
            Error::CursorInvalid => Self::new(P::InvalidCursor, detail),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Overloaded => Self::new(P::Overloaded, detail).retry_after(1),
            Error::StorageFull => Self::new(P::StorageFull, detail),
            Error::StorageUnavailable(_) | Error::Database(_) if passing => {
                let told = "The database does not respond, or cannot be written at the moment. Retry the request.";
                Self { cause: Some(detail), ..Self::new(P::StorageUnavailable, told).retry_after(1) }
            }
            Error::StoreUnavailable(_) => {
                let told = "The recording store does not respond at the moment. Retry the request.";
                Self { cause: Some(detail), ..Self::new(P::StorageUnavailable, told).retry_after(1) }
            }
            Error::StorageUnavailable(_)
            | Error::Database(_)
            | Error::Store(_)
            | Error::Random(_)
            | Error::Damaged(_) => Self { cause: Some(detail), ..Self::of_status(StatusCode::INTERNAL_SERVER_ERROR) },
        }
    }
}

/// An error (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDetails {
    /// The path of the error's description.
    #[serde(rename = "type")]
    #[schema(example = "/problems/call-not-found")]
    pub kind: String,
    /// A short title.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What was wrong with this request, and what to do.
    pub detail: String,
    /// A stable code for programs.
    pub code: ProblemCode,
    /// The request's id, as in the `X-Request-Id` header and in the service's log.
    pub request_id: String,
    /// The invalid values, if any.
    pub errors: Vec<ProblemError>,
}

/// An invalid value.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemError {
    /// A JSON pointer into the body, or a slash and the name of a query parameter.
    #[schema(example = "/confidence")]
    pub pointer: String,
    /// What is wrong with the value.
    pub detail: String,
}

impl ProblemDetails {
    /// An example of each code.
    #[must_use]
    pub fn sample(code: ProblemCode) -> Self {
        let problem = if let ProblemCode::ValidationFailed = code {
            Problem::invalid_field("/confidence", "Must be 0 to 1.")
        } else {
            Problem::of(code)
        };
        problem.details("01890a5d-ac96-774b-bcce-b302099a8057")
    }
}

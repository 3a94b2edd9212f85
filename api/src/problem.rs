//! Problem details (RFC 9457): what every answer of 4xx and 5xx says, and the only table from an error to status and code.

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{HeaderName, HeaderValue},
    },
};
use serde::Serialize;
use service::{Error, FieldError};
use utoipa::ToSchema;

/// What kind of problem it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ProblemCode {
    /// The body is not JSON.
    MalformedJson,
    /// The cursor does not fit the list.
    InvalidCursor,
    /// The request is not one that HTTP allows.
    BadRequest,
    /// There is nothing under this path.
    NotFound,
    /// There is no such call.
    CallNotFound,
    /// There is no such recording.
    RecordingNotFound,
    /// The call has no metadata.
    MetadataNotFound,
    /// The path takes other methods.
    MethodNotAllowed,
    /// The request took too long to arrive.
    RequestTimeout,
    /// The call has ended.
    CallEnded,
    /// The stream's name is taken.
    StreamSidConflict,
    /// The phone call's name is taken.
    CallSidConflict,
    /// The sequence number is taken.
    ChunkConflict,
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
}

/// What is said of each kind: status, title, explanation.
type Entry = (ProblemCode, StatusCode, &'static str, &'static str);

/// Every kind of problem; the first of a status stands for an answer of the framework's with that status.
pub const PROBLEMS: [Entry; 20] = {
    use ProblemCode as P;
    use StatusCode as S;
    [
        (
            P::BadRequest,
            S::BAD_REQUEST,
            "The request is malformed",
            "The request is not one that HTTP allows, or its body did not arrive whole.",
        ),
        (
            P::MalformedJson,
            S::BAD_REQUEST,
            "The body is not JSON",
            "The body could not be read as JSON. `detail` says at which line and column reading stopped.",
        ),
        (
            P::InvalidCursor,
            S::BAD_REQUEST,
            "The cursor does not fit",
            "A cursor is taken unchanged from `page.nextCursor` and used with the same filters and the same sort. Begin at the first page again.",
        ),
        (
            P::NotFound,
            S::NOT_FOUND,
            "There is nothing here",
            "No operation has this path. `/swagger-ui/` lists all of them.",
        ),
        (
            P::CallNotFound,
            S::NOT_FOUND,
            "There is no such call",
            "No call has this id or streamSid, or it was deleted.",
        ),
        (
            P::RecordingNotFound,
            S::NOT_FOUND,
            "There is no such recording",
            "No recording has this id, or its call was deleted. `GET /calls/{call}/recordings` lists the recordings of a call.",
        ),
        (
            P::MetadataNotFound,
            S::NOT_FOUND,
            "The call has no metadata",
            "Nothing was set for this call yet, or it was deleted. `PUT` and `PATCH` make it.",
        ),
        (
            P::MethodNotAllowed,
            S::METHOD_NOT_ALLOWED,
            "The method is not allowed here",
            "The path exists, but takes other methods: the `Allow` header lists them.",
        ),
        (
            P::RequestTimeout,
            S::REQUEST_TIMEOUT,
            "The request took too long",
            "The request did not arrive in time. Send it again.",
        ),
        (
            P::CallEnded,
            S::CONFLICT,
            "The call has ended",
            "An ended call takes no more audio. Transcripts, analytics and metadata can still be added.",
        ),
        (
            P::StreamSidConflict,
            S::CONFLICT,
            "The streamSid is taken",
            "A call with this streamSid exists and differs in the field that `detail` names. The same request again would have returned that call.",
        ),
        (P::CallSidConflict, S::CONFLICT, "The callSid is taken", "Another call has this callSid."),
        (
            P::ChunkConflict,
            S::CONFLICT,
            "The sequence number is taken",
            "The track holds other audio, or another timestamp, under this sequence number. The same chunk again would have been acknowledged.",
        ),
        (
            P::PayloadTooLarge,
            S::PAYLOAD_TOO_LARGE,
            "The body is too large",
            "A body is at most 1 MiB, a batch 8 MiB, audio to convert 16 MiB. Send less at a time.",
        ),
        (
            P::UnsupportedMediaType,
            S::UNSUPPORTED_MEDIA_TYPE,
            "The body is of an unknown kind",
            "The `Content-Type` is missing or is none that the operation takes; `detail` lists those.",
        ),
        (
            P::AudioFormatMismatch,
            S::UNSUPPORTED_MEDIA_TYPE,
            "The audio is not in the call's format",
            "All chunks of a call have the format that the call was started with, its `audioFormat`.",
        ),
        (
            P::RangeNotSatisfiable,
            S::RANGE_NOT_SATISFIABLE,
            "The range lies outside the recording",
            "`Content-Range` says how long the recording is.",
        ),
        (
            P::ValidationFailed,
            S::UNPROCESSABLE_ENTITY,
            "The request is not valid",
            "The request could be read, but something in it is missing, unknown, or not allowed: `errors` says what and where.",
        ),
        (
            P::InternalError,
            S::INTERNAL_SERVER_ERROR,
            "The service failed",
            "It is not the request's fault. The service's log has the cause under the `requestId`.",
        ),
        (
            P::NotReady,
            S::SERVICE_UNAVAILABLE,
            "The service is not ready",
            "The database, the recording store or free space is missing. Try again later.",
        ),
    ]
};

impl ProblemCode {
    fn entry(self) -> &'static Entry {
        PROBLEMS.iter().find(|entry| entry.0 == self).unwrap_or(&PROBLEMS[18])
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

    fn of_status(status: StatusCode) -> Self {
        let entry = PROBLEMS.iter().find(|entry| entry.1 == status);
        let other = if status.is_client_error() { Self::BadRequest } else { Self::InternalError };
        entry.map_or(other, |entry| entry.0)
    }
}

/// How much of what a client sent, as the name of a field that nobody knows, is told back to it.
const TOLD_CHARACTERS: usize = 512;

fn shorten(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(TOLD_CHARACTERS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A problem on its way to an answer.
#[derive(Clone, Debug)]
pub struct Problem {
    code: ProblemCode,
    detail: String,
    errors: Vec<FieldError>,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    /// A problem of a kind, with a sentence about this case.
    pub fn new(code: ProblemCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), headers: Vec::new() }
    }

    /// Values that are not allowed.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let short = |error: FieldError| FieldError { pointer: shorten(error.pointer), detail: shorten(error.detail) };
        let errors: Vec<_> = errors.into_iter().map(short).collect();
        let detail = match errors.as_slice() {
            [only] => format!("{}: {}", only.pointer, only.detail),
            errors => format!("{} values are not allowed; `errors` says which.", errors.len()),
        };
        Self { code: ProblemCode::ValidationFailed, detail, errors, headers: Vec::new() }
    }

    /// One value that is not allowed.
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { pointer: pointer.into(), detail: detail.into() }])
    }

    /// A field that is not base64.
    pub fn invalid_base64(pointer: impl Into<String>, error: &service::audio::Base64Error) -> Self {
        let offset = error.offset;
        let detail =
            format!("Not base64 (RFC 4648, standard alphabet): the character at offset {offset} does not fit.");
        Self::invalid_field(pointer, detail)
    }

    /// Adds a header to the answer.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The problem that an answer of the framework's stands for.
    pub fn of_status(status: StatusCode) -> Self {
        let code = ProblemCode::of_status(status);
        Self::new(code, code.entry().3)
    }

    /// What is sent.
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

    /// The body is written by `observe`, which knows the request's id.
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
        let detail = error.to_string();
        match error {
            Error::CallNotFound => Self::new(P::CallNotFound, detail),
            Error::CallEnded => Self::new(P::CallEnded, detail),
            Error::StreamSidTaken { .. } => Self::new(P::StreamSidConflict, detail),
            Error::CallSidTaken => Self::new(P::CallSidConflict, detail),
            Error::ChunkConflict { pointer, .. } => {
                let errors = vec![FieldError { pointer, detail: detail.clone() }];
                Self { errors, ..Self::new(P::ChunkConflict, detail) }
            }
            Error::FormatMismatch { .. } => Self::new(P::AudioFormatMismatch, detail),
            Error::RecordingNotFound => Self::new(P::RecordingNotFound, detail),
            Error::MetadataNotFound => Self::new(P::MetadataNotFound, detail),
            Error::CursorInvalid => Self::new(P::InvalidCursor, detail),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Database(_) | Error::Store(_) | Error::Damaged(_) => {
                tracing::error!(error = %detail, "A request failed.");
                Self::of_status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// What went wrong (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemDetails {
    /// Where the kind of problem is explained.
    #[serde(rename = "type")]
    #[schema(example = "/problems/call-not-found")]
    pub kind: String,
    /// The kind of problem in a few words.
    pub title: String,
    /// The answer's status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What was wrong this time, and what to do.
    pub detail: String,
    /// The kind of problem, for programs.
    pub code: ProblemCode,
    /// The request's id, as in the `X-Request-Id` header and in the service's log.
    pub request_id: String,
    /// Which values are not allowed.
    pub errors: Vec<ProblemError>,
}

/// One value that is not allowed.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemError {
    /// Where it is: a JSON pointer into the body, or a slash and the name of a query parameter.
    #[schema(example = "/confidence")]
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl ProblemDetails {
    /// An example of a kind.
    #[must_use]
    pub fn sample(code: ProblemCode) -> Self {
        let problem = match code {
            ProblemCode::ValidationFailed => Problem::invalid_field("/confidence", "Must be 0 to 1."),
            other => Problem::new(other, other.entry().3),
        };
        problem.details("01890a5d-ac96-774b-bcce-b302099a8057")
    }
}

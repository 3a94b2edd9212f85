//! What is said of each kind of problem: status, title and explanation.

use actix_web::http::StatusCode;

use super::ProblemCode;

/// What is said of each kind: status, title, explanation.
pub type Entry = (ProblemCode, StatusCode, &'static str, &'static str);

/// Every kind of problem, the service's own failure first; the first of a status stands for an answer of the framework's with that status.
pub const PROBLEMS: [Entry; 36] = {
    use ProblemCode as P;
    use StatusCode as S;
    [
        (
            P::InternalError,
            S::INTERNAL_SERVER_ERROR,
            "The service failed",
            "It is not the request's fault. The service's log has the cause under the `requestId`.",
        ),
        (
            P::BadRequest,
            S::BAD_REQUEST,
            "The request is malformed",
            "The request is not one that HTTP allows, or its body did not arrive whole, or is a form that is not UTF-8.",
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
            P::Unauthorized,
            S::UNAUTHORIZED,
            "A key is needed",
            "The request has no key, or one that is unknown, revoked or expired; `detail` says which. Send it as `Authorization: Bearer KEY`. `callstore keys create` makes keys, as does `POST /admin/keys`.",
        ),
        (
            P::Forbidden,
            S::FORBIDDEN,
            "The key may not do this",
            "The key's scope is another than the operation needs; `detail` names both. `ingest` writes calls, `read` reads, `admin` does everything.",
        ),
        (
            P::HostNotAllowed,
            S::FORBIDDEN,
            "The host is not known",
            "As long as no key was made, only requests to this machine's own names are answered: localhost, 127.0.0.0/8 and [::1]. `--allowed-hosts` (`CALLSTORE_ALLOWED_HOSTS`) adds others; with the first key, keys are asked for instead.",
        ),
        (
            P::OriginNotAllowed,
            S::FORBIDDEN,
            "The web page may not do this",
            "As long as no key was made, requests of web pages are answered only where the page is of an allowed host. `--allowed-hosts` (`CALLSTORE_ALLOWED_HOSTS`) adds hosts, `--cors-origins` (`CALLSTORE_CORS_ORIGINS`) other origins.",
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
            P::KeyNotFound,
            S::NOT_FOUND,
            "There is no such key",
            "No key has this id. `GET /admin/keys` lists all of them, also those that were revoked.",
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
            "The head of a request has to be there within 10 s of its first byte; its body has to come at 1 KiB a second or more, and within 60 s. The connection closes. Send it again, in smaller parts where the line is slow.",
        ),
        (
            P::SignatureInvalid,
            S::FORBIDDEN,
            "The request is not signed by Twilio",
            "`X-Twilio-Signature` is missing, or is not the signature of this request. Twilio signs the address that it was given, and with its account's auth token: `CALLSTORE_PUBLIC_URL` has to begin that address, scheme and host alike, and `CALLSTORE_TWILIO_AUTH_TOKEN` has to be that account's primary token.",
        ),
        (
            P::LinkInvalid,
            S::FORBIDDEN,
            "The link is not valid",
            "`expires` and `signature` are taken unchanged from a link that `POST /recordings/{id}/links` has made, and hold for that recording alone. Make a new link.",
        ),
        (
            P::LinkExpired,
            S::FORBIDDEN,
            "The link has expired",
            "A link works until its `expiresAt`. `POST /recordings/{id}/links` makes a new one; `ttlSeconds` says for how long.",
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
            P::IdempotencyKeyInUse,
            S::CONFLICT,
            "The request is under way",
            "A request with this `Idempotency-Key` has not been answered yet. Send it again after `Retry-After` to get its answer.",
        ),
        (
            P::PreconditionFailed,
            S::PRECONDITION_FAILED,
            "It was changed since",
            "`If-Match` or `If-None-Match` does not allow what is stored now: someone else has changed it, or it is not there. Get it with its `ETag`, and decide again.",
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
            P::IdempotencyKeyReused,
            S::UNPROCESSABLE_ENTITY,
            "The key is another request's",
            "A request with this `Idempotency-Key` but another path, query or body was answered in the last 24 hours. Give this one a key of its own.",
        ),
        (
            P::NotReady,
            S::SERVICE_UNAVAILABLE,
            "The service is not ready",
            "The database, the recording store or free space is missing. Try again later.",
        ),
        (
            P::Overloaded,
            S::SERVICE_UNAVAILABLE,
            "Too much waits to be written",
            "Requests arrive faster than they can be stored. Nothing of this one was stored: send it again after `Retry-After`.",
        ),
        (
            P::StorageUnavailable,
            S::SERVICE_UNAVAILABLE,
            "The storage cannot be used",
            "The disk fails, another program keeps the database to itself, or the object store of recordings does not answer. Nothing of this request is acknowledged: send it again after `Retry-After`.",
        ),
        (
            P::StorageFull,
            S::INSUFFICIENT_STORAGE,
            "There is too little free space",
            "The disk is full, or so nearly that no call is started. Nothing of this request was stored: make room, and send it again.",
        ),
        (
            P::RateLimited,
            S::TOO_MANY_REQUESTS,
            "Too many requests",
            "A key, or without one an address, may make so many requests a second as the header `RateLimit-Policy` says. Nothing was done: send it again after `Retry-After`. A batch is one request.",
        ),
        (
            P::TooManyConnections,
            S::SERVICE_UNAVAILABLE,
            "Too many connections",
            "As many connections are open as `--max-connections` (`CALLSTORE_MAX_CONNECTIONS`) allows. Connect again after `Retry-After`, and send more than one request on a connection.",
        ),
    ]
};

//! What every kind of problem says: status, title and explanation. `resources` has those about calls, recordings and
//! other resources, this file all others.

use actix_web::http::StatusCode;

use super::{
    code::{Entry, ProblemCode},
    resources::OF_RESOURCES,
};

/// Every kind of problem, internal errors first. The first entry of a status also stands for the framework's responses
/// with that status.
pub(crate) fn problems() -> impl Iterator<Item = &'static Entry> {
    GENERAL.iter().chain(&OF_RESOURCES)
}

/// Problems of any request.
pub(super) const GENERAL: [Entry; 29] = {
    use ProblemCode as P;
    use StatusCode as S;
    [
        (
            P::InternalError,
            S::INTERNAL_SERVER_ERROR,
            "Internal error",
            "The service failed; the request is not at fault. The service's log has the cause under the \
             `requestId`.",
        ),
        (
            P::BadRequest,
            S::BAD_REQUEST,
            "Malformed request",
            "The request is not valid HTTP, its body ended early, or its form is not UTF-8. Correct it and send \
             it again.",
        ),
        (
            P::MalformedJson,
            S::BAD_REQUEST,
            "Malformed JSON",
            "The body is not valid JSON. `detail` names the line and column of the error.",
        ),
        (
            P::InvalidCursor,
            S::BAD_REQUEST,
            "Invalid cursor",
            "A cursor is valid only unchanged, as taken from `page.nextCursor`, and with the same filters and \
             sort. Start again at the first page.",
        ),
        (
            P::Unauthorized,
            S::UNAUTHORIZED,
            "API key required",
            "The request has no key, or an unknown, revoked or expired one; `detail` says which. Send a key as \
             `Authorization: Bearer KEY`. `callstore keys create` or `POST /admin/keys` makes one.",
        ),
        (
            P::Forbidden,
            S::FORBIDDEN,
            "Key lacks the scope",
            "The key's scope does not allow this operation; `detail` names the scope that it needs. `ingest` \
             writes calls, `read` reads them, `admin` does everything. A call token only adds to its call and ends it.",
        ),
        (
            P::NetworkNotAllowed,
            S::FORBIDDEN,
            "Network not allowed",
            "The key has `allowedNetworks`, and the client's address is in none of them. Behind a proxy, the address is \
             the proxy's. Use another key, or send the request from an allowed network.",
        ),
        (
            P::ProxyWithoutKey,
            S::FORBIDDEN,
            "Proxy without a key",
            "The request came through a proxy, so other machines may reach the service, and no key exists. Make one with \
             `callstore keys create --scope admin`. `--insecure-no-auth` opens the service to everyone.",
        ),
        (
            P::HostNotAllowed,
            S::FORBIDDEN,
            "Host not allowed",
            "Until the first key exists, the service answers only requests for localhost, 127.0.0.0/8 and \
             [::1]. Add other hosts with `--allowed-hosts` (`CALLSTORE_ALLOWED_HOSTS`), or make a key.",
        ),
        (
            P::OriginNotAllowed,
            S::FORBIDDEN,
            "Origin not allowed",
            "Until the first key exists, the service answers only web pages of allowed hosts and origins. Add \
             hosts with `--allowed-hosts` (`CALLSTORE_ALLOWED_HOSTS`) or origins with `--cors-origins` \
             (`CALLSTORE_CORS_ORIGINS`).",
        ),
        (P::NotFound, S::NOT_FOUND, "Not found", "No operation has this path. `/swagger-ui/` lists all operations."),
        (
            P::MethodNotAllowed,
            S::METHOD_NOT_ALLOWED,
            "Method not allowed",
            "This path does not support the method. The `Allow` header lists the supported ones.",
        ),
        (
            P::NotAcceptable,
            S::NOT_ACCEPTABLE,
            "Not acceptable",
            "No media type in `Accept` is available. `detail` lists the available ones; accept one of them, or \
             use the `format` parameter.",
        ),
        (
            P::RequestTimeout,
            S::REQUEST_TIMEOUT,
            "Request timeout",
            "The request arrived too slowly. Its head must arrive within 10 s, and its body at 1 KiB/s or \
             faster within 60 s. The connection closes. Send the request again, in smaller parts on a slow \
             connection.",
        ),
        (
            P::SignatureInvalid,
            S::FORBIDDEN,
            "Invalid Twilio signature",
            "`X-Twilio-Signature` is missing or does not match the request. The URL configured at Twilio must \
             begin with `CALLSTORE_PUBLIC_URL`, and `CALLSTORE_TWILIO_AUTH_TOKEN` must be the account's primary \
             auth token.",
        ),
        (
            P::IdempotencyKeyInUse,
            S::CONFLICT,
            "Request in progress",
            "A request with this `Idempotency-Key` is still running. Retry after `Retry-After` seconds to get \
             its response.",
        ),
        (
            P::NotRepeatable,
            S::CONFLICT,
            "Response not repeatable",
            "A request with this `Idempotency-Key` was done, and its response cannot be repeated; `detail` says why, and \
             what to do.",
        ),
        (
            P::CallDeleted,
            S::GONE,
            "Call deleted",
            "The request with this `Idempotency-Key` was about a call that was deleted since. Use a new key.",
        ),
        (
            P::PreconditionFailed,
            S::PRECONDITION_FAILED,
            "Precondition failed",
            "The stored version does not match `If-Match` or `If-None-Match`: it has changed, or does not \
             exist. Fetch it with its `ETag` and retry.",
        ),
        (
            P::PayloadTooLarge,
            S::PAYLOAD_TOO_LARGE,
            "Body too large",
            "A body may have 1 MiB, a batch 8 MiB, and audio to convert 16 MiB. Split the request.",
        ),
        (
            P::UnsupportedMediaType,
            S::UNSUPPORTED_MEDIA_TYPE,
            "Unsupported media type",
            "The `Content-Type` is missing or not supported. `detail` lists the supported ones.",
        ),
        (
            P::ValidationFailed,
            S::UNPROCESSABLE_ENTITY,
            "Validation failed",
            "A field or parameter is missing, unknown, or has a value that is not allowed. `errors` lists each \
             one with what is allowed.",
        ),
        (
            P::IdempotencyKeyReused,
            S::UNPROCESSABLE_ENTITY,
            "Idempotency-Key reused",
            "Another request used this `Idempotency-Key` within the last 24 hours, with a different path, query \
             or body. Use a new key for each request.",
        ),
        (
            P::NotReady,
            S::SERVICE_UNAVAILABLE,
            "Not ready",
            "The database or the recording store does not work, or too little disk space is free; `detail` says \
             which. Try again later.",
        ),
        (
            P::Overloaded,
            S::SERVICE_UNAVAILABLE,
            "Overloaded",
            "More requests arrive than the service can store. Nothing of this request was stored. Retry after \
             `Retry-After` seconds.",
        ),
        (
            P::StorageUnavailable,
            S::SERVICE_UNAVAILABLE,
            "Storage unavailable",
            "The disk fails, another program locks the database, or the object store does not respond. Nothing \
             of this request is acknowledged. Retry after `Retry-After` seconds.",
        ),
        (
            P::StorageFull,
            S::INSUFFICIENT_STORAGE,
            "Storage full",
            "The disk is full, or its free space is below `--min-free-space` (`CALLSTORE_MIN_FREE_SPACE`). Nothing of \
             this request was stored. Free some space, or lower the setting, and retry.",
        ),
        (
            P::RateLimited,
            S::TOO_MANY_REQUESTS,
            "Rate limit exceeded",
            "The key, or the address of a client without one, has used up its rate limit, which \
             `RateLimit-Policy` states. The request had no effect. Retry after `Retry-After` seconds. A batch \
             counts as one request.",
        ),
        (
            P::TooManyConnections,
            S::SERVICE_UNAVAILABLE,
            "Too many connections",
            "The service has as many connections as `--max-connections` (`CALLSTORE_MAX_CONNECTIONS`) allows. \
             Reconnect after `Retry-After` seconds, and send several requests on each connection.",
        ),
    ]
};

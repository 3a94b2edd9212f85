//! The API key or call token of a request: where it stands, and whether it suffices.

use std::borrow::Cow;

use actix_web::{
    HttpMessage, HttpRequest,
    dev::ServiceRequest,
    http::header::{self, HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL},
    web::Data,
};
use service::{Author, Callstore, CheckedKey, KeyRefusal, Keys, TOKEN_PREFIX, audio::decode_base64};

use super::{
    paths::{PLATFORM_STREAM, TWILIO_STREAM, WEBHOOKS},
    proxy::client_address,
};
use crate::{
    keys::model::Scope,
    problem::{Problem, ProblemCode},
    request::{Target, is_live},
};

/// The scheme of the `Authorization` header.
const BEARER: &str = "Bearer ";
/// The subprotocol that carries a call token, for browsers: their WebSockets cannot send other headers.
const TOKEN_PROTOCOL: &str = "callstore.token.";
/// Paths without a call, on which a client that may write only to some calls is checked by the operation.
const CHECKED_BY_OPERATION: [&str; 7] = [
    "/calls",
    "/audio/convert",
    "/transcripts/{id}",
    "/twilio/voice",
    "/twilio/status",
    PLATFORM_STREAM,
    TWILIO_STREAM,
];
/// The header in which Genesys sends its API key, on the handshake of its streams.
const API_KEY: &str = "x-api-key";

/// Whether the request's key was made so recently that only the database knew it.
pub(super) async fn has_new_key(keys: &Keys, request: &ServiceRequest) -> bool {
    match credential(request) {
        Some(key) => keys.find_new(&key).await,
        None => false,
    }
}

/// The request's API key or call token, if it is valid and suffices for an operation that accepts `scopes`, and
/// call tokens if `tokens`.
pub(super) fn check_key<'a>(
    keys: &Keys,
    request: &'a ServiceRequest,
    scopes: &[Scope],
    tokens: bool,
) -> Result<Cow<'a, str>, Problem> {
    let key = credential(request).ok_or_else(|| {
        let given = request.headers().contains_key(header::AUTHORIZATION);
        unauthorized(if given {
            "The Authorization header is malformed. Send it as Authorization: Bearer KEY."
        } else {
            "The request has no API key. Send it as Authorization: Bearer KEY."
        })
    })?;
    if is_live(request) {
        // The grant tells it when the key ends.
        request.extensions_mut().insert(keys.grant_of(&key));
    }
    let checked = keys.check(&key).map_err(refused)?;
    request.extensions_mut().insert(checked.author);
    if !checked.allows(client_address(request)) {
        let detail = "The key may not be used from the address of this request; listKeys shows its allowedNetworks. Use \
            another key, or send the request from an allowed network.";
        return Err(Problem::new(ProblemCode::NetworkNotAllowed, detail));
    }
    keys.note_use(&checked);
    check_scope(&checked, scopes, tokens)?;
    check_reach(&checked, request)?;
    Ok(key)
}

/// Refuses a key whose scope does not suffice.
fn check_scope(key: &CheckedKey, scopes: &[Scope], tokens: bool) -> Result<(), Problem> {
    if key.author.has_token() {
        let detail = "A call token only adds to its call and ends it. Use an API key for this operation.";
        return if tokens { Ok(()) } else { Err(Problem::new(ProblemCode::Forbidden, detail)) };
    }
    let scope = Scope::from(key.scope);
    if scope == Scope::Admin || scopes.contains(&scope) {
        return Ok(());
    }
    let needed: Vec<_> = scopes.iter().map(|scope| scope.name()).collect();
    let detail = format!(
        "This operation needs a key of scope {}; this key has {}. Use another key.",
        needed.join(" or "),
        scope.name()
    );
    Err(Problem::new(ProblemCode::Forbidden, detail))
}

/// Refuses an operation in which nothing would stop a confined client from writing to other calls.
fn check_reach(key: &CheckedKey, request: &ServiceRequest) -> Result<(), Problem> {
    let extensions = request.extensions();
    let pattern = extensions.get::<Target>().map_or("", |target| target.path().pattern());
    if !key.author.is_confined() || pattern.contains("{call}") || CHECKED_BY_OPERATION.contains(&pattern) {
        return Ok(());
    }
    let detail = "A key with ownCallsOnly may not use this operation, which is not about one call. Use another key.";
    Err(Problem::new(ProblemCode::CallNotAllowed, detail))
}

/// Checks the API key again after a slow body. The key may have been revoked or have expired meanwhile, and a request
/// without one may be older than the first key.
///
/// # Errors
/// If the key is no longer valid, the reason.
pub(crate) fn check_key_again(request: &HttpRequest) -> Result<(), Problem> {
    let Some(callstore) = request.app_data::<Data<Callstore>>() else { return Ok(()) };
    let extensions = request.extensions();
    if extensions.contains::<Author>() {
        return bearer(request.headers()).map_or(Ok(()), |key| callstore.keys.check(key).map(drop).map_err(refused));
    }
    // Twilio's webhooks check a signature in place of a key.
    let is_webhook = extensions.get::<Target>().is_some_and(|target| WEBHOOKS.contains(&target.path().pattern()));
    if callstore.keys.are_required() && !is_webhook {
        return Err(unauthorized("The first API key was made meanwhile. Send one as Authorization: Bearer KEY."));
    }
    Ok(())
}

fn refused(refusal: KeyRefusal) -> Problem {
    unauthorized(match refusal {
        KeyRefusal::Unknown => "Unknown API key.",
        KeyRefusal::Revoked => "The API key was revoked. Use another one.",
        KeyRefusal::Expired => "The API key has expired. Use another one.",
        KeyRefusal::TokenInvalid => "Unknown call token. Make one with POST /calls/{call}/tokens.",
        KeyRefusal::TokenExpired => "The call token has expired. Make a new one with POST /calls/{call}/tokens.",
        KeyRefusal::TokenRevoked => {
            "The API key that made the call token was revoked or has expired. Make a token with another key."
        }
    })
}

/// The API key or call token of a request: in its `Authorization` header, or a token in a WebSocket's subprotocol.
fn credential(request: &ServiceRequest) -> Option<Cow<'_, str>> {
    let headers = request.headers();
    if is_platform(request)
        && let Some(key) = basic(headers).or_else(|| headers.get(API_KEY)?.to_str().ok().map(str::to_owned))
    {
        return Some(key.into());
    }
    if headers.contains_key(header::AUTHORIZATION) || !request.head().upgrade() {
        return bearer(headers).map(Cow::Borrowed);
    }
    let mut tokens = headers.get_all(SEC_WEBSOCKET_PROTOCOL).filter_map(|list| list.to_str().ok());
    let token = tokens.find_map(|list| list.split(',').find_map(|name| name.trim().strip_prefix(TOKEN_PROTOCOL)));
    // A key in a web page would be in the hands of its visitors.
    token.filter(|token| token.starts_with(TOKEN_PREFIX)).map(Cow::Borrowed)
}

/// Whether a request is a platform's handshake. Many platforms can only send a user and a password.
fn is_platform(request: &ServiceRequest) -> bool {
    request.head().upgrade()
        && request
            .extensions()
            .get::<Target>()
            .is_some_and(|target| [PLATFORM_STREAM, TWILIO_STREAM].contains(&target.path().pattern()))
}

/// The password of a Basic `Authorization` header (RFC 7617), which is a key of this service.
fn basic(headers: &HeaderMap) -> Option<String> {
    let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let decoded = decode_base64(given.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let pair = String::from_utf8(decoded).ok()?;
    pair.split_once(':').map(|(_, password)| password.to_owned()).filter(|password| !password.is_empty())
}

/// The API key in a request's only `Authorization` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut given = headers.get_all(header::AUTHORIZATION);
    let only = given.next().filter(|_| given.next().is_none())?.to_str().ok()?;
    let (scheme, key) = only.split_at_checked(BEARER.len())?;
    scheme.eq_ignore_ascii_case(BEARER).then(|| key.trim_matches(' ')).filter(|key| !key.is_empty())
}

fn unauthorized(detail: &str) -> Problem {
    let scheme = HeaderValue::from_static("Bearer");
    Problem::new(ProblemCode::Unauthorized, detail).with_header(header::WWW_AUTHENTICATE, scheme)
}

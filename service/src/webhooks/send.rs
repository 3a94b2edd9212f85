//! One attempt: a signed request, and what came back.
//!
//! The endpoint is not trusted. It gets 15 seconds in all, whatever it does: accept no connection, read nothing, send a
//! head slowly, send a body without an end. Of the body 64 KiB are read, and the connection is closed then. Proxies of
//! the environment are not used, since they would connect in the service's place, past the guard.
//!
//! Errors of the connection are told in words of this file. Those of the libraries would tell an admin what answers
//! inside of the network, and may hold the URL.

use std::{error::Error as StdError, net::IpAddr, sync::OnceLock, time::Duration};

use reqwest::{Client, StatusCode, header::RETRY_AFTER, redirect};
use tokio::time::{Instant, timeout_at};
use url::Host;

use super::{
    guard::{Forbidden, Guard, Resolver},
    target::Target,
};
use crate::{Error, Timestamp};

/// How long an attempt may take, from the look-up of the name to the end of the answer.
const ATTEMPT: Duration = Duration::from_secs(15);
/// How much of an answer is read, and how much of that is kept, in bytes.
const READ_MAX: usize = 64 * 1024;
const KEPT_MAX: usize = 1024;
/// The longest `Retry-After` that is honoured.
const RETRY_AFTER_MAX_S: i64 = 24 * 60 * 60;

/// What is sent.
pub(super) struct Message {
    pub id: String,
    pub seconds: i64,
    pub signature: String,
    pub body: String,
}

/// What an attempt led to.
#[derive(Debug)]
pub(super) struct Reply {
    /// The answer's status; `None` without an answer.
    pub status: Option<u16>,
    /// Why there is no answer, or why it counts as a failure.
    pub error: Option<&'static str>,
    pub duration_ms: i64,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// How many seconds the endpoint asked to be left alone.
    pub retry_after_s: Option<i64>,
}

impl Reply {
    /// Whether the endpoint has accepted the event: it answered with a 2xx status.
    pub(super) fn is_success(&self) -> bool {
        self.error.is_none()
    }

    /// The URL, which was allowed when it was set, is not any more.
    pub(super) fn not_allowed() -> Self {
        Self::failed(NOT_ALLOWED)
    }

    fn failed(error: &'static str) -> Self {
        Self { status: None, error: Some(error), duration_ms: 0, answer: None, retry_after_s: None }
    }
}

/// The clients: one for `https`, one for `http`, which reaches listed networks only. They are made when they are first
/// needed, since reading the system's certificates takes a moment.
pub(super) struct Sender {
    pub guard: Guard,
    clients: OnceLock<[Client; 2]>,
}

/// Makes a client. `plain` is the one for `http`, whose resolver returns listed addresses only.
fn client(guard: &Guard, plain: bool) -> Result<Client, Error> {
    // Another part may have installed it before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let resolver = Resolver { guard: guard.clone(), listed_only: plain };
    Client::builder()
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(std::sync::Arc::new(resolver))
        .user_agent(concat!("Callstore/", env!("CARGO_PKG_VERSION")))
        .https_only(!plain)
        .pool_max_idle_per_host(2)
        .build()
        .map_err(|error| Error::StoreUnavailable(format!("no HTTP client could be made: {error}")))
}

impl Sender {
    pub(super) fn new(guard: Guard) -> Self {
        Self { guard, clients: OnceLock::new() }
    }

    /// The client for `https` or, with `plain`, for `http`. Two requests may make it at once; one of them is kept.
    fn client(&self, plain: bool) -> Result<&Client, Error> {
        if self.clients.get().is_none() {
            let made = [client(&self.guard, false)?, client(&self.guard, true)?];
            self.clients.get_or_init(|| made);
        }
        let clients = self.clients.get().ok_or(Error::Damaged("the HTTP clients"))?;
        Ok(&clients[usize::from(plain)])
    }

    /// Makes one attempt. Takes 15 seconds at most.
    ///
    /// # Errors
    /// When no attempt could be made for a reason of this service. What the endpoint does wrong is in the reply.
    pub(super) async fn send(&self, target: &Target, message: Message, now: Timestamp) -> Result<Reply, Error> {
        let literal: Option<IpAddr> = match target.url.host() {
            Some(Host::Ipv4(address)) => Some(address.into()),
            Some(Host::Ipv6(address)) => Some(address.into()),
            Some(Host::Domain(_)) | None => None,
        };
        let allowed = |address| {
            if target.plain { self.guard.is_listed(address) } else { self.guard.admits(address) }
        };
        if literal.is_some_and(|address| !allowed(address)) {
            return Ok(Reply::failed(NOT_ALLOWED));
        }
        let (began, client) = (Instant::now(), self.client(target.plain)?);
        let request = client
            .post(target.url.clone())
            .header("content-type", "application/json")
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.seconds)
            .header("webhook-signature", message.signature)
            .body(message.body);
        let end = began + ATTEMPT;
        let mut reply = match timeout_at(end, request.send()).await {
            Err(_) => Reply::failed("The endpoint did not answer within 15 seconds."),
            Ok(Err(error)) => Reply::failed(why(&error)),
            Ok(Ok(response)) => {
                let status = response.status();
                let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
                Reply {
                    status: Some(status.as_u16()),
                    error: failure(status),
                    duration_ms: 0,
                    retry_after_s: retry_after.and_then(|value| retry_after_s(value, now)),
                    answer: beginning(response, end).await,
                }
            }
        };
        reply.duration_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Ok(reply)
    }
}

const NOT_ALLOWED: &str = "The address is not public, and not in --webhook-allow.";

/// Why there is no answer. Nothing of the error's own text, which may hold the URL.
fn why(error: &reqwest::Error) -> &'static str {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.is::<Forbidden>() {
            return NOT_ALLOWED;
        }
        if inner.is::<rustls::Error>() {
            return "The endpoint's certificate is not trusted, or TLS failed.";
        }
        source = inner.source();
    }
    if error.is_connect() {
        "The service could not connect: the name does not resolve, or nothing listens there."
    } else {
        "The connection ended before there was an answer."
    }
}

/// Why a status counts as a failure; `None` for 2xx.
fn failure(status: StatusCode) -> Option<&'static str> {
    if status.is_success() {
        None
    } else if status.is_redirection() {
        Some("The endpoint redirects, which is not followed. Set its URL to the final one.")
    } else {
        Some("The endpoint did not answer with a 2xx status.")
    }
}

/// Reads up to 64 KiB of an answer and returns the first KiB as text, without NUL, which PostgreSQL does not store.
async fn beginning(mut response: reqwest::Response, end: Instant) -> Option<String> {
    let (mut kept, mut read) = (Vec::new(), 0);
    while let Ok(Ok(Some(bytes))) = timeout_at(end, response.chunk()).await {
        let room = KEPT_MAX.saturating_sub(kept.len()).min(bytes.len());
        kept.extend_from_slice(&bytes[..room]);
        read += bytes.len();
        if read >= READ_MAX {
            break;
        }
    }
    let text = String::from_utf8_lossy(&kept).replace('\0', "\u{fffd}");
    (!text.is_empty()).then_some(text)
}

/// Reads `Retry-After`: seconds or a date.
fn retry_after_s(value: &str, now: Timestamp) -> Option<i64> {
    let value = value.trim();
    let seconds = match value.parse::<i64>() {
        Ok(seconds) => seconds,
        Err(_) => chrono::DateTime::parse_from_rfc2822(value).ok()?.timestamp() - now.0.div_euclid(1000),
    };
    Some(seconds.clamp(0, RETRY_AFTER_MAX_S))
}

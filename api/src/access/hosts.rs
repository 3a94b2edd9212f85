//! Checks which host a request is for and which web page it comes from. Without an API key, this is all that protects a
//! service on loopback from foreign web pages. Such a page can point its own name to 127.0.0.1 (DNS rebinding), and can
//! submit forms to any address.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{HOST, HeaderName, ORIGIN},
    },
};

use super::paths::WEBHOOKS;
use crate::problem::{Problem, ProblemCode};

/// The header by which a browser states the origin's relation to the target.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Hosts that requests may be for, besides the loopback addresses and `localhost`.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<String>);

/// Origins of web pages that may read responses.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<String>);

/// The entries of a comma-separated list, in lower case.
fn parts(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase)
}

impl FromStr for Hosts {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        let hosts: Vec<_> = parts(list).collect();
        match hosts.iter().find(|host| host_of(host) != Some(host)) {
            None => Ok(Self(hosts)),
            Some(host) => Err(format!("{host} is no host; write names without scheme and port, as calls.example.com")),
        }
    }
}

impl FromStr for Origins {
    type Err = String;

    fn from_str(list: &str) -> Result<Self, String> {
        let origins: Vec<_> = parts(list).collect();
        match origins.iter().find(|origin| authority_of(origin).and_then(host_of).is_none()) {
            None => Ok(Self(origins)),
            Some(origin) => Err(format!("{origin} is no origin; write scheme and host, as https://app.example.com")),
        }
    }
}

impl Hosts {
    /// Rejects a request that is for another host, or that a web page of another host makes.
    ///
    /// # Errors
    /// 403, with the setting to change.
    pub fn check(&self, request: &ServiceRequest, origins: &Origins) -> Result<(), Problem> {
        let headers = request.headers();
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let target = request.uri().authority().map(|authority| authority.as_str());
        if [target, text(HOST)].into_iter().flatten().any(|host| !self.allow(host)) || !headers.contains_key(HOST) {
            let detail = "The Host header names a host that is not allowed. Until the first key exists, localhost and the \
                hosts in --allowed-hosts (CALLSTORE_ALLOWED_HOSTS) are allowed. Add the host there, or make a key with \
                callstore keys create.";
            return Err(Problem::new(ProblemCode::HostNotAllowed, detail));
        }
        let fetched = || headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site");
        let foreign = match text(ORIGIN) {
            Some(origin) => !self.allow_origin(origin) && !origins.allow(origin),
            None => fetched() && (request.method() != Method::GET || WEBHOOKS.contains(&request.match_info().as_str())),
        };
        if foreign {
            let detail = "The request comes from a web page of another origin. Allow the page's host with --allowed-hosts \
                (CALLSTORE_ALLOWED_HOSTS), or its origin with --cors-origins (CALLSTORE_CORS_ORIGINS).";
            return Err(Problem::new(ProblemCode::OriginNotAllowed, detail));
        }
        Ok(())
    }

    pub(crate) fn allow_origin(&self, origin: &str) -> bool {
        authority_of(origin).is_some_and(|authority| self.allow(authority))
    }

    /// Whether a host, with or without a port, is loopback or listed.
    pub(crate) fn allow(&self, authority: &str) -> bool {
        let Some(host) = host_of(authority) else { return false };
        host.eq_ignore_ascii_case("localhost")
            || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || host == "[::1]"
            || self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))
    }
}

impl Origins {
    /// The listed origins.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether no origin is listed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn allow(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
    }
}

/// The authority (host and port) of an origin.
fn authority_of(origin: &str) -> Option<&str> {
    origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"))
}

/// The host of an authority, without its port. `None` if it is neither a name nor an address.
fn host_of(authority: &str) -> Option<&str> {
    let end = match authority.strip_prefix('[') {
        Some(rest) => {
            let end = rest.find(']')?;
            rest[..end].parse::<Ipv6Addr>().ok()?;
            end + 2
        }
        None => authority.find(':').unwrap_or(authority.len()),
    };
    let (host, port) = authority.split_at(end);
    let named =
        host.starts_with('[') || host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let ends = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
    (!host.is_empty() && named && ends).then_some(host)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn this_machine_and_what_is_listed_are_allowed_on_any_port() {
        let hosts: Hosts = "calls.example.com, 10.0.0.7,[fd00::7]".parse().unwrap();
        for host in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "Calls.Example.com:443",
            "[fd00::7]",
        ] {
            assert!(hosts.allow(host), "{host}");
        }
        for host in [
            "",
            ":80",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "127.1",
            "0177.0.0.1",
            "0.0.0.0",
            "[::2]",
            "[::1",
            "[::1].evil.example",
            "[::1]//evil.example",
            "localhost:x",
            "a@localhost",
            "localhost/",
            "localhost evil",
        ] {
            assert!(!hosts.allow(host), "{host}");
        }
        for list in ["http://a", "a:80", "a/b", "*.example.com", "a b"] {
            assert!(list.parse::<Hosts>().is_err(), "{list}");
        }
        for list in ["app.example.com", "*", "https://a/b", "https://a b", "ftp://a", "https://"] {
            assert!(list.parse::<Origins>().is_err(), "{list}");
        }
        assert!("".parse::<Hosts>().unwrap().0.is_empty() && "".parse::<Origins>().unwrap().is_empty());
        assert!("https://a.example, http://localhost:3000".parse::<Origins>().unwrap().allow("http://localhost:3000"));
    }
}

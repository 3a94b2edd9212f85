//! An endpoint's URL: what is accepted when it is set, and checked before each attempt.
//!
//! Refusing a URL early is for the person who sets it: they learn at once what is wrong. What protects is the guard,
//! where the connection is made. So a name that does not exist yet, or that points inside, is accepted here.
//!
//! URLs are read as browsers read them, and so are addresses: `0x7f.1`, `2130706433` and `127.1` are all 127.0.0.1. An
//! IPv4 address in any other spelling than four decimal numbers is refused, allowed or not, since nobody means it well.

use std::net::IpAddr;

use url::{Host, Url};

use super::guard::Guard;
use crate::Error;

/// Longest URL, in characters.
const URL_MAX: usize = 2048;

/// Where an endpoint is.
#[derive(Clone)]
pub(super) struct Target {
    pub url: Url,
    /// Whether the connection is not encrypted, so that only listed networks are allowed.
    pub plain: bool,
}

/// Reads the URL of an endpoint.
///
/// # Errors
/// `Invalid`, with what is wrong and what to do.
pub(super) fn read(url: &str, guard: &Guard) -> Result<Target, Error> {
    parse(url, guard).map_err(|detail| Error::invalid("/url", detail))
}

/// The detail of the error says what is allowed, and never repeats the URL, which may hold a secret.
fn parse(text: &str, guard: &Guard) -> Result<Target, &'static str> {
    const WANTED: &str = "Must be a URL such as https://example.com/hooks, without spaces.";
    if text.chars().count() > URL_MAX {
        return Err("Must be at most 2048 characters long.");
    }
    if text.chars().any(|character| character.is_whitespace() || character.is_control() || character == '\\') {
        return Err(WANTED);
    }
    // Browsers read `https:host` and `https:///host` as `https://host`.
    let names_a_host = text.split_once("://").is_some_and(|(_, rest)| !rest.starts_with(['/', '?', '#']));
    let url = Url::parse(text).ok().filter(|_| names_a_host).ok_or(WANTED)?;
    let plain = match url.scheme() {
        "https" => false,
        "http" => true,
        _ => return Err("Must begin with https://."),
    };
    if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
        return Err("Must not contain a user name or a password. Deliveries are signed; verify the signature instead.");
    }
    if url.fragment().is_some() {
        return Err("Must not contain a fragment (#...), which is never sent. Leave it out.");
    }
    if url.port() == Some(0) {
        return Err("Port 0 cannot be connected to. Choose another port.");
    }
    let address = match url.host() {
        None => return Err(WANTED),
        Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
        Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            let local = name == "localhost" || name.ends_with(".localhost");
            local.then_some(IpAddr::from([127, 0, 0, 1]))
        }
    };
    if let Some(IpAddr::V4(address)) = address
        && matches!(url.host(), Some(Host::Ipv4(_)))
        && !is_host(text, &address.to_string())
    {
        return Err("The address is spelled unusually. Write it as four decimal numbers, such as 192.0.2.7.");
    }
    let refused = address.filter(|address| if plain { !guard.is_listed(*address) } else { !guard.admits(*address) });
    if refused.is_some() {
        return Err("The address is not public. To allow it, start the service with its network in --webhook-allow \
             (CALLSTORE_WEBHOOK_ALLOW).");
    }
    if plain && guard.0.is_empty() {
        return Err(
            "Must begin with https://. Plain http is only for networks in --webhook-allow (CALLSTORE_WEBHOOK_ALLOW).",
        );
    }
    Ok(Target { url, plain })
}

/// What stands between `//` and the path.
fn authority(text: &str) -> &str {
    let rest = text.split_once(':').map_or(text, |(_, rest)| rest).trim_start_matches('/');
    rest.split(['/', '?', '#']).next().unwrap_or(rest)
}

/// Whether the host is written exactly so, with or without a port.
fn is_host(text: &str, host: &str) -> bool {
    let authority = authority(text);
    authority == host || authority.strip_prefix(host).is_some_and(|rest| rest.starts_with(':'))
}

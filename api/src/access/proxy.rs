//! What proxies tell of themselves: which client a request counts for, and requests that came through a proxy although
//! the service has no key.

use std::net::IpAddr;

use actix_web::{dev::ServiceRequest, http::header::HeaderMap};

use crate::problem::{Problem, ProblemCode};

/// Headers of proxies, beside all whose name begins with [`FORWARDED`].
const HEADERS: [&str; 3] = ["forwarded", "x-real-ip", "via"];
const FORWARDED: &str = "x-forwarded-";

/// The address that a request counts for: that of the connection. Rate limits and the networks of keys go by it.
pub(crate) fn client_address(request: &ServiceRequest) -> Option<IpAddr> {
    Some(request.peer_addr()?.ip().to_canonical())
}

/// Refuses a request that came through a proxy. Without a key the service is for programs on its own machine, and a
/// proxy makes those of other machines look like them.
///
/// # Errors
/// 403, with the header and what to do.
pub(super) fn refuse(headers: &HeaderMap) -> Result<(), Problem> {
    let of_proxy = |name: &&str| HEADERS.contains(name) || name.starts_with(FORWARDED);
    let Some(name) = headers.keys().map(|name| name.as_str()).find(of_proxy) else { return Ok(()) };
    let detail = format!(
        "The request has the header {name}, so it came through a proxy, which other machines may reach; but no key \
         exists. Make one with callstore keys create --scope admin. --insecure-no-auth opens the service to everyone."
    );
    Err(Problem::new(ProblemCode::ProxyWithoutKey, detail))
}

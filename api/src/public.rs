//! The base URL of the service as clients see it: from the setting, or else from the request.

use std::{fmt, str::FromStr};

use actix_web::{
    HttpRequest,
    http::{header::HOST, uri::Authority},
};
use url::Url;

/// The public URL of the service, from `CALLSTORE_PUBLIC_URL`: scheme, host, port, and the path prefix of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

impl FromStr for PublicUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "write it as https://calls.example.com")?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err("it begins with https:// or http://");
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err("it has no user, no query and no fragment");
        }
        Ok(Self(url))
    }
}

impl PublicUrl {
    /// The scheme, or the matching WebSocket scheme.
    pub fn scheme(&self, websocket: bool) -> &'static str {
        match (self.0.scheme(), websocket) {
            ("https", false) => "https",
            ("https", true) => "wss",
            (_, false) => "http",
            (_, true) => "ws",
        }
    }

    /// The host. IPv6 addresses are in brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The port, unless it is the scheme's default.
    pub fn port(&self) -> Option<u16> {
        self.0.port()
    }

    /// The path prefix, without a trailing slash.
    pub fn prefix(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// The base of all absolute URLs that the service returns.
#[derive(Clone, Debug)]
pub(crate) struct BaseUrl(pub Option<PublicUrl>);

impl BaseUrl {
    /// The public URL, or the URL that the request was sent to. Has no trailing slash.
    pub(crate) fn of(&self, request: &HttpRequest) -> String {
        if let Some(public) = &self.0 {
            return public.to_string();
        }
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        let host = host.filter(|host| !host.as_str().contains('@'));
        let host = host.map_or_else(|| request.app_config().local_addr().to_string(), |host| host.to_string());
        // Accepts the scheme that a proxy states. Any other value would only be returned to the client that invented
        // it.
        let scheme = if request.connection_info().scheme() == "https" { "https" } else { "http" };
        format!("{scheme}://{host}")
    }

    /// The same with a WebSocket scheme.
    pub(crate) fn of_websocket(&self, request: &HttpRequest) -> String {
        self.of(request).replacen("http", "ws", 1)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn a_public_address_is_scheme_host_port_and_prefix() {
        let url: PublicUrl = "https://Calls.example.com:8443/store/".parse().unwrap();
        assert_eq!((url.host(), url.port(), url.prefix()), ("calls.example.com", Some(8443), "/store"));
        assert_eq!((url.scheme(false), url.scheme(true)), ("https", "wss"));
        assert_eq!(url.to_string(), "https://calls.example.com:8443/store");
        let url: PublicUrl = "http://[::1]:80".parse().unwrap();
        assert_eq!((url.host(), url.port(), url.prefix(), url.scheme(true)), ("[::1]", None, "", "ws"));
        for wrong in ["", "calls.example.com", "ftp://a", "https://", "https://a?b", "https://a#b", "https://u:p@a"] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn without_a_setting_the_address_is_the_request_s() {
        let of = |headers: &[(&'static str, &'static str)]| {
            let request = headers.iter().fold(TestRequest::default(), |request, header| request.insert_header(*header));
            BaseUrl(None).of(&request.to_http_request())
        };
        assert_eq!(of(&[("host", "a.example:81")]), "http://a.example:81");
        assert_eq!(of(&[("host", "a.example"), ("x-forwarded-proto", "https")]), "https://a.example");
        assert_eq!(of(&[("host", "a.example"), ("x-forwarded-proto", "javascript")]), "http://a.example");
        for odd in ["a.example/b", "u@a.example", "\"", ""] {
            assert_eq!(of(&[("host", odd)]), "http://127.0.0.1:8080", "{odd}");
        }
    }
}

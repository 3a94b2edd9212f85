//! Where clients reach the service: as its setting says, or else as a request does.

use std::{fmt, str::FromStr};

use actix_web::{
    HttpRequest,
    http::{header::HOST, uri::Authority},
};
use reqwest::Url;

/// The address that the service has for clients, from `CALLSTORE_PUBLIC_URL`: scheme, host, port, and the path that a proxy
/// puts in front.
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
    /// Its scheme, or the one of WebSockets in its place.
    pub fn scheme(&self, websocket: bool) -> &'static str {
        match (self.0.scheme(), websocket) {
            ("https", false) => "https",
            ("https", true) => "wss",
            (_, false) => "http",
            (_, true) => "ws",
        }
    }

    /// Its host, an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// Its port, unless it is the scheme's own.
    pub fn port(&self) -> Option<u16> {
        self.0.port()
    }

    /// The path in front of all others, without a slash at its end.
    pub fn prefix(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

/// What absolute addresses begin with.
#[derive(Clone, Debug)]
pub struct BaseUrl(pub Option<PublicUrl>);

impl BaseUrl {
    /// The public address, or the one that a request was sent to. It has no slash at its end.
    pub fn of(&self, request: &HttpRequest) -> String {
        if let Some(public) = &self.0 {
            return public.to_string();
        }
        let host = request.headers().get(HOST).and_then(|host| host.to_str().ok()?.parse::<Authority>().ok());
        let host = host.filter(|host| !host.as_str().contains('@'));
        let host = host.map_or_else(|| request.app_config().local_addr().to_string(), |host| host.to_string());
        // What a proxy says of the scheme is taken; anything else would only be told back to who said it.
        let scheme = if request.connection_info().scheme() == "https" { "https" } else { "http" };
        format!("{scheme}://{host}")
    }

    /// The same for WebSockets.
    pub fn of_websocket(&self, request: &HttpRequest) -> String {
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

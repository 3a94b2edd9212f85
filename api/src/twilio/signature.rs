//! Verifies `X-Twilio-Signature`: HMAC-SHA1 (RFC 2104) as base64, keyed with the account's auth token. The message is
//! the URL as configured at Twilio, followed by the form's fields, sorted, each name before its value.
//!
//! Twilio signs some URLs with their port and some without. Both are accepted, as in Twilio's own libraries.

use std::borrow::Cow;

use hmac::{Hmac, KeyInit, Mac};
use service::{Private, audio::encode_base64};
use sha1::Sha1;
use subtle::{Choice, ConstantTimeEq};

use crate::public::PublicUrl;

/// The account's auth tokens: one, or two during a rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AuthTokens(Vec<Private>);

impl AuthTokens {
    /// Parses one token, or two separated by a comma. The error says what is wrong and contains no token.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let tokens: Vec<Private> = text.split(',').map(|token| token.trim().into()).collect();
        if tokens.len() > 2 {
            return Err("it takes two tokens at most, with a comma between them");
        }
        let printable = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !tokens.iter().all(|token| printable(token.expose())) {
            return Err("a token is empty, or has characters that no token has");
        }
        Ok(Self(tokens))
    }
}

/// The names and values of a form.
pub(crate) type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Verifies Twilio's signatures.
#[derive(Clone, Debug)]
pub(crate) struct Signatures {
    /// The tokens that may have signed a request.
    pub tokens: AuthTokens,
    /// The public base URL of the service, as configured at Twilio.
    pub public: PublicUrl,
}

impl Signatures {
    /// Whether `given` is a valid signature of a request to `target` (path and query) with a form's fields. Compares in
    /// constant time and tries all tokens, so the duration reveals nothing about them.
    pub(crate) fn holds(&self, websocket: bool, target: &str, fields: Fields<'_>, given: &[u8]) -> bool {
        let fields = joined(fields);
        let mut holds = Choice::from(0);
        for address in self.spellings(websocket, target) {
            for token in &self.tokens.0 {
                holds |= signature(token.expose(), &address, &fields).as_bytes().ct_eq(given);
            }
        }
        holds.into()
    }

    /// The URL without a port, with its explicit port, or with the default port. Twilio's libraries use 443 for `https`
    /// and 80 for all other schemes, `wss` included.
    fn spellings(&self, websocket: bool, target: &str) -> Vec<String> {
        let (scheme, host, prefix) = (self.public.scheme(websocket), self.public.host(), self.public.prefix());
        let ports = match (self.public.port(), scheme) {
            (Some(port), _) => vec![port],
            (None, "https") => vec![443],
            (None, "wss") => vec![443, 80],
            (None, _) => vec![80],
        };
        let ports = ports.into_iter().map(|port| format!(":{port}"));
        std::iter::once(String::new())
            .chain(ports)
            .map(|port| format!("{scheme}://{host}{port}{prefix}{target}"))
            .collect()
    }
}

/// The form's fields, sorted and concatenated for signing. A name that repeats with the same value counts once.
pub(crate) fn joined(mut fields: Fields<'_>) -> String {
    fields.sort_unstable();
    fields.dedup();
    fields.into_iter().flat_map(|(name, value)| [name, value]).collect()
}

pub(crate) fn signature(token: &str, address: &str, fields: &str) -> String {
    // HMAC accepts keys of any length, so this cannot fail.
    let Ok(mut code) = Hmac::<Sha1>::new_from_slice(token.as_bytes()) else { return String::new() };
    code.update(address.as_bytes());
    code.update(fields.as_bytes());
    encode_base64(&code.finalize().into_bytes())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn signatures(tokens: &str, public: &str) -> Signatures {
        Signatures { tokens: AuthTokens::parse(tokens).unwrap(), public: public.parse().unwrap() }
    }

    fn fields<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(Cow<'a, str>, Cow<'a, str>)> {
        fields.iter().map(|&(name, value)| (name.into(), value.into())).collect()
    }

    /// The example of Twilio's documentation, which its libraries also test.
    const EXAMPLE: [(&str, &str); 5] = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
        ("Caller", "+14158675309"),
    ];

    #[test]
    fn twilio_s_own_example_holds() {
        let ours = signatures("12345", "https://mycompany.com");
        let holds =
            |target, given: &[(&str, &str)], signature: &[u8]| ours.holds(false, target, fields(given), signature);
        let target = "/myapp.php?foo=1&bar=2";
        assert!(holds(target, &EXAMPLE, b"RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        for signature in [&b"RSOYDt4T1cUTdK1PDd93/VVr8B9="[..], b"RSOYDt4T1cUTdK1PDd93/VVr8B8", b"", b"=", &[0xFF; 28]]
        {
            assert!(!holds(target, &EXAMPLE, signature));
        }
        assert!(!holds("/myapp.php?foo=1&bar=3", &EXAMPLE, b"RSOYDt4T1cUTdK1PDd93/VVr8B8="));
        assert!(!holds(target, &EXAMPLE[1..], b"RSOYDt4T1cUTdK1PDd93/VVr8B8="));
    }

    #[test]
    fn the_port_may_be_signed_or_not() {
        let spellings = |public, websocket| signatures("t", public).spellings(websocket, "/x");
        assert_eq!(spellings("https://a", false), ["https://a/x", "https://a:443/x"]);
        assert_eq!(spellings("https://a:443/b/", true), ["wss://a/b/x", "wss://a:443/b/x", "wss://a:80/b/x"]);
        assert_eq!(spellings("https://a:8443", true), ["wss://a/x", "wss://a:8443/x"]);
        assert_eq!(spellings("http://a", true), ["ws://a/x", "ws://a:80/x"]);
    }

    #[test]
    fn either_of_two_tokens_holds_and_neither_is_printed() {
        let ours = signatures("first, second", "https://a");
        for token in ["first", "second"] {
            assert!(ours.holds(false, "/x", Vec::new(), signature(token, "https://a/x", "").as_bytes()));
        }
        assert!(!ours.holds(false, "/x", Vec::new(), signature("third", "https://a/x", "").as_bytes()));
        assert!(!format!("{ours:?}").contains("first"));
        for wrong in ["", ",", "a,", "a,b,c", "a b"] {
            assert!(AuthTokens::parse(wrong).is_err(), "{wrong}");
        }
    }
}

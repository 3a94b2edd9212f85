//! The settings for Twilio, and the checks of Twilio's signatures that follow from them.

use std::{convert::Infallible, fs, path::PathBuf};

use actix_web::{
    HttpRequest,
    http::header::{HeaderName, HeaderValue},
};
use clap::Args;
use service::{Private, absolute};
use url::Url;

use super::signature::{AuthTokens, Fields, Signatures};
use crate::{
    extract::Form,
    problem::{Problem, ProblemCode},
    public::PublicUrl,
};

/// The header with Twilio's signature.
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

/// The command-line settings for Twilio.
#[derive(Args, Clone, Debug)]
pub struct TwilioSettings {
    /// Twilio's auth token, or two separated by a comma during a rotation. Once it is set, requests from Twilio must be
    /// signed. Prefer the variable or a file, since other users of the machine can see flags
    #[arg(long, env = "CALLSTORE_TWILIO_AUTH_TOKEN", hide_env_values = true, value_name = "TOKEN", value_parser = hidden)]
    twilio_auth_token: Option<Private>,
    /// File that contains the auth token or tokens
    #[arg(long, env = "CALLSTORE_TWILIO_AUTH_TOKEN_FILE", value_name = "FILE")]
    twilio_auth_token_file: Option<PathBuf>,
    /// URL of the TwiML that continues a phone call once its stream has started; without it the line stays silent
    #[arg(long, env = "CALLSTORE_TWILIO_NEXT_URL", value_name = "URL", value_parser = next_url)]
    twilio_next_url: Option<Url>,
}

/// Accepts any text. clap prints rejected values, which would leak a token; `read` checks the token.
fn hidden(text: &str) -> Result<Private, Infallible> {
    Ok(text.into())
}

fn next_url(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "write it as https://agent.example.com/twiml")?;
    if matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err("it begins with https:// or http://") }
}

impl TwilioSettings {
    /// Validates the settings.
    ///
    /// # Errors
    /// If a setting is invalid: a sentence that contains no token.
    pub fn read(&self, public: Option<&PublicUrl>) -> Result<Twilio, String> {
        let tokens = match (&self.twilio_auth_token, &self.twilio_auth_token_file) {
            (None, None) => None,
            (Some(text), None) => Some(("CALLSTORE_TWILIO_AUTH_TOKEN", text.expose().clone())),
            (None, Some(path)) => {
                let file = "CALLSTORE_TWILIO_AUTH_TOKEN_FILE";
                let text = fs::read_to_string(path).map_err(|error| {
                    format!("{file}: the file {} cannot be read: {error}", absolute(path).display())
                })?;
                Some((file, text))
            }
            (Some(_), Some(_)) => {
                return Err("Give CALLSTORE_TWILIO_AUTH_TOKEN or CALLSTORE_TWILIO_AUTH_TOKEN_FILE, not both".to_owned());
            }
        };
        let signatures = match tokens {
            None => None,
            Some((name, text)) => {
                let tokens = AuthTokens::parse(&text).map_err(|error| format!("{name} is not understood: {error}"))?;
                let public = public.cloned().ok_or_else(|| {
                    format!(
                        "{name} needs CALLSTORE_PUBLIC_URL (--public-url): Twilio signs the address that it was given, \
                         as https://calls.example.com"
                    )
                })?;
                Some(Signatures { tokens, public })
            }
        };
        Ok(Twilio { signatures, next_url: self.twilio_next_url.clone() })
    }
}

/// The validated settings for Twilio.
#[derive(Clone, Debug)]
pub struct Twilio {
    signatures: Option<Signatures>,
    /// Where the voice webhook redirects a phone call after it started the stream.
    pub next_url: Option<Url>,
}

impl Twilio {
    /// Whether Twilio's webhooks and handshakes must be signed, and its streams need a token.
    pub fn is_guarded(&self) -> bool {
        self.signatures.is_some()
    }

    /// The signature of a request that was checked; `None` if none is required.
    pub fn signature<'request>(&self, request: &'request HttpRequest) -> Option<&'request [u8]> {
        self.signatures.as_ref().and_then(|_| request.headers().get(SIGNATURE)).map(HeaderValue::as_bytes)
    }

    /// Rejects a webhook without a valid signature, if signatures are required. Twilio signs the URL and the form.
    pub fn check_post(&self, request: &HttpRequest, form: &Form) -> Result<(), Problem> {
        self.check(request, false, form.pairs().collect())
    }

    /// The same for a webhook by `GET`. Twilio signs the URL, query included.
    pub fn check_get(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(request, false, Vec::new())
    }

    /// Rejects a WebSocket handshake without a valid signature, if signatures are required.
    pub fn check_socket(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(request, true, Vec::new())
    }

    fn check(&self, request: &HttpRequest, websocket: bool, fields: Fields<'_>) -> Result<(), Problem> {
        let Some(signatures) = &self.signatures else { return Ok(()) };
        let refuse = |detail: &str| Err(Problem::new(ProblemCode::SignatureInvalid, detail));
        let Some(given) = request.headers().get(SIGNATURE) else {
            return refuse(
                "signature_missing: the request has no X-Twilio-Signature. Only requests that Twilio signs are accepted.",
            );
        };
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        if signatures.holds(websocket, target, fields, given.as_bytes()) {
            return Ok(());
        }
        refuse(
            "X-Twilio-Signature does not match this request. Check that the URL configured at Twilio begins with \
             CALLSTORE_PUBLIC_URL, and that CALLSTORE_TWILIO_AUTH_TOKEN is the account's auth token.",
        )
    }
}

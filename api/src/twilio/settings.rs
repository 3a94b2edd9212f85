//! The settings for Twilio, and the checks of Twilio's signatures that follow from them.

use std::{convert::Infallible, fs, path::PathBuf};

use actix_web::{HttpRequest, http::header::HeaderName};
use clap::Args;
use reqwest::Url;
use service::Private;

use super::signature::{AuthTokens, Signatures};
use crate::{
    extract::Form,
    problem::{Problem, ProblemCode},
    public::PublicUrl,
};

const SIGNATURE: HeaderName = HeaderName::from_static("x-twilio-signature");

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
                let text = fs::read_to_string(path)
                    .map_err(|error| format!("{file}: the file {} cannot be read: {error}", path.display()))?;
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

    /// Rejects a webhook without a valid signature, if signatures are required.
    pub fn check_webhook(&self, request: &HttpRequest, form: &Form) -> Result<(), Problem> {
        self.check(request, Some(form))
    }

    /// Rejects a WebSocket handshake without a valid signature, if signatures are required.
    pub fn check_socket(&self, request: &HttpRequest) -> Result<(), Problem> {
        self.check(request, None)
    }

    fn check(&self, request: &HttpRequest, form: Option<&Form>) -> Result<(), Problem> {
        let Some(signatures) = &self.signatures else { return Ok(()) };
        let refuse = |detail: &str| Err(Problem::new(ProblemCode::SignatureInvalid, detail));
        let Some(given) = request.headers().get(SIGNATURE) else {
            return refuse("signature_missing: the request has no X-Twilio-Signature; only Twilio may send it.");
        };
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let fields = form.map(|form| form.pairs().collect()).unwrap_or_default();
        if signatures.holds(form.is_none(), target, fields, given.as_bytes()) {
            return Ok(());
        }
        refuse(
            "X-Twilio-Signature is not that of this request. Check that CALLSTORE_PUBLIC_URL begins the address that Twilio \
             was given, and that CALLSTORE_TWILIO_AUTH_TOKEN is the account's.",
        )
    }
}

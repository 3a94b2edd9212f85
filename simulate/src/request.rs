//! A request that can be repeated, and a response body that is read in pieces.

use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use serde::de::DeserializeOwned;

use crate::{answer::Answer, error::CallFailure};

const ACCEPT: (&str, &str) = ("Accept", "application/json");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A request that can be sent several times.
pub(crate) struct Request {
    /// The method.
    pub method: Method,
    /// The path after the base URL, with its query if it has one.
    pub path: String,
    /// A header to send, as name and value.
    pub header: (&'static str, &'static str),
    /// The body.
    pub body: Bytes,
    /// Whether the service handles a repetition idempotently, so that it may be retried without a response.
    pub repeatable: bool,
}

/// A recording that is being downloaded.
pub(crate) struct Download {
    /// The method and path, for error messages.
    pub request: String,
    /// The response, whose body is read in pieces.
    pub response: reqwest::Response,
}

impl Download {
    /// Reads the next piece of the body; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, CallFailure> {
        self.response.chunk().await.map_err(|source| CallFailure::NoAnswer { request: self.request.clone(), source })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

impl Request {
    /// A request with a JSON body.
    pub(crate) fn json(method: Method, path: String, body: Bytes) -> Self {
        Self { method, path, header: JSON, body, repeatable: true }
    }

    /// A `GET` that asks for JSON.
    pub(crate) fn get(path: String) -> Self {
        Self { method: Method::GET, path, header: ACCEPT, body: Bytes::new(), repeatable: true }
    }

    /// Parses the JSON body of a response.
    pub(crate) fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, CallFailure> {
        serde_json::from_slice(&answer.body)
            .map_err(|source| CallFailure::Unintelligible { request: self.to_string(), source })
    }
}

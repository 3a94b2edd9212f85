//! A request, and an answer that is too long to be read at once.

use std::fmt;

use bytes::Bytes;
use reqwest::Method;
use serde::de::DeserializeOwned;

use super::{CallFailure, answer::Answer};

const ACCEPT: (&str, &str) = ("Accept", "application/json");
const JSON: (&str, &str) = ("Content-Type", "application/json");

/// A request that can be made again.
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path, with what follows it.
    pub path: String,
    /// A header.
    pub header: (&'static str, &'static str),
    /// The body.
    pub body: Bytes,
    /// Whether making it twice does what making it once does.
    pub repeatable: bool,
}

/// A recording as it comes.
pub struct Download {
    /// What was asked for.
    pub request: String,
    /// What comes.
    pub response: reqwest::Response,
}

impl Download {
    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CallFailure> {
        self.response.chunk().await.map_err(|source| CallFailure::NoAnswer { request: self.request.clone(), source })
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

impl Request {
    /// One that carries JSON.
    pub fn json(method: Method, path: String, body: Bytes) -> Self {
        Self { method, path, header: JSON, body, repeatable: true }
    }

    /// One that asks for JSON.
    pub fn get(path: String) -> Self {
        Self { method: Method::GET, path, header: ACCEPT, body: Bytes::new(), repeatable: true }
    }

    /// Reads its answer.
    pub fn read<T: DeserializeOwned>(&self, answer: &Answer) -> Result<T, CallFailure> {
        serde_json::from_slice(&answer.body)
            .map_err(|source| CallFailure::Unintelligible { request: self.to_string(), source })
    }
}

//! The operations that a replay needs, over HTTP: one client for all calls.

use std::{fmt, time::Duration};

use bytes::Bytes;
use reqwest::{Method, StatusCode, Url, redirect};
use tokio::{
    sync::Semaphore,
    time::{self, Instant},
};

use super::{
    CallFailure, SimulateError,
    answer::{Answer, Call},
    script::Part,
};

/// How many requests are under way at a time: more would only wait inside the service, and cost a socket each.
const REQUESTS_MAX: usize = 512;
/// How many calls' ends are under way at a time. They are counted for themselves: they wait long, and must not hold up
/// the chunks of calls that go on.
const ENDS_MAX: usize = 256;
/// How often a request is made while the service is too busy for it.
const TRIES_MAX: u32 = 10;
/// How long a request may take; the end of a call waits for half of it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept: less than servers do (actix-web: 5 s), so that none is used as it is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it is waited for a call's recording.
const FINALIZE_TIMEOUT: Duration = Duration::from_secs(600);
/// The pause before the end of a call is asked for again.
const END_PAUSE: Duration = Duration::from_millis(500);

const JSON: (&str, &str) = ("Content-Type", "application/json");
/// The end of a call is answered when it is finalized, or after so many seconds.
const END_WAIT: (&str, &str) = ("Prefer", "wait=30");

/// A service that is running somewhere.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    requests: Semaphore,
    ends: Semaphore,
}

impl Client {
    /// A client of the service at `url`.
    ///
    /// # Errors
    /// When the system has no certificates for https.
    pub fn new(url: &Url) -> Result<Self, SimulateError> {
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("callstore-simulate/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .no_proxy();
        if url.scheme() == "http" {
            // Else it asks for the system's certificates, which a small container does not have.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build().map_err(SimulateError::Client)?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            requests: Semaphore::new(REQUESTS_MAX),
            ends: Semaphore::new(ENDS_MAX),
        })
    }

    /// Looks whether there is a service at all.
    ///
    /// # Errors
    /// When nothing answers.
    pub async fn reach(&self) -> Result<(), SimulateError> {
        let answer = self.http.get(format!("{}/livez", self.base)).send().await;
        answer.map(drop).map_err(|source| SimulateError::Unreachable { url: self.base.clone(), source })
    }

    /// Where a recording can be downloaded.
    #[must_use]
    pub fn recording_url(&self, recording: &str) -> String {
        format!("{}/recordings/{recording}/audio", self.base)
    }

    /// `startCall`.
    pub async fn start(&self, body: Bytes) -> Result<Call, CallFailure> {
        let request = Request::json(Method::POST, "/calls".to_owned(), body);
        request.call(&self.send(&self.requests, &request).await?)
    }

    /// `setMetadata`.
    pub async fn set_metadata(&self, call: &str, body: Bytes) -> Result<(), CallFailure> {
        let request = Request::json(Method::PUT, format!("/calls/{call}/metadata"), body);
        self.send(&self.requests, &request).await.map(drop)
    }

    /// `addAudioChunk` or `addAudioChunks`.
    pub async fn add_chunks(&self, call: &str, part: &Part) -> Result<(), CallFailure> {
        let path = format!("/calls/{call}/{}", part.path);
        let request = Request::json(Method::POST, path, part.body.clone());
        self.send(&self.requests, &request).await.map(drop)
    }

    /// `addTranscripts`.
    pub async fn add_transcripts(&self, call: &str, body: Bytes) -> Result<(), CallFailure> {
        let request = Request::json(Method::POST, format!("/calls/{call}/transcripts/batch"), body);
        self.send(&self.requests, &request).await.map(drop)
    }

    /// `endCall`, again and again until the call is finalized.
    pub async fn end(&self, call: &str) -> Result<Call, CallFailure> {
        let request =
            Request { method: Method::POST, path: format!("/calls/{call}/end"), header: END_WAIT, body: Bytes::new() };
        let begun = Instant::now();
        loop {
            let answer = self.send(&self.ends, &request).await?;
            if answer.status != StatusCode::ACCEPTED {
                return request.call(&answer);
            }
            if begun.elapsed() > FINALIZE_TIMEOUT {
                return Err(CallFailure::NotFinalized { minutes: FINALIZE_TIMEOUT.as_secs() / 60 });
            }
            time::sleep(END_PAUSE).await;
        }
    }

    /// Makes a request, in its turn, and again while the service asks for it to be made again; any other answer but a
    /// success is a failure.
    async fn send(&self, turns: &Semaphore, request: &Request) -> Result<Answer, CallFailure> {
        let mut tries = 1;
        loop {
            let answer = {
                // It is never closed; if it were, there would be no turns to wait for.
                let _turn = turns.acquire().await;
                self.send_once(request).await
            };
            let answer = answer.map_err(|source| CallFailure::NoAnswer { request: request.to_string(), source })?;
            match answer.try_again {
                _ if answer.status.is_success() => return Ok(answer),
                Some(pause) if tries < TRIES_MAX => time::sleep(pause).await,
                _ => {
                    let (request, detail) = (request.to_string(), answer.detail());
                    return Err(CallFailure::Refused { request, status: answer.status, detail });
                }
            }
            tries += 1;
        }
    }

    async fn send_once(&self, request: &Request) -> reqwest::Result<Answer> {
        let (name, value) = request.header;
        let builder = self.http.request(request.method.clone(), format!("{}{}", self.base, request.path));
        Answer::read(builder.header(name, value).body(request.body.clone()).send().await?).await
    }
}

/// A request that can be made again.
struct Request {
    method: Method,
    path: String,
    header: (&'static str, &'static str),
    body: Bytes,
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.method, self.path)
    }
}

impl Request {
    fn json(method: Method, path: String, body: Bytes) -> Self {
        Self { method, path, header: JSON, body }
    }

    /// Reads its answer as a call.
    fn call(&self, answer: &Answer) -> Result<Call, CallFailure> {
        serde_json::from_slice(&answer.body)
            .map_err(|source| CallFailure::Unintelligible { request: self.to_string(), source })
    }
}

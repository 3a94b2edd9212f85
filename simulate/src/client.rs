//! An HTTP client for the operations that a simulation needs, shared by the calls of a thread.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, HeaderValue},
    redirect,
};
use tokio::{
    sync::Semaphore,
    time::{self, Instant},
};
use url::Url;

use crate::{
    answer::{Answer, Call, ChunkStatus, Computed},
    error::{CallFailure, SimulateError},
    request::{Download, Request},
};

/// Concurrent requests. More would only queue inside the service and cost a socket each.
const REQUESTS_MAX: usize = 512;
/// Concurrent `endCall` requests. They have their own limit because they wait for finalization and must not block
/// chunks.
const ENDS_MAX: usize = 256;
/// Attempts for a request that the service answers with 503.
const TRIES_MAX: u32 = 10;
/// The pause before a request without a response is retried; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);
/// Consecutive failed attempts after which a request without a response fails.
const UNANSWERED_MAX: u32 = 7;
/// A request that ran longer than this before it failed resets the count of failed attempts.
const STEADY: Duration = Duration::from_secs(1);
/// The timeout of a request. `endCall` asks the service to wait for half of it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept. Servers close idle connections later (actix-web after 5 s), so none is reused
/// while it is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the end of a call may take, including finalization.
const FINALIZE_TIMEOUT: Duration = Duration::from_secs(600);
/// The pause between two `endCall` requests for a call that is being finalized.
const END_PAUSE: Duration = Duration::from_millis(500);
/// The first pause between two checks of whether a stream's call has ended; it doubles up to `LOOK_PAUSE_MAX`.
const LOOK_PAUSE: Duration = Duration::from_millis(10);
const LOOK_PAUSE_MAX: Duration = Duration::from_millis(250);
/// How long a call may stay active after its stream has stopped.
const LOOK_TIMEOUT: Duration = Duration::from_secs(60);

/// Asks the service to answer `endCall` when the call is finalized, or after 30 s.
const END_WAIT: (&str, &str) = ("Prefer", "wait=30");

/// The number of consecutive attempts that got no response.
#[derive(Debug, Default)]
pub(crate) struct Unanswered(u32);

impl Unanswered {
    /// Pauses before a retry. Fails with `failure` after too many attempts.
    pub(crate) async fn pause(&mut self, asked_at: Instant, failure: CallFailure) -> Result<(), CallFailure> {
        if asked_at.elapsed() > STEADY {
            self.0 = 0;
        }
        self.0 += 1;
        if self.0 >= UNANSWERED_MAX {
            return Err(failure);
        }
        time::sleep(PAUSE * 2_u32.pow(self.0 - 1)).await;
        Ok(())
    }
}

/// An HTTP client of one service.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    requests: Semaphore,
    ends: Semaphore,
}

impl Client {
    /// Creates a client of the service at `url`, which sends `authorization` with each request.
    ///
    /// # Errors
    /// When the TLS certificates of the system cannot be loaded for https.
    pub(crate) fn new(url: &Url, authorization: Option<&HeaderValue>) -> Result<Self, SimulateError> {
        // The HTTP and WebSocket clients use the process-wide TLS provider. A provider that was installed earlier
        // stays.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("callstore-simulate/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .default_headers(authorization.map(|key| (AUTHORIZATION, key.clone())).into_iter().collect())
            .no_proxy();
        if url.scheme() == "http" {
            // With an empty list the client does not load the system's certificates, which a small container lacks.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build().map_err(SimulateError::Client)?,
            base: url.as_str().trim_end_matches('/').to_owned(),
            requests: Semaphore::new(REQUESTS_MAX),
            ends: Semaphore::new(ENDS_MAX),
        })
    }

    /// Checks that a service responds at the URL.
    ///
    /// # Errors
    /// When nothing responds.
    pub(crate) async fn reach(&self) -> Result<(), SimulateError> {
        let answer = self.http.get(format!("{}/livez", self.base)).send().await;
        answer.map(drop).map_err(|source| SimulateError::Unreachable { url: self.base.clone(), source })
    }

    /// The URL that downloads a recording.
    #[must_use]
    pub(crate) fn recording_url(&self, recording: &str) -> String {
        format!("{}/recordings/{recording}/audio", self.base)
    }

    /// Sends `startCall`.
    pub(crate) async fn start(&self, body: Bytes) -> Result<Call, CallFailure> {
        let request = Request::json(Method::POST, "/calls".to_owned(), body);
        request.read(&self.send(&self.requests, &request).await?)
    }

    /// Sends `setMetadata`.
    pub(crate) async fn set_metadata(&self, call: &str, body: Bytes) -> Result<(), CallFailure> {
        let request = Request::json(Method::PUT, format!("/calls/{call}/metadata"), body);
        self.send(&self.requests, &request).await.map(drop)
    }

    /// Sends `addAudioChunk` or `addAudioChunks`. With `cut`, drops the connection if there is no response by then, and
    /// sends the same request again.
    pub(crate) async fn add_chunks(
        &self,
        call: &str,
        path: &str,
        body: Bytes,
        cut: Option<Duration>,
    ) -> Result<(), CallFailure> {
        let request = Request::json(Method::POST, format!("/calls/{call}/{path}"), body);
        if let Some(cut) = cut {
            // Either way the request is sent again below.
            let _ = time::timeout(cut, self.send_once(&request)).await;
        }
        self.send(&self.requests, &request).await.map(drop)
    }

    /// Sends `addTranscripts`. Without an idempotency key this cannot be retried safely.
    pub(crate) async fn add_transcripts(&self, call: &str, body: Bytes) -> Result<(), CallFailure> {
        let mut request = Request::json(Method::POST, format!("/calls/{call}/transcripts/batch"), body);
        request.repeatable = false;
        self.send(&self.requests, &request).await.map(drop)
    }

    /// Sends `addAnalytics`. As `addTranscripts`, it is not repeated without a response.
    pub(crate) async fn add_analytics(&self, call: &str, body: Bytes) -> Result<(), CallFailure> {
        let mut request = Request::json(Method::POST, format!("/calls/{call}/analytics"), body);
        request.repeatable = false;
        self.send(&self.requests, &request).await.map(drop)
    }

    /// Sends `getCall`.
    pub(crate) async fn get(&self, call: &str) -> Result<Call, CallFailure> {
        let request = Request::get(format!("/calls/{call}"));
        request.read(&self.send(&self.requests, &request).await?)
    }

    /// Sends `getChunkStatus`.
    pub(crate) async fn chunk_status(&self, call: &str) -> Result<ChunkStatus, CallFailure> {
        let request = Request::get(format!("/calls/{call}/chunks"));
        request.read(&self.send(&self.requests, &request).await?)
    }

    /// Sends `getComputedAnalytics`.
    pub(crate) async fn computed(&self, call: &str) -> Result<Computed, CallFailure> {
        let request = Request::get(format!("/calls/{call}/analytics/computed"));
        request.read(&self.send(&self.requests, &request).await?)
    }

    /// Starts `downloadRecording`. The caller reads the body in pieces.
    pub(crate) async fn download(&self, recording: &str) -> Result<Download, CallFailure> {
        let request = Request::get(format!("/recordings/{recording}/audio"));
        let no_answer = |source| CallFailure::NoAnswer { request: request.to_string(), source };
        let response = self.http.get(format!("{}{}", self.base, request.path)).send().await.map_err(no_answer)?;
        if response.status() == StatusCode::OK {
            return Ok(Download { request: request.to_string(), response });
        }
        let answer = Answer::read(response).await.map_err(no_answer)?;
        Err(CallFailure::Refused { request: request.to_string(), status: answer.status, detail: answer.detail() })
    }

    /// Polls the call until it is no longer active, after its stream has stopped.
    pub(crate) async fn await_end(&self, call: &str) -> Result<(), CallFailure> {
        let (begun, mut pause) = (Instant::now(), LOOK_PAUSE);
        while self.get(call).await?.status == "active" {
            if begun.elapsed() > LOOK_TIMEOUT {
                return Err(CallFailure::NotEnded { seconds: LOOK_TIMEOUT.as_secs() });
            }
            time::sleep(pause).await;
            pause = (pause * 2).min(LOOK_PAUSE_MAX);
        }
        Ok(())
    }

    /// Repeats `endCall` until the call is finalized. The body may be empty.
    pub(crate) async fn end(&self, call: &str, body: Bytes) -> Result<Call, CallFailure> {
        let mut request = Request::json(Method::POST, format!("/calls/{call}/end"), body);
        // A request has one header of its own. With a body, the service waits as long as it does by default.
        if request.body.is_empty() {
            request.header = END_WAIT;
        }
        let begun = Instant::now();
        loop {
            let answer = self.send(&self.ends, &request).await?;
            if answer.status != StatusCode::ACCEPTED {
                return request.read(&answer);
            }
            if begun.elapsed() > FINALIZE_TIMEOUT {
                return Err(CallFailure::NotFinalized { minutes: FINALIZE_TIMEOUT.as_secs() / 60 });
            }
            time::sleep(END_PAUSE).await;
        }
    }

    /// Sends a request once a permit is free. Retries it while the service answers 503 with `Retry-After`, and, if it
    /// is repeatable, while there is no response. Any other response without success is an error.
    async fn send(&self, turns: &Semaphore, request: &Request) -> Result<Answer, CallFailure> {
        let (mut tries, mut unanswered) = (1, Unanswered::default());
        loop {
            // The semaphore is never closed, so `acquire` always returns a permit.
            let turn = turns.acquire().await;
            let asked_at = Instant::now();
            let answer = self.send_once(request).await;
            drop(turn);
            let answer = match answer {
                Ok(answer) => answer,
                Err(source) => {
                    let failure = CallFailure::NoAnswer { request: request.to_string(), source };
                    if !request.repeatable {
                        return Err(failure);
                    }
                    unanswered.pause(asked_at, failure).await?;
                    continue;
                }
            };
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

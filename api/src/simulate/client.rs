//! The operations that a replay needs, over HTTP: one client for all calls.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{
    Method, StatusCode, Url,
    header::{AUTHORIZATION, HeaderValue},
    redirect,
};
use tokio::{
    sync::Semaphore,
    time::{self, Instant},
};

use super::{
    CallFailure, SimulateError,
    answer::{Answer, Call, ChunkStatus},
    request::{Download, Request},
};

/// How many requests are under way at a time: more would only wait inside the service, and cost a socket each.
const REQUESTS_MAX: usize = 512;
/// How many calls' ends are under way at a time. They are counted for themselves: they wait long, and must not hold up
/// the chunks of calls that go on.
const ENDS_MAX: usize = 256;
/// How often a request is made while the service is too busy for it.
const TRIES_MAX: u32 = 10;
/// The pause before a request is made again that was not answered; it doubles each time.
const PAUSE: Duration = Duration::from_millis(100);
/// How often such a request is made.
const UNANSWERED_MAX: u32 = 7;
/// How long a request has to be under way so that those before it, which were not answered, no longer count.
const STEADY: Duration = Duration::from_secs(1);
/// How long a request may take; the end of a call waits for half of it.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long an idle connection is kept: less than servers do (actix-web: 5 s), so that none is used as it is closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long it is waited for a call's recording.
const FINALIZE_TIMEOUT: Duration = Duration::from_secs(600);
/// The pause before the end of a call is asked for again.
const END_PAUSE: Duration = Duration::from_millis(500);
/// The pause before a call that should have ended by itself is looked at again: at first, and at most.
const LOOK_PAUSE: Duration = Duration::from_millis(10);
const LOOK_PAUSE_MAX: Duration = Duration::from_millis(250);
/// How long it is waited for a call to end by itself.
const LOOK_TIMEOUT: Duration = Duration::from_secs(60);

/// The end of a call is answered when it is finalized, or after so many seconds.
const END_WAIT: (&str, &str) = ("Prefer", "wait=30");

/// How often something was not answered.
#[derive(Debug, Default)]
pub struct Unanswered(u32);

impl Unanswered {
    /// Waits until it is asked for again; fails with `failure` where that was often enough.
    pub async fn pause(&mut self, asked_at: Instant, failure: CallFailure) -> Result<(), CallFailure> {
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

/// A service that is running somewhere.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    requests: Semaphore,
    ends: Semaphore,
}

impl Client {
    /// A client of the service at `url`, with the `Authorization` that it asks for, if any.
    ///
    /// # Errors
    /// When the system has no certificates for https.
    pub fn new(url: &Url, authorization: Option<&HeaderValue>) -> Result<Self, SimulateError> {
        // Neither HTTP nor WebSocket clients have a TLS implementation of their own. An earlier choice in this process stays.
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
        request.read(&self.send(&self.requests, &request).await?)
    }

    /// `setMetadata`.
    pub async fn set_metadata(&self, call: &str, body: Bytes) -> Result<(), CallFailure> {
        let request = Request::json(Method::PUT, format!("/calls/{call}/metadata"), body);
        self.send(&self.requests, &request).await.map(drop)
    }

    /// `addAudioChunk` or `addAudioChunks`. With `cut`, the connection is dropped if there is no answer by then, and the same
    /// request is made again.
    pub async fn add_chunks(
        &self,
        call: &str,
        path: &str,
        body: Bytes,
        cut: Option<Duration>,
    ) -> Result<(), CallFailure> {
        let request = Request::json(Method::POST, format!("/calls/{call}/{path}"), body);
        if let Some(cut) = cut {
            // Whatever comes of it: it is made again.
            let _ = time::timeout(cut, self.send_once(&request)).await;
        }
        self.send(&self.requests, &request).await.map(drop)
    }

    /// `addTranscripts`.
    pub async fn add_transcripts(&self, call: &str, body: Bytes) -> Result<(), CallFailure> {
        let mut request = Request::json(Method::POST, format!("/calls/{call}/transcripts/batch"), body);
        request.repeatable = false;
        self.send(&self.requests, &request).await.map(drop)
    }

    /// `getCall`.
    pub async fn get(&self, call: &str) -> Result<Call, CallFailure> {
        let request = Request::get(format!("/calls/{call}"));
        request.read(&self.send(&self.requests, &request).await?)
    }

    /// `getChunkStatus`.
    pub async fn chunk_status(&self, call: &str) -> Result<ChunkStatus, CallFailure> {
        let request = Request::get(format!("/calls/{call}/chunks"));
        request.read(&self.send(&self.requests, &request).await?)
    }

    /// `downloadRecording`, piece by piece.
    pub async fn download(&self, recording: &str) -> Result<Download, CallFailure> {
        let request = Request::get(format!("/recordings/{recording}/audio"));
        let no_answer = |source| CallFailure::NoAnswer { request: request.to_string(), source };
        let response = self.http.get(format!("{}{}", self.base, request.path)).send().await.map_err(no_answer)?;
        if response.status() == StatusCode::OK {
            return Ok(Download { request: request.to_string(), response });
        }
        let answer = Answer::read(response).await.map_err(no_answer)?;
        Err(CallFailure::Refused { request: request.to_string(), status: answer.status, detail: answer.detail() })
    }

    /// Waits until a call is no longer active because its stream has stopped.
    pub async fn await_end(&self, call: &str) -> Result<(), CallFailure> {
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

    /// `endCall`, again and again until the call is finalized.
    pub async fn end(&self, call: &str) -> Result<Call, CallFailure> {
        let mut request = Request::json(Method::POST, format!("/calls/{call}/end"), Bytes::new());
        request.header = END_WAIT;
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

    /// Makes a request, in its turn, and again while the service asks for it to be made again or does not answer; any other
    /// answer but a success is a failure.
    async fn send(&self, turns: &Semaphore, request: &Request) -> Result<Answer, CallFailure> {
        let (mut tries, mut unanswered) = (1, Unanswered::default());
        loop {
            // It is never closed; if it were, there would be no turns to wait for.
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

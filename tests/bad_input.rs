//! Refused requests: the response to each, that nothing of it is stored, and that the response reveals nothing
//! internal. The cases are tables in `bad_input/`, one area per file, with neighbours that are just allowed.

mod arrays;
mod audio;
mod calls;
mod chunks;
mod conversation;
mod http;
mod lists;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Server, call, chunk, silence};

/// A request and its expected response.
struct Case {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    status: u16,
    code: &'static str,
    pointer: Option<String>,
    details: Vec<&'static str>,
}

/// A request as written in a table.
fn request(method: &'static str, path: impl Into<String>) -> Case {
    let (headers, body) = (Vec::new(), Vec::new());
    Case { method, path: path.into(), headers, body, status: 0, code: "", pointer: None, details: Vec::new() }
}

fn get(path: impl Into<String>) -> Case {
    request("GET", path)
}

fn post(path: impl Into<String>, body: Value) -> Case {
    request("POST", path).json(body)
}

impl Case {
    fn json(self, body: Value) -> Self {
        self.typed("application/json", body.to_string())
    }

    fn typed(self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..self }.header("content-type", content_type)
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Expects a refusal with this status and code.
    fn is(self, status: u16, code: &'static str) -> Self {
        Self { status, code, ..self }
    }

    /// Expects an invalid value.
    fn invalid(self, pointer: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..self.is(422, "validation_failed") }
    }

    /// Expects this pointer in the error.
    fn at(self, pointer: &str) -> Self {
        Self { pointer: Some(pointer.to_owned()), ..self }
    }

    /// Expects these words in the error's detail.
    fn saying(mut self, detail: &'static str) -> Self {
        self.details.push(detail);
        self
    }

    /// Expects success.
    fn accepted(self) -> Self {
        self.is(200, "")
    }

    fn name(&self) -> String {
        let body = String::from_utf8_lossy(&self.body[..self.body.len().min(120)]).into_owned();
        format!("{} {} {:?} {body}", self.method, self.path, self.headers)
    }

    async fn ask(&self, server: &Server) -> Answer {
        let method = Method::from_bytes(self.method.as_bytes()).unwrap();
        let mut request = server.request(method, &self.path).body(self.body.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    async fn check(&self, server: &Server) {
        let answer = self.ask(server).await;
        if self.code.is_empty() {
            assert!(answer.status < 400, "{} should be fine: {}", self.name(), answer.text());
            return;
        }
        assert_eq!(answer.status, self.status, "{}: {}", self.name(), answer.text());
        let answer = answer.expect_problem(self.status, self.code);
        if let Some(pointer) = &self.pointer {
            assert_eq!(answer.pointers(), [pointer.as_str()], "{}: {}", self.name(), answer.text());
        }
        let text = answer.text();
        assert!(self.details.iter().all(|detail| text.contains(detail)), "{}: {text}", self.name());
    }
}

/// A server with the calls that the cases use: `live` (mu-law, one chunk), `pcm` (16 kHz, no chunk), `timed` and
/// `untimed` (one chunk each), `ended` (with a recording), and `taken`, which has a callSid.
async fn world() -> Server {
    let server = Server::start().await;
    for name in ["live", "timed", "untimed", "ended"] {
        server.start_call(name).await;
    }
    let pcm =
        json!({ "streamSid": "pcm", "caller": "a", "audioFormat": { "encoding": "pcm16", "sampleRate": 16_000 } });
    server.post("/calls", &pcm).await.expect(201);
    let mut taken = call("taken");
    taken["callSid"] = json!("CA-taken");
    server.post("/calls", &taken).await.expect(201);
    for name in ["live", "timed", "ended"] {
        server.post(&format!("/calls/{name}/chunks"), &chunk("inbound", 0, 0)).await.expect(201);
    }
    server.post("/calls/untimed/chunks", &json!({ "audio": silence(160) })).await.expect(201);
    server.post("/calls/ended/end", &json!({})).await.expect(200);
    // The chunks of the ended call are deleted in the background.
    crate::support::eventually("the chunks of a finished recording are removed", || async {
        (server.count("audio_chunk").await == 3).then_some(())
    })
    .await;
    server
}

/// Sends each request in turn, and checks the tables after every refusal.
async fn check_all(cases: Vec<Case>) {
    let server = world().await;
    let mut before = server.rows().await;
    for case in cases {
        case.check(&server).await;
        let after = server.rows().await;
        assert!(case.code.is_empty() || after == before, "{} stored something: {before:?} {after:?}", case.name());
        before = after;
    }
}

#[tokio::test]
async fn bad_calls_are_refused_and_nothing_is_stored() {
    check_all(calls::cases()).await;
}

#[tokio::test]
async fn arrays_in_place_of_objects_are_refused_and_nothing_is_stored() {
    check_all(arrays::cases()).await;
}

#[tokio::test]
async fn bad_chunks_are_refused_and_nothing_is_stored() {
    check_all(chunks::cases()).await;
}

#[tokio::test]
async fn bad_transcripts_analytics_and_metadata_are_refused_and_nothing_is_stored() {
    check_all(conversation::cases()).await;
}

#[tokio::test]
async fn bad_audio_is_not_converted() {
    check_all(audio::cases()).await;
}

#[tokio::test]
async fn bad_lists_are_refused() {
    check_all(lists::cases()).await;
}

#[tokio::test]
async fn what_http_itself_refuses_is_a_problem_too() {
    check_all(http::cases()).await;
}

#[tokio::test]
async fn a_path_with_dots_leads_nowhere_else() {
    let server = world().await;
    for (path, code) in [
        ("/calls/..", "call_not_found"),
        ("/calls/%2e%2e", "call_not_found"),
        ("/calls/../../etc/passwd", "not_found"),
        ("/calls/live/../../livez", "not_found"),
        ("/recordings/../callstore.db", "not_found"),
        ("/recordings/%2e%2e/audio", "recording_not_found"),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n");
        server.raw(request.as_bytes()).await.expect_problem(404, code);
    }
}

#[tokio::test]
async fn an_answer_stays_short_whatever_was_sent() {
    let server = world().await;
    let long = "é".repeat(10_000);
    for case in [
        post("/calls", json!({ long.as_str(): 1 })),
        post("/calls", json!({ "streamSid": "new", "caller": "a", "direction": long })),
        post("/calls", json!({ "streamSid": "new", "caller": "a", "audioFormat": long })),
        post("/calls/live/analytics", json!({ "metrics": { long.as_str(): "\0" } })),
        get(format!("/calls?{}=1", "a".repeat(10_000))),
        get(format!("/calls?sort={}", "a".repeat(10_000))),
        get(format!("/calls?{}=%00", "a".repeat(10_000))),
    ] {
        let answer = case.ask(&server).await.expect_problem(422, "validation_failed");
        assert!(answer.bytes.len() < 5_000, "{} bytes: {}", answer.bytes.len(), &answer.text()[..200]);
    }
}

#[tokio::test]
async fn a_cursor_is_for_the_list_that_it_was_made_for() {
    let server = world().await;
    let page = server.get("/calls?limit=2&sort=startTime").await.expect(200).json();
    let cursor = page["page"]["nextCursor"].as_str().unwrap();
    server.get(&format!("/calls?limit=3&sort=startTime&cursor={cursor}")).await.expect(200);
    let mut forged = cursor.to_owned();
    let last = if forged.pop() == Some('A') { 'Q' } else { 'A' };
    forged.push(last);
    for query in [
        format!("cursor={cursor}"),
        format!("sort=-duration&cursor={cursor}"),
        format!("sort=startTime&caller=a&cursor={cursor}"),
        format!("sort=startTime&cursor={forged}"),
        format!("sort=startTime&cursor={}", &cursor[1..]),
        format!("sort=startTime&cursor={cursor}{cursor}"),
    ] {
        server.get(&format!("/calls?{query}")).await.expect_problem(400, "invalid_cursor");
    }
    let both = format!("/calls?sort=startTime&cursor={cursor}&offset=1");
    let answer = server.get(&both).await.expect_problem(422, "validation_failed");
    assert_eq!(answer.pointers(), ["/offset"]);
}

#[tokio::test]
async fn a_body_beyond_its_limit_is_refused_before_it_is_read() {
    const MIB: usize = 1024 * 1024;
    let server = world().await;
    let before = server.rows().await;
    let bodies = [
        ("POST", "/calls", MIB),
        ("PATCH", "/calls/live", MIB),
        ("POST", "/calls/live/end", MIB),
        ("POST", "/calls/live/chunks", MIB),
        ("POST", "/calls/live/chunks/batch", 8 * MIB),
        ("POST", "/calls/live/transcripts", MIB),
        ("POST", "/calls/live/transcripts/batch", 8 * MIB),
        ("POST", "/calls/live/analytics", MIB),
        ("PUT", "/calls/live/metadata", MIB),
        ("PATCH", "/calls/live/metadata", MIB),
        ("POST", "/audio/convert", 16 * MIB),
    ];
    for (method, path, limit) in bodies {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\ncontent-type: application/json\r\n"
        );
        let announced = format!("{head}content-length: {}\r\n\r\n", limit + 1);
        server.raw(announced.as_bytes()).await.expect_problem(413, "payload_too_large");

        // Without an announced length it is read up to the limit. A body of exactly the limit only fails as JSON.
        for (length, status, code) in [(limit + 1, 413, "payload_too_large"), (limit, 400, "malformed_json")] {
            let mut chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{length:x}\r\n").into_bytes();
            chunked.extend(vec![b' '; length]);
            chunked.extend(b"\r\n0\r\n\r\n");
            server.raw(&chunked).await.expect_problem(status, code);
        }
    }
    assert_eq!(server.rows().await, before);
}

//! Events of the whole store: what each cause tells, in which order, and who is told what once.

use serde_json::{Value, json};

use crate::{
    nodes,
    support::{Answer, CALLER, Server, call, chunk, eventually},
    twilio,
};

/// The events of a query, all pages.
pub(crate) async fn events(server: &Server, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut after = String::new();
    loop {
        let page = server.get(&format!("/events?limit=3{query}{after}")).await.expect(200).json();
        found.extend(page["items"].as_array().unwrap().iter().cloned());
        let Some(next) = page["page"]["nextCursor"].as_str() else { return found };
        after = format!("&after={next}");
    }
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().map(|event| event["type"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn every_cause_tells_its_event_in_order_and_nothing_private() {
    let server = Server::start().await;
    let id = server.start_call("MZ1").await;
    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let utterance = json!({ "text": "It is a secret.", "speaker": "caller", "externalId": "u1", "final": false });
    let transcript = server.post("/calls/MZ1/transcripts", &utterance).await.expect(201).json();
    let again = server.post("/calls/MZ1/transcripts", &utterance).await.expect(200).json();
    assert_eq!(again["id"], transcript["id"]);
    let whole = json!({ "text": "It is a secret!", "speaker": "caller", "externalId": "u1" });
    server.post("/calls/MZ1/transcripts", &whole).await.expect(200);
    let snapshot = server.post("/calls/MZ1/analytics", &json!({ "talkTime": 3.5 })).await.expect(201).json();
    let metadata = json!({ "customData": { "name": "Ada" } });
    server.send(reqwest::Method::PUT, "/calls/MZ1/metadata", &metadata).await.expect(201);
    let patch = json!({ "agent": "Grace" });
    server.send(reqwest::Method::PATCH, "/calls/MZ1", &patch).await.expect(200);
    server.send(reqwest::Method::PATCH, "/calls/MZ1", &patch).await.expect(200);
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    let (transcript, recording) = (&transcript["id"], &ended["recordings"][0]["id"]);

    let told = events(&server, "").await;
    let expected = [
        ("call.started", json!({ "status": "active" })),
        ("transcript.added", json!({ "transcriptIds": [transcript] })),
        ("transcript.updated", json!({ "transcriptIds": [transcript] })),
        ("analytics.added", json!({ "analyticsId": snapshot["id"] })),
        ("metadata.updated", json!({})),
        ("call.updated", json!({ "status": "active", "fields": ["agent"] })),
        ("call.ended", json!({ "status": "finalizing", "endReason": "api" })),
        ("recording.ready", json!({ "recordingId": recording })),
        ("analytics.computed", json!({ "recordingId": recording })),
        ("call.completed", json!({ "status": "completed", "recordingIds": [recording] })),
    ];
    let shown: Vec<_> = told.iter().map(|event| (event["type"].as_str().unwrap(), event["data"].clone())).collect();
    assert_eq!(shown, expected);
    for event in &told {
        assert_eq!((&event["callId"], &event["streamSid"]), (&json!(id), &json!("MZ1")));
        assert_eq!(event["time"], "2026-01-02T03:04:05.678Z");
        for secret in ["secret", "Ada", "Grace", CALLER] {
            assert!(!event.to_string().contains(secret), "{event}");
        }
    }
}

#[tokio::test]
async fn a_refused_request_tells_nothing() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.post("/calls", &call("MZ1")).await.expect(200);
    let other = json!({ "streamSid": "MZ1", "caller": "+14155550199" });
    server.post("/calls", &other).await.expect_problem(409, "stream_sid_conflict");
    let bad = json!({ "transcripts": [{ "text": "Yes.", "speaker": "caller" }, { "text": "", "speaker": "caller" }] });
    server.post("/calls/MZ1/transcripts/batch", &bad).await.expect(422);
    server.delete("/calls/MZ1/metadata").await.expect(404);
    assert_eq!(types(&events(&server, "").await), ["call.started"]);
}

#[tokio::test]
async fn filters_and_pages_go_on_after_an_event() {
    let server = Server::start().await;
    let first = server.start_call("MZ1").await;
    server.record("MZ2").await;
    server.post("/calls/MZ1/analytics", &json!({ "talkTime": 1 })).await.expect(201);
    let all = events(&server, "").await;
    let mut of_calls = types(&all);
    of_calls.retain(|name| name.starts_with("call."));
    assert_eq!(types(&events(&server, "&types=call.*").await), of_calls);
    assert_eq!(
        types(&events(&server, "&types=call.started&types=recording.ready&call=MZ2").await),
        ["call.started", "recording.ready"]
    );
    assert_eq!(types(&events(&server, &format!("&call={first}")).await), ["call.started", "analytics.added"]);
    let last = all.last().unwrap()["id"].as_str().unwrap();
    let page = server.get(&format!("/events?after={last}")).await.expect(200).json();
    assert_eq!((&page["items"], &page["page"]["hasMore"]), (&json!([]), &json!(false)));
    for query in ["types=call", "types=calls.*", "types=", "types=*", "after=7"] {
        server.get(&format!("/events?{query}")).await.expect(422);
        server.get(&format!("/events/stream?{query}")).await.expect(422);
    }
    server.get("/events?call=MZ9").await.expect_problem(404, "call_not_found");
}

#[tokio::test]
async fn of_a_deleted_call_only_its_deletion_is_left() {
    let server = Server::start().await;
    let id = server.start_call("MZ1").await;
    server.post("/calls/MZ1/analytics", &json!({ "talkTime": 1 })).await.expect(201);
    let first = events(&server, "").await[0]["id"].as_str().unwrap().to_owned();
    server.start_call("MZ2").await;
    server.delete("/calls/MZ1").await.expect(204);
    eventually("the call's events are gone", || async { (server.count("outbox").await == 2).then_some(()) }).await;
    let left = events(&server, "").await;
    assert_eq!(types(&left), ["call.started", "call.deleted"]);
    assert_eq!((&left[1]["callId"], &left[1]["streamSid"]), (&json!(id), &Value::Null));
    // Nothing older is left, so it cannot be told whether the reader has missed something.
    server.get(&format!("/events?after={first}")).await.expect_problem(410, "event_expired");
    // An event that is gone between others is a place to go on from.
    server.post("/calls/MZ2/analytics", &json!({ "talkTime": 1 })).await.expect(201);
    let (third, of_third) = (server.start_call("MZ3").await, "/calls/MZ3");
    let gone = events(&server, &format!("&call={third}")).await[0]["id"].as_str().unwrap().to_owned();
    server.delete(of_third).await.expect(204);
    eventually("its start is gone", || async { (server.count("outbox").await == 4).then_some(()) }).await;
    assert_eq!(types(&events(&server, &format!("&after={gone}")).await), ["call.deleted"]);
}

#[tokio::test]
async fn events_are_kept_for_three_days_and_an_older_place_is_refused() {
    let mut server = Server::start().await;
    server.start_call("MZ1").await;
    let old = events(&server, "").await[0]["id"].as_str().unwrap().to_owned();
    server.delete("/calls/MZ1").await.expect(204);
    server.clock.advance_ms(72 * 3_600_000 + 1);
    server.start_call("MZ2").await;
    server.restart().await;
    eventually("the old events are gone", || async { (server.count("outbox").await == 1).then_some(()) }).await;
    for path in ["/events", "/events/stream"] {
        server.get(&format!("{path}?after={old}")).await.expect_problem(410, "event_expired");
        let made_up = "01905f3c-41c2-7a10-8c3d-4e5f60718293";
        server.get(&format!("{path}?after={made_up}")).await.expect_problem(410, "event_expired");
    }
    // The newest stays, whatever its age, so that later numbers go on from it.
    let last = events(&server, "").await[0]["id"].as_str().unwrap().to_owned();
    server.restart().await;
    server.start_call("MZ3").await;
    assert_eq!(types(&events(&server, &format!("&after={last}")).await), ["call.started"]);
}

#[tokio::test]
async fn a_stream_tells_that_it_connects_and_that_it_breaks_off() {
    let server = Server::start().await;
    let socket = twilio::started(&server, "MZ1").await;
    drop(socket);
    let told = eventually("the socket has left", || async {
        let told = events(&server, "").await;
        (told.len() == 3).then_some(told)
    });
    assert_eq!(types(&told.await), ["call.started", "stream.connected", "stream.disconnected"]);
}

/// A reader of the stream, block by block.
pub(crate) struct Reader {
    response: reqwest::Response,
    text: String,
}

impl Reader {
    pub(crate) async fn open(server: &Server, query: &str, after: Option<&str>) -> Self {
        let request = server.request(reqwest::Method::GET, &format!("/events/stream?{query}"));
        let request = after.into_iter().fold(request, |request, after| request.header("Last-Event-ID", after));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        Self { response, text: String::new() }
    }

    /// The next block as it came; `None` at the end.
    pub(crate) async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.text = rest;
                return Some(block);
            }
            let more = tokio::time::timeout(crate::support::PATIENCE, self.response.chunk()).await.unwrap();
            self.text += std::str::from_utf8(&more.ok()??).unwrap();
        }
    }

    /// The next event; comments are passed over.
    pub(crate) async fn event(&mut self) -> Option<Value> {
        loop {
            let block = self.block().await?;
            let field = |name| block.lines().find_map(|line: &str| line.strip_prefix(name));
            if let Some(data) = field("data: ") {
                let event: Value = serde_json::from_str(data).unwrap();
                assert_eq!(field("id: "), event["id"].as_str());
                assert_eq!(field("event: "), event["type"].as_str());
                return Some(event);
            }
        }
    }

    async fn types(&mut self, count: usize) -> Vec<String> {
        let mut types = Vec::new();
        while types.len() < count {
            types.push(self.event().await.unwrap()["type"].as_str().unwrap().to_owned());
        }
        types
    }
}

#[tokio::test]
async fn a_reader_is_told_what_happens_and_goes_on_where_it_was() {
    let server = Server::start().await;
    server.start_call("MZ0").await;
    let mut all = Reader::open(&server, "", None).await;
    let mut recordings = Reader::open(&server, "types=recording.*,call.completed", None).await;
    server.record("MZ1").await;
    assert_eq!(all.event().await.unwrap()["type"], "call.started");
    let seen = all.event().await.unwrap();
    assert_eq!(seen["type"], "call.ended");
    assert_eq!(all.types(3).await, ["recording.ready", "analytics.computed", "call.completed"]);
    assert_eq!(recordings.types(2).await, ["recording.ready", "call.completed"]);
    drop(all);
    // Nothing is told twice, and nothing is missed.
    let mut back = Reader::open(&server, "", seen["id"].as_str()).await;
    server.start_call("MZ2").await;
    let rest = ["recording.ready", "analytics.computed", "call.completed", "call.started"];
    assert_eq!(back.types(4).await, rest);
}

#[tokio::test]
async fn a_reader_of_nothing_gets_a_comment_with_the_place_to_go_on_from() {
    let server = Server::start().await;
    let mut reader = Reader::open(&server, "types=call.deleted", None).await;
    assert_eq!(reader.block().await.unwrap(), "retry: 1000\n: ");
    server.start_call("MZ1").await;
    let last = events(&server, "").await[0]["id"].as_str().unwrap().to_owned();
    assert_eq!(reader.block().await.unwrap(), format!(": \nid: {last}"));
}

#[tokio::test]
async fn a_reader_is_cut_when_its_key_ends_and_when_the_service_stops() {
    let mut server = Server::keyed().await;
    let key = server.post("/admin/keys", &json!({ "label": "dashboard", "scope": "read" })).await.expect(201).json();
    let mut reader = {
        let secret = key["key"].as_str().unwrap();
        let request = crate::support::client_builder().build().unwrap().get(server.url("/events/stream"));
        let response = request.bearer_auth(secret).send().await.unwrap();
        assert_eq!(response.status(), 200);
        Reader { response, text: String::new() }
    };
    reader.block().await.unwrap();
    server.delete(&format!("/admin/keys/{}", key["id"].as_str().unwrap())).await.expect(204);
    assert_eq!(reader.event().await, None);
    let mut reader = Reader::open(&server, "", None).await;
    reader.block().await.unwrap();
    server.stop().await;
    assert_eq!(reader.event().await, None);
}

#[tokio::test]
async fn head_asks_for_the_stream_s_headers_only() {
    let server = Server::start().await;
    let head = server.request(reqwest::Method::HEAD, "/events/stream").send().await.unwrap();
    let head = Answer::read(head).await.expect(200);
    assert_eq!((head.header("content-type"), head.bytes.len()), ("text/event-stream", 0));
}

#[tokio::test]
async fn a_reader_on_one_node_is_told_what_happens_on_all() {
    let Some((_shared, first, second)) = nodes::nodes().await else { return };
    let mut reader = Reader::open(&second, "", None).await;
    reader.block().await.unwrap();
    let calls = async |server: &Server, node: usize| {
        for number in 0..20 {
            server.start_call(&format!("MZ{node}-{number}")).await;
        }
    };
    tokio::join!(calls(&first, 0), calls(&second, 1));
    let mut told = Vec::new();
    while told.len() < 40 {
        told.push(reader.event().await.unwrap()["id"].as_str().unwrap().to_owned());
    }
    let stored: Vec<_> = events(&first, "").await.iter().map(|event| event["id"].clone()).collect();
    assert_eq!(json!(told), json!(stored));
}

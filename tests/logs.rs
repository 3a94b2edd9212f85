//! The log: JSON lines that can be searched by request, without personal data. Beside this test, `support` searches the
//! logs of the servers of all other tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    signatures::sign,
    support::{ADMIN_KEY, Answer, Binary, Socket, TWILIO_TOKEN, client_builder, eventually, execute, silence},
};

const PUBLIC: &str = "https://calls.example.com";

/// A service that logs everything to a file.
struct Logged {
    folder: TempDir,
    service: tokio::process::Child,
    address: String,
    client: Client,
}

impl Logged {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        crate::support::write_secret(folder.path().join("admin-key"), ADMIN_KEY);
        let mut command = Binary::command(folder.path());
        command.args(["--admin-key-file", "admin-key", "--public-url", PUBLIC]);
        command.env("RUST_LOG", "trace").env("CALLSTORE_TWILIO_AUTH_TOKEN", TWILIO_TOKEN);
        let log = fs::File::create(log_of(folder.path())).unwrap();
        command.stderr(log.try_clone().unwrap()).stdout(log);
        let service = command.spawn().unwrap();
        let address = eventually("the service listens", || async {
            lines(folder.path()).iter().find_map(|line| line["address"].as_str().map(str::to_owned))
        });
        let address = address.await;
        Self { service, address, client: client_builder().build().unwrap(), folder }
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = self.client.request(method, format!("http://{}{path}", self.address));
        request = request.header("x-request-id", "find-me").bearer_auth(ADMIN_KEY);
        if let Some(body) = body {
            request = request.json(&body);
        }
        Answer::read(request.send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, Some(body)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, None).await
    }

    /// Posts a form as Twilio does, and returns the signature with the response.
    async fn webhook(&self, path: &str, fields: &[(&str, &str)]) -> (Answer, String) {
        let signature = sign(TWILIO_TOKEN, &format!("{PUBLIC}{path}"), fields);
        let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.client.post(format!("http://{}{path}", self.address)).body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.header("x-twilio-signature", &signature).send().await.unwrap();
        (Answer::read(answer).await, signature)
    }

    fn lines(&self) -> Vec<Value> {
        lines(self.folder.path())
    }
}

fn log_of(folder: &Path) -> PathBuf {
    folder.join("log")
}

fn lines(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(log_of(folder)).unwrap();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"))).collect()
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before).unwrap().1.split_once(after).unwrap().0
}

#[tokio::test]
async fn no_log_line_holds_a_person_a_word_a_key_or_a_signature() {
    let mut logged = Logged::start().await;
    let call = json!({ "streamSid": "MZ1", "callSid": "CA1", "caller": "+14155550134", "agent": "Agent Smith" });
    logged.post("/calls", call).await.expect(201);
    let chunk = json!({ "audio": silence(160), "sequence": 0 });
    logged.post("/calls/MZ1/chunks", chunk.clone()).await.expect(201);
    logged.post("/calls/MZ1/chunks", json!({ "audio": format!("{}*", silence(160)) })).await.expect(422);
    let said = json!({ "speaker": "Agent Smith", "text": "My password is swordfish." });
    logged.post("/calls/MZ1/transcripts", said.clone()).await.expect(201);
    logged.post("/calls/MZ1/transcripts", json!({ "speaker": "Smith", "text": 5 })).await.expect(422);
    logged.post("/calls/MZ1/transcripts/batch", json!({ "transcripts": [said] })).await.expect(201);
    logged.post("/calls/MZ1/analytics", json!({ "metrics": { "note": "swordfish" } })).await.expect(201);
    let metadata = json!({ "customData": { "mother": "swordfish" } });
    logged.ask(Method::PUT, "/calls/MZ1/metadata", Some(metadata.clone())).await.expect(201);
    logged.ask(Method::PATCH, "/calls/MZ1/metadata", Some(metadata)).await.expect(200);
    logged.ask(Method::PATCH, "/calls/MZ1", Some(json!({ "caller": "+14155550135" }))).await.expect(200);
    logged.post("/calls", json!({ "streamSid": "MZ1", "caller": "Agent Smith" })).await.expect(409);
    for path in [
        "/calls?caller=%2B14155550134&agent=Agent%20Smith",
        "/calls?agent=Agent%20Smith%00",
        "/calls/MZ1?include=transcripts,metadata",
        "/calls/MZ1/transcripts?speaker=Agent%20Smith",
        "/swordfish",
    ] {
        logged.get(path).await;
    }

    let (answer, signature) =
        logged.webhook("/twilio/voice", &[("CallSid", "CA2"), ("From", "+14155550134"), ("To", "+14155550135")]).await;
    let twiml = answer.expect(200).text();
    let token = between(&twiml, "<Parameter name=\"token\" value=\"", "\"").to_owned();
    let handshake = sign(TWILIO_TOKEN, "wss://calls.example.com/twilio/stream", &[]);
    let url = format!("http://{}/twilio/stream", logged.address);
    let mut stream = Socket::try_open_with(&url, &[("x-twilio-signature", &handshake)]).await.unwrap();
    stream
        .json(&json!({ "event": "start", "streamSid": "MZ2", "start": { "callSid": "CA2",
            "customParameters": { "token": token, "caller": "+14155550134", "mother": "swordfish" } } }))
        .await;
    stream.json(&json!({ "event": "dtmf", "streamSid": "MZ2", "dtmf": { "digit": "7391552" } })).await;
    let media = json!({ "track": "inbound", "chunk": "1", "timestamp": "0", "payload": silence(160) });
    stream.json(&json!({ "event": "media", "streamSid": "MZ2", "media": media })).await;
    stream.json(&json!({ "event": "swordfish", "from": "+14155550134" })).await;
    stream.json(&json!({ "event": "stop", "streamSid": "MZ2" })).await;
    stream.closed().await;
    assert_eq!(logged.get("/calls/MZ2/events").await.expect(200).json()["items"][0]["digit"], "7391552");
    let status = [("CallSid", "CA2"), ("CallStatus", "completed"), ("From", "+14155550134"), ("To", "+14155550135")];
    logged.webhook("/twilio/status", &status).await.0.expect(204);

    let url = format!("http://{}/calls/MZ1/stream", logged.address);
    let mut own = Socket::try_open_as(&url, Some(ADMIN_KEY)).await.unwrap();
    own.json(&json!({ "audio": silence(160), "sequence": 1 })).await;
    own.receive().await;
    own.close().await;

    let created = logged.post("/admin/keys", json!({ "scope": "read" })).await.expect(201).json();
    let key = created["key"].as_str().unwrap();
    let ended = logged.post("/calls/MZ1/end", json!({})).await.expect(200).json();
    let recording = format!("/recordings/{}", ended["recordings"][0]["id"].as_str().unwrap());
    let link = logged.post(&format!("{recording}/links"), json!({})).await.expect(201).json();
    let link = link["url"].as_str().unwrap().strip_prefix(PUBLIC).unwrap();
    let link_signature = link.split_once("signature=").unwrap().1;
    logged.get(link).await.expect(200);
    logged.get(&format!("{link}x")).await.expect_problem(403, "link_invalid");

    execute(&logged.folder.path().join("data/callstore.db"), "DROP TABLE search_entry; DROP TABLE transcript").await;
    let said = json!({ "speaker": "Agent Smith", "text": "My password is swordfish." });
    logged.post("/calls/MZ1/transcripts", said).await.expect(500);
    let failed = logged.get("/calls/MZ1/transcripts?speaker=Agent%20Smith").await.expect(500).text();
    let metrics = logged.get("/metrics").await.expect(200).text();
    logged.service.kill().await.unwrap();

    let log = fs::read_to_string(log_of(logged.folder.path())).unwrap();
    assert!(log.contains("\"level\":\"TRACE\""), "the log says too little: {log}");
    let audio = &silence(160)[..16];
    let persons = ["1415555013", "Smith", "swordfish", "7391552", audio];
    let secrets = [ADMIN_KEY, TWILIO_TOKEN, &signature, &handshake, &token, key, link_signature];
    for private in persons.into_iter().chain(secrets) {
        for (name, text) in [("log", &log), ("metrics", &metrics), ("problem", &failed)] {
            let found = text.lines().find(|line| line.contains(private));
            assert_eq!(found, None, "the {name} holds {private}");
        }
    }
}

#[tokio::test]
async fn a_failure_is_logged_once_with_its_cause_and_answered_with_a_request_id() {
    let mut logged = Logged::start().await;
    logged.post("/calls", json!({ "streamSid": "MZ1", "caller": "+14155550134" })).await.expect(201);
    execute(&logged.folder.path().join("data/callstore.db"), "DROP TABLE search_entry; DROP TABLE transcript").await;
    let answer = logged.get("/calls/MZ1/transcripts").await.expect_problem(500, "internal_error");
    assert_eq!(answer.json()["requestId"], "find-me");
    logged.service.kill().await.unwrap();
    let lines = logged.lines();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_eq!(errors[0]["request_id"], "find-me");
    assert!(errors[0]["cause"].as_str().unwrap().contains("transcript"), "{errors:#?}");
    let answered = |line: &&Value| line["route"] == "/calls/{call}/transcripts" && line["request_id"] == "find-me";
    assert_eq!(lines.iter().filter(answered).count(), 1);
}

/// Every call's life is in the log at `info`, a line each, by ids alone; a refused stream is a warning that says why.
#[tokio::test]
async fn the_log_tells_the_life_of_every_call_and_why_a_stream_was_refused() {
    let logged = Logged::start().await;
    let call = logged.post("/calls", json!({ "streamSid": "MZ1", "caller": "+14155550134" })).await.expect(201).json();
    let id = call["id"].as_str().unwrap().to_owned();
    let mut own =
        Socket::try_open_as(&format!("http://{}/calls/MZ1/stream", logged.address), Some(ADMIN_KEY)).await.unwrap();
    own.json(&json!({ "audio": silence(160), "sequence": 0 })).await;
    own.receive().await;
    own.close().await;
    eventually("the end of the stream is in the log", || async {
        logged.lines().iter().any(|line| line["message"] == "A stream disconnected.").then_some(())
    })
    .await;
    logged.post("/calls/MZ1/end", json!({})).await.expect(200);
    logged.ask(Method::DELETE, "/calls/MZ1", None).await.expect(204);
    let key = logged.post("/admin/keys", json!({ "scope": "read", "label": "Agent Smith" })).await.expect(201).json();
    let path = format!("/admin/keys/{}", key["id"].as_str().unwrap());
    logged.ask(Method::DELETE, &path, None).await.expect(204);

    let lines = logged.lines();
    let of_call: Vec<_> = lines.iter().filter(|line| line["call"] == id.as_str() && line["level"] == "INFO").collect();
    let said: Vec<_> = of_call.iter().map(|line| line["message"].as_str().unwrap()).collect();
    let life = [
        "A call started.",
        "A stream connected.",
        "A stream disconnected.",
        "A call ended.",
        "A call was recorded.",
        "A call was deleted.",
    ];
    assert_eq!(said, life);
    assert_eq!((&of_call[3]["reason"], of_call[4]["bytes"].as_u64().unwrap() > 44), (&json!("api"), true));
    let of_key = lines.iter().filter(|line| line["key"] == key["id"]).map(|line| line["message"].as_str().unwrap());
    assert_eq!(of_key.collect::<Vec<_>>(), ["A key was made.", "A key was revoked."]);

    // A platform whose stream is not understood, or in a format that no call has.
    let amr = json!({ "media_format": { "encoding": "AMR-WB", "sample_rate": 16_000, "channels": 2 } });
    for (message, dialect, code, reason, stream) in [
        (
            json!({ "event": "start", "stream_id": "1", "start": amr }),
            "telnyx",
            1003,
            "The format of telnyx must be G.711 at 8000 Hz, L16, G.722 or Opus, not AMR-WB at 16000 Hz, 2 channels.",
            json!("1"),
        ),
        (
            json!({ "event": "start", "start": { "streamSid": "a b" } }),
            "twilio",
            1007,
            "The start of twilio has no valid stream id.",
            Value::Null,
        ),
    ] {
        let url = format!("http://{}/twilio/stream", logged.address);
        let signature = sign(TWILIO_TOKEN, &format!("{}/twilio/stream", PUBLIC.replace("https", "wss")), &[]);
        let headers = [("x-twilio-signature", signature.as_str())];
        let mut socket = Socket::try_open_with(&url, &headers).await.unwrap();
        socket.json(&message).await;
        assert_eq!(socket.closed().await.0, code);
        let line = eventually("the refusal is in the log", || async {
            logged.lines().into_iter().find(|line| line["code"] == code && line["message"] == "A stream was refused.")
        })
        .await;
        assert_eq!((&line["level"], &line["dialect"]), (&json!("WARN"), &json!(dialect)));
        assert_eq!((line["reason"].as_str().unwrap(), &line["stream"]), (reason, &stream), "{line}");
        let metrics = logged.get("/metrics").await.expect(200).text();
        assert!(metrics.contains(&format!("callstore_stream_refused_total{{code=\"{code}\"}} 1")), "{metrics}");
    }
    // A stream of which nothing could be used.
    let name = "MZ-lost";
    let url = format!("http://{}/twilio/stream", logged.address);
    let (answer, _) = logged.webhook("/twilio/voice", &[("CallSid", "CA-lost")]).await;
    let twiml = answer.expect(200).text();
    let token = between(&twiml, "<Parameter name=\"token\" value=\"", "\"");
    let signature = sign(TWILIO_TOKEN, &format!("{}/twilio/stream", PUBLIC.replace("https", "wss")), &[]);
    let mut lost = Socket::try_open_with(&url, &[("x-twilio-signature", &signature)]).await.unwrap();
    let start = json!({ "callSid": "CA-lost", "customParameters": { "token": token } });
    lost.json(&json!({ "event": "start", "streamSid": name, "start": start })).await;
    for (chunk, payload) in [("1", "*"), ("2", "*"), ("3", "")] {
        let media = json!({ "track": "inbound", "chunk": chunk, "timestamp": "0", "payload": payload });
        lost.json(&json!({ "event": "media", "streamSid": name, "media": media })).await;
    }
    lost.json(&json!({ "event": "stop", "streamSid": name })).await;
    lost.closed().await;
    let line = eventually("the end of the stream is in the log", || async {
        logged.lines().into_iter().find(|line| line["stream"] == name && line["code"] == 1000)
    })
    .await;
    assert_eq!((&line["level"], &line["skipped"]), (&json!("WARN"), &json!(3)), "{line}");
    assert_eq!(line["reasons"], "bad_base64: 2, invalid: 1", "{line}");
    assert!(line["message"].as_str().unwrap().contains("nothing of it was stored"), "{line}");

    let handshake = Socket::try_open(&format!("http://{}/calls/none/stream", logged.address)).await;
    assert!(handshake.is_err());
    let refused = logged.lines().into_iter().find(|line| line["message"] == "A WebSocket was refused.").unwrap();
    assert_eq!(
        (&refused["level"], &refused["status"], &refused["route"]),
        (&json!("WARN"), &json!(401), &json!("/calls/{call}/stream"))
    );
}

//! The authorization matrix: every operation of the document and both WebSockets, with every kind of key.

use std::path::Path;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::client;
use crate::{
    document::{Operation, operations},
    keys::{create, id_of, keys},
    support::{Answer, Binary, Server, Socket, execute},
};

/// The scopes that an operation accepts beside `admin`; `None` if it needs no key. A new operation must be added here.
fn expected(operation: &str) -> Option<&'static [&'static str]> {
    Some(match operation {
        "getLivez" | "getReadyz" | "getProblem" => return None,
        "startCall" | "endCall" | "createCallToken" => &["ingest"],
        "addAudioChunk" | "addAudioChunks" | "convertAudio" => &["ingest"],
        "addTranscript" | "addTranscripts" | "importTranscripts" | "updateTranscript" => &["ingest"],
        "addAnalytics" | "setMetadata" | "updateMetadata" => &["ingest"],
        // The operation refuses changes by a key of scope `read` (`authors`).
        "getChunkStatus" | "updateCall" => &["ingest", "read"],
        "getComputedAnalytics" | "listSpeech" | "getPeaks" | "getCallPeaks" | "getCallAudio" => &["read"],
        "getCallStats" => &["read"],
        "getCall" | "listCalls" | "listCallEvents" | "listEvents" | "streamEvents" | "listTranscripts"
        | "searchTranscripts" | "listAnalytics" | "getMetadata" => &["read"],
        "listRecordings" | "getRecording" | "downloadRecording" | "createRecordingLink" | "getMetrics" => &["read"],
        // Unless Twilio's auth token is set; then only Twilio may call it (`signatures`).
        "twilioVoice" | "twilioStatus" => &["ingest"],
        "deleteCall" | "deleteMetadata" | "deleteTranscript" | "createKey" | "listKeys" | "revokeKey" => &[],
        "rotateKey" | "listAudit" => &[],
        "createWebhook" | "listWebhooks" | "getWebhook" | "updateWebhook" | "deleteWebhook" => &[],
        "rotateWebhookSecret" | "testWebhook" | "listDeliveries" | "retryDelivery" | "replayWebhook" => &[],
        other => panic!("{other} is new: list the scopes that it accepts here"),
    })
}

/// Whether an operation accepts call tokens (`tokens` tests them).
pub(crate) fn accepts_tokens(operation: &str) -> bool {
    let adding = ["addAudioChunk", "addAudioChunks", "addTranscript", "addTranscripts", "addAnalytics"];
    adding.contains(&operation)
        || ["importTranscripts", "updateTranscript"].contains(&operation)
        || ["setMetadata", "updateMetadata", "endCall"].contains(&operation)
}

/// Rejected keys, and the error for each.
struct Keys {
    refused: Vec<(Option<String>, &'static str)>,
    scoped: Vec<(&'static str, String)>,
}

impl Keys {
    async fn make(folder: &Path) -> Self {
        let mut scoped = Vec::new();
        for scope in ["admin", "read", "ingest"] {
            scoped.insert(0, (scope, create(folder, scope, &[]).await));
        }
        let revoked = create(folder, "admin", &["--label", "revoked"]).await;
        assert!(keys(folder, &["revoke", &id_of(folder, "revoked").await]).await.status.success());
        let expired = create(folder, "admin", &["--label", "expired", "--expires", "1h"]).await;
        let past = "UPDATE api_key SET expires_at = created_at WHERE label = 'expired'";
        execute(&folder.join("data/callstore.db"), past).await;
        let unknown = format!("cs_{}", "A".repeat(43));
        let refused = vec![
            (None, "has no API key"),
            (Some(String::new()), "Bearer KEY"),
            (Some(unknown), "Unknown API key"),
            (Some(revoked), "was revoked"),
            (Some(expired), "has expired"),
        ];
        Self { refused, scoped }
    }
}

fn with_key(request: RequestBuilder, key: Option<&str>) -> RequestBuilder {
    match key {
        Some(key) => request.header("authorization", format!("Bearer {key}")),
        None => request,
    }
}

async fn ask(service: &Binary, method: &Method, operation: &Operation, key: Option<&str>) -> Answer {
    let path = operation.path_to("unknown", "00000000-0000-7000-8000-000000000000");
    let mut request = with_key(client().request(method.clone(), service.url(&path)), key);
    if let Some(example) = operation.example() {
        request = request.json(example);
    }
    Answer::read(request.send().await.unwrap()).await
}

/// Fails unless the response says that the key needs one of these scopes.
fn assert_forbidden(problem: &Value, scopes: &[&str], scope: &str) {
    let needed = if scopes.is_empty() { "admin".to_owned() } else { scopes.join(" or ") };
    let detail = format!("This operation needs a key of scope {needed}; this key has {scope}. Use another key.");
    assert_eq!((&problem["code"], &problem["detail"]), (&json!("forbidden"), &json!(detail)));
}

#[tokio::test]
async fn every_operation_takes_the_keys_that_it_should_and_no_other() {
    let folder = TempDir::new().unwrap();
    let keys = Keys::make(folder.path()).await;
    let service = Binary::serve(folder.path()).await;
    for operation in operations() {
        let (id, expected) = (operation.id(), expected(operation.id()));
        let mut methods = vec![operation.method.clone()];
        if operation.method == Method::GET {
            methods.push(Method::HEAD);
        }
        for method in methods {
            for (key, says) in &keys.refused {
                let answer = ask(&service, &method, &operation, key.as_deref()).await;
                if expected.is_none() {
                    assert!(answer.status < 500 && ![401, 403].contains(&answer.status), "{id}: {}", answer.status);
                    continue;
                }
                assert_eq!(
                    (answer.status, answer.header("www-authenticate")),
                    (401, "Bearer"),
                    "{method} {id}: {says}"
                );
                if method != Method::HEAD {
                    let problem = answer.expect_problem(401, "unauthorized").json();
                    assert!(problem["detail"].as_str().unwrap().contains(says), "{id}: {problem}");
                }
            }
            for (scope, key) in &keys.scoped {
                let answer = ask(&service, &method, &operation, Some(key)).await;
                let allowed = expected.is_none_or(|scopes| *scope == "admin" || scopes.contains(scope));
                assert_eq!(!allowed, answer.status == 403, "{method} {id} with {scope}: {}", answer.text());
                assert!(answer.status != 401 && answer.status < 500, "{method} {id} with {scope}: {}", answer.text());
                if !allowed && method != Method::HEAD {
                    let problem = answer.expect_problem(403, "forbidden").json();
                    assert_forbidden(&problem, expected.unwrap(), scope);
                }
            }
        }
    }
}

#[tokio::test]
async fn both_websockets_take_a_key_that_writes() {
    let folder = TempDir::new().unwrap();
    let keys = Keys::make(folder.path()).await;
    let service = Binary::serve(folder.path()).await;
    let admin = &keys.scoped.iter().find(|(scope, _)| *scope == "admin").unwrap().1;
    let call = with_key(client().post(service.url("/calls")), Some(admin));
    let call = call.json(&json!({ "streamSid": "MZ1", "caller": "a" })).send().await.unwrap();
    assert_eq!(call.status(), 201);
    for path in ["/calls/MZ1/stream", "/twilio/stream"] {
        let url = service.url(path);
        for (key, says) in &keys.refused {
            let (status, problem) = Socket::try_open_as(&url, key.as_deref()).await.err().expect("it is refused");
            assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")), "{path}");
            assert!(problem["detail"].as_str().unwrap().contains(says), "{path}: {problem}");
        }
        for (scope, key) in &keys.scoped {
            match (*scope, Socket::try_open_as(&url, Some(key)).await) {
                ("read", Err((403, problem))) => assert_forbidden(&problem, &["ingest"], scope),
                ("ingest" | "admin", Ok(_)) => {}
                (_, Ok(_)) => panic!("{path} accepts a key of scope {scope}"),
                (_, Err((status, problem))) => panic!("{path} with {scope}: {status} {problem}"),
            }
        }
        // A key in the URL does not count.
        assert_eq!(Socket::try_open(&format!("{url}?key={admin}&access_token={admin}")).await.err().unwrap().0, 401);
    }
}

#[tokio::test]
async fn no_way_of_writing_a_path_or_a_header_leads_around_the_check() {
    let folder = TempDir::new().unwrap();
    let keys = Keys::make(folder.path()).await;
    let service = Binary::serve(folder.path()).await;
    let key = |scope: &str| keys.scoped.iter().find(|(name, _)| *name == scope).unwrap().1.clone();
    let raw = async |method: &str, target: &str, headers: &str| {
        let head = format!("{method} {target} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n");
        service.raw(head.as_bytes()).await.status
    };
    for target in ["/calls", "/call%73", "/%63alls", "http://a/calls", "/calls?x=/livez", "/calls#/livez"] {
        assert_eq!(raw("GET", target, "").await, 401, "{target}");
    }
    let read = format!("authorization: Bearer {}\r\n", key("read"));
    for target in
        ["/calls/%4D%5A1", "/call%73/MZ1", "//calls/MZ1", "/calls/MZ1/", "/./calls/MZ1", "/calls/../calls/MZ1"]
    {
        let status = raw("DELETE", target, &read).await;
        assert!([403, 404, 405].contains(&status), "{target}: {status}");
    }
    for method in ["OPTIONS", "TRACE", "PATCH", "delete", "GETS"] {
        assert_eq!(raw(method, "/calls", &read).await, 405, "{method}");
    }
    // Method override headers have no effect.
    let head = format!("{read}x-http-method-override: GET\r\ncontent-length: 0\r\n");
    assert_eq!(raw("POST", "/calls", &head).await, 403);

    let key = key("read");
    for (header, status) in [
        (format!("authorization: bearer {key}"), 200),
        (format!("Authorization: BEARER   {key}  "), 200),
        (format!("authorization: Basic {key}"), 401),
        (format!("authorization: {key}"), 401),
        (format!("authorization: Bearer{key}"), 401),
        (format!("authorization: Bearer {key}\r\nauthorization: Bearer {key}"), 401),
        (format!("authorization: Bearer {key}, Bearer {key}"), 401),
        (format!("authorization: Bearer {}", &key[..45]), 401),
        (format!("authorization: Bearer {key}A"), 401),
        (format!("authorization: Bearer {}", key.to_lowercase()), 401),
        ("authorization: Bearer \u{e9}".to_owned(), 401),
        (format!("authorization: Bearer {}", "A".repeat(20_000)), 401),
        (format!("x-api-key: {key}"), 401),
        (format!("cookie: authorization=Bearer {key}"), 401),
    ] {
        assert_eq!(raw("GET", "/calls", &format!("{header}\r\n")).await, status, "{header}");
    }
}

#[tokio::test]
async fn a_signature_stands_in_for_a_key_only_where_it_holds() {
    let server = Server::keyed().await;
    let recording = server.record("MZ1").await;
    let link = server.post(&format!("/recordings/{recording}/links"), &json!({})).await.expect(201).json();
    let link = link["url"].as_str().unwrap();
    let path = &link[link.find("/recordings/").unwrap()..];
    let (audio, query) = path.split_once('?').unwrap();
    let status = async |path: &str| client().get(server.url(path)).send().await.unwrap().status().as_u16();
    assert_eq!(status(path).await, 200);
    let (expires, signature) = query.split_once('&').unwrap();
    for (query, refused) in [
        ("", 401),
        (expires, 401),
        (signature, 403),
        ("signature=", 403),
        ("signature", 403),
        ("expires=1&signature=forged", 403),
        ("Signature=x", 401),
        ("%73ignature=x", 403),
    ] {
        assert_eq!(status(&format!("{audio}?{query}")).await, refused, "{query}");
    }
    // Nor does one open anything else.
    for other in ["/calls", &format!("/recordings/{recording}")] {
        assert_eq!(status(&format!("{other}?{query}")).await, 401, "{other}");
    }
    // Twilio's signature is ignored without its auth token.
    let voice = client().post(server.url("/twilio/voice")).header("x-twilio-signature", "AAAA").send().await.unwrap();
    assert_eq!(voice.status(), 401);
}

#[test]
fn the_document_says_of_every_operation_which_scope_it_needs() {
    let document = crate::document::document();
    let scheme = &document["components"]["securitySchemes"]["apiKey"];
    assert_eq!((&scheme["type"], &scheme["scheme"]), (&json!("http"), &json!("bearer")));
    for operation in operations() {
        let stated = &operation.value["security"];
        let mut wanted: Vec<Value> = match expected(operation.id()) {
            None => vec![json!({})],
            Some([]) => vec![json!({ "apiKey": ["admin"] })],
            Some(scopes) => scopes.iter().map(|scope| json!({ "apiKey": [scope] })).collect(),
        };
        if accepts_tokens(operation.id()) {
            wanted.push(json!({ "apiKey": ["call"] }));
        }
        // The operation itself checks a signature sent in place of a key.
        let signed_by = match operation.id() {
            "downloadRecording" => json!("link"),
            "twilioVoice" | "twilioStatus" => json!("twilio"),
            _ => Value::Null,
        };
        assert_eq!(operation.value["x-signed-by"], signed_by, "{}", operation.id());
        if !signed_by.is_null() {
            wanted.push(json!({}));
        }
        assert_eq!(*stated, Value::from(wanted), "{}", operation.id());
    }
}

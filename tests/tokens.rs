//! Call tokens: bearer tokens that add to one call, for workers and browsers.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    access::matrix::accepts_tokens,
    document::operations,
    nodes::nodes,
    ownership::{make, send},
    support::{ADMIN_KEY, Answer, Server, Socket, call, chunk},
};

/// Makes a token with a key.
async fn token(server: &Server, key: &str, call: &str, body: &Value) -> String {
    let made = send(server, key, Method::POST, &format!("/calls/{call}/tokens"), body).await.expect(201).json();
    made["token"].as_str().unwrap().to_owned()
}

async fn ingest(server: &Server) -> (String, String) {
    make(server, json!({ "scope": "ingest", "ownCallsOnly": true })).await
}

/// Opens the call's socket as a browser does, which sends no header but the subprotocols.
async fn from_browser(server: &Server, call: &str, token: &str) -> Result<Socket, (u16, Value)> {
    let protocols = format!("callstore, callstore.token.{token}");
    let url = server.url(&format!("/calls/{call}/stream"));
    Socket::try_open_with(&url, &[("sec-websocket-protocol", &protocols), ("origin", "https://app.example.com")]).await
}

#[tokio::test]
async fn a_token_does_what_adds_to_its_call_and_nothing_else() {
    let server = Server::keyed().await;
    let (key, _) = ingest(&server).await;
    for name in ["MZ1", "MZ2"] {
        send(&server, &key, Method::POST, "/calls", &call(name)).await.expect(201);
    }
    let made = send(&server, &key, Method::POST, "/calls/MZ1/tokens", &json!({})).await.expect(201).json();
    assert_eq!(made["expiresAt"], "2026-01-02T04:04:05.678Z");
    let token = made["token"].as_str().unwrap();
    assert!(token.starts_with("cst_") && token.len() == 100, "{token}");
    let mut transcripts = BTreeMap::new();
    for call in ["MZ1", "MZ2"] {
        let said = json!({ "speaker": "a", "text": "b" });
        let said = send(&server, &key, Method::POST, &format!("/calls/{call}/transcripts"), &said).await.expect(201);
        transcripts.insert(call, said.json()["id"].as_str().unwrap().to_owned());
    }
    let mut allowed = BTreeSet::new();
    for operation in operations() {
        let id = operation.id().to_owned();
        if operation.value["security"] == json!([{}]) {
            continue;
        }
        for (call, own) in [("MZ2", false), ("MZ1", true)] {
            let path = operation.path_to(call, &transcripts[call]);
            let request = server.request(operation.method.clone(), &path).bearer_auth(token);
            let request = operation.example().into_iter().fold(request, |request, example| request.json(example));
            let answer = Answer::read(request.send().await.unwrap()).await;
            match (accepts_tokens(&id), own) {
                (false, _) => drop(answer.expect_problem(403, "forbidden")),
                (true, false) => drop(answer.expect_problem(403, "call_not_allowed")),
                (true, true) => {
                    assert!(answer.status < 300 || [409, 415].contains(&answer.status), "{id}: {}", answer.text());
                    allowed.insert(id.clone());
                }
            }
        }
    }
    assert_eq!(allowed.len(), 10, "{allowed:?}");
    assert!(
        Socket::try_open_as(&server.url("/twilio/stream"), Some(token)).await.is_err_and(|(status, _)| status == 403)
    );
    // By its id, too.
    let id = server.get("/calls/MZ1").await.json()["id"].as_str().unwrap().to_owned();
    let path = format!("/calls/{id}/transcripts");
    send(&server, token, Method::POST, &path, &json!({ "speaker": "a", "text": "b" })).await.expect(201);
    // The audit names the key and says that it was a token; the metrics count tokens made, the rate limit charges it.
    let entries = server.get("/admin/audit?limit=500").await.json();
    let by_token = entries["items"].as_array().unwrap().iter().filter(|entry| entry["actor"] == "token").count();
    assert!(by_token > 5, "{entries}");
    assert!(server.get("/metrics").await.text().contains("\ncallstore_call_tokens_total "));
}

#[tokio::test]
async fn a_token_ends_with_its_time_its_key_and_its_call() {
    let server = Server::keyed().await;
    let (key, key_id) = ingest(&server).await;
    let made = send(&server, &key, Method::POST, "/calls", &call("MZ1")).await.expect(201).json();
    let add = async |token: &str, call: &str| {
        let body = json!({ "speaker": "a", "text": "b" });
        send(&server, token, Method::POST, &format!("/calls/{call}/transcripts"), &body).await
    };
    let short = token(&server, &key, "MZ1", &json!({ "ttlSeconds": 60 })).await;
    let long = token(&server, &key, "MZ1", &json!({ "ttlSeconds": 86_400 })).await;
    let of_admin = token(&server, ADMIN_KEY, "MZ1", &json!({})).await;
    server.clock.advance_ms(59_999);
    add(&short, "MZ1").await.expect(201);
    server.clock.advance_ms(1);
    assert!(add(&short, "MZ1").await.expect_problem(401, "unauthorized").text().contains("has expired"));
    add(&long, "MZ1").await.expect(201);
    // Changed in any place, it is none of this service's.
    let forged = format!("{}{}", &long[..99], if long.ends_with('A') { 'B' } else { 'A' });
    assert!(add(&forged, "MZ1").await.expect_problem(401, "unauthorized").text().contains("Unknown call token"));
    server.delete(&format!("/admin/keys/{key_id}")).await.expect(204);
    assert!(add(&long, "MZ1").await.expect_problem(401, "unauthorized").text().contains("made the call token"));
    add(&of_admin, "MZ1").await.expect(201);
    // A call with the same name is another call.
    server.delete("/calls/MZ1").await.expect(204);
    add(&of_admin, "MZ1").await.expect_problem(404, "call_not_found");
    add(&of_admin, made["id"].as_str().unwrap()).await.expect_problem(404, "call_not_found");
    server.start_call("MZ1").await;
    add(&of_admin, "MZ1").await.expect_problem(403, "call_not_allowed");
    for body in [json!({ "ttlSeconds": 0 }), json!({ "ttlSeconds": 86_401 }), json!({ "ttlSeconds": "x" })] {
        let refused = server.post("/calls/MZ1/tokens", &body).await.expect_problem(422, "validation_failed");
        assert_eq!(refused.pointers(), ["/ttlSeconds"]);
    }
    server.post("/calls/nobody/tokens", &json!({})).await.expect_problem(404, "call_not_found");
}

#[tokio::test]
async fn a_browser_streams_with_a_token_in_a_subprotocol() {
    let server = Server::keyed().await;
    let (key, key_id) = ingest(&server).await;
    send(&server, &key, Method::POST, "/calls", &call("MZ1")).await.expect(201);
    let short = token(&server, &key, "MZ1", &json!({ "ttlSeconds": 60 })).await;
    let long = token(&server, &key, "MZ1", &json!({})).await;
    let mut first = from_browser(&server, "MZ1", &short).await.unwrap();
    let mut second = from_browser(&server, "MZ1", &long).await.unwrap();
    for (sequence, socket) in [(0, &mut first), (1, &mut second)] {
        socket.json(&chunk("inbound", sequence, sequence * 20)).await;
        assert_eq!(socket.receive().await["ack"]["sequence"], sequence);
    }
    // The header works as well, where it can be sent.
    assert!(Socket::try_open_as(&server.url("/calls/MZ1/stream"), Some(&long)).await.is_ok());
    // The service selects the subprotocol without the token, or browsers would close the connection.
    let head = format!(
        "GET /calls/MZ1/stream HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         Sec-WebSocket-Protocol: callstore, callstore.token.{long}\r\n\r\n"
    );
    let opened = head_of(&server, &head).await;
    assert!(opened.starts_with("HTTP/1.1 101") && opened.contains("sec-websocket-protocol: callstore\r\n"), "{opened}");
    assert!(!opened.contains(&long), "{opened}");
    // A key does not belong there, nor a token into the URL.
    for name in [&key, "x", ""] {
        let (status, problem) = from_browser(&server, "MZ1", name).await.err().unwrap();
        assert_eq!((status, &problem["code"]), (401, &json!("unauthorized")), "{name}");
    }
    let url = server.url(&format!("/calls/MZ1/stream?token={long}"));
    assert_eq!(Socket::try_open(&url).await.err().unwrap().0, 401);
    // Each socket ends with its token.
    server.clock.advance_ms(60_000);
    let (code, reason) = first.closed().await;
    assert!(code == 1008 && reason.contains("call token has expired"), "{code} {reason}");
    server.delete(&format!("/admin/keys/{key_id}")).await.expect(204);
    assert_eq!(second.closed().await.0, 1008);
}

/// The head of a response whose connection stays open.
async fn head_of(server: &Server, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut socket = tokio::net::TcpStream::connect(server.url("").replace("http://", "")).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn a_token_from_a_time_without_keys_is_worth_nothing_once_there_are_keys() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let made = server.post("/calls/MZ1/tokens", &json!({})).await.expect(201).json();
    server.post("/admin/keys", &json!({ "scope": "admin" })).await.expect(201);
    let add = json!({ "speaker": "a", "text": "b" });
    let refused = send(&server, made["token"].as_str().unwrap(), Method::POST, "/calls/MZ1/transcripts", &add).await;
    refused.expect_problem(401, "unauthorized");
}

#[tokio::test]
async fn the_first_key_and_a_token_of_one_node_hold_on_the_other() {
    let Some((_shared, one, other)) = nodes().await else { return };
    one.start_call("MZ1").await;
    let mut sockets = Vec::new();
    for node in [&one, &other] {
        sockets.push(Socket::open(&node.url("/calls/MZ1/stream")).await);
    }
    let admin = one.post("/admin/keys", &json!({ "scope": "admin" })).await.expect(201).json();
    let admin = admin["key"].as_str().unwrap();
    // Both nodes close what was opened without a key.
    for socket in sockets {
        let (code, reason) = socket.closed().await;
        assert!(code == 1008 && reason.contains("requires keys"), "{code} {reason}");
    }
    let token = token(&one, admin, "MZ1", &json!({})).await;
    let add = json!({ "speaker": "a", "text": "b" });
    send(&other, &token, Method::POST, "/calls/MZ1/transcripts", &add).await.expect(201);
}

//! The audit trail: who read recordings and transcripts, changed something, or administered the service.

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{
    document::operations,
    keys::{create, id_of, keys},
    signatures::{connect_signed, guarded, post_form, post_signed},
    support::{Answer, Leftover, Server, Socket, call, chunk, client_builder, eventually, on_sqlite},
    twilio::{start, stop},
};

/// Operations that neither change anything nor read what calls hold; `getCall`, and lists and counts of calls without
/// `include`, `q` and `customData`.
const NOT_ENTERED: &str = "convertAudio getCall getCallStats getChunkStatus getLivez getMetrics getProblem getReadyz \
    getWebhook listCalls listDeliveries listEvents listWebhooks streamEvents";

/// The entries, newest first, without the readings of the audit itself.
pub(crate) async fn entries(server: &Server, query: &str) -> Vec<Value> {
    let page = server.get(&format!("/admin/audit?limit=500{query}")).await.expect(200).json();
    let items = page["items"].as_array().unwrap().iter();
    items.filter(|entry| entry["operation"] != "listAudit").cloned().collect()
}

/// Fields of the entries with an operation and a status, oldest first.
pub(crate) fn said(entries: &[Value]) -> Vec<String> {
    let text = |entry: &Value| {
        format!("{} {} {}", entry["operation"].as_str().unwrap(), entry["resource"].as_str().unwrap(), entry["status"])
    };
    entries.iter().rev().map(text).collect()
}

#[tokio::test]
async fn every_operation_is_entered_or_is_known_not_to_be() {
    let server = Server::keyed().await;
    let recording = server.record("MZ1").await;
    let mut missing = Vec::new();
    for operation in operations() {
        // Only an active call accepts audio, and only its first chunk makes an entry.
        let adds_audio = operation.id().starts_with("addAudioChunk");
        let call = if adds_audio { operation.id() } else { "MZ1" };
        if adds_audio {
            server.start_call(call).await;
        }
        let before = entries(&server, "").await.len();
        let path = operation.path_to(call, &recording);
        let mut request = server.request(operation.method.clone(), &path);
        if let Some(body) = operation.example() {
            request = request.json(body);
        }
        // Twilio's webhooks take forms, not JSON.
        if path.starts_with("/twilio/") {
            request = server.request(Method::POST, &path).header("content-type", "application/x-www-form-urlencoded");
            request = request.body("CallSid=CA1");
        }
        server.clock.advance_ms(60_000);
        let answer = Answer::read(request.send().await.unwrap()).await;
        assert!(answer.status < 500 && answer.status != 401, "{path}: {}", answer.text());
        let entries = entries(&server, "").await;
        match entries.len() - before {
            0 if operation.id() != "listAudit" => missing.push(operation.id().to_owned()),
            0 => {}
            1 => assert_eq!(
                (&entries[0]["operation"], &entries[0]["status"]),
                (&json!(operation.id()), &json!(answer.status))
            ),
            more => panic!("{}: {more} entries", operation.id()),
        }
        if operation.id() == "deleteCall" {
            server.record("MZ1").await;
        }
    }
    missing.sort();
    assert_eq!(missing.join(" "), NOT_ENTERED);
}

#[tokio::test]
async fn an_entry_says_who_what_when_from_where_and_what_came_of_it() {
    let server = Server::keyed().await;
    let made = server.post("/admin/keys", &json!({ "scope": "read" })).await.expect(201).json();
    let (reader, id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    let recording = server.record("MZ1").await;
    server.clock.advance_ms(60_000);
    let path = format!("/recordings/{recording}/audio");
    let request = server.client.get(server.url(&path)).bearer_auth(reader);
    let request = request.header("x-forwarded-for", "203.0.113.9").header("x-request-id", "mine");
    Answer::read(request.send().await.unwrap()).await.expect(200);
    let refused = server.client.delete(server.url("/calls/MZ1")).bearer_auth(reader);
    Answer::read(refused.send().await.unwrap()).await.expect(403);

    let mut found = entries(&server, &format!("&keyId={id}")).await;
    assert_eq!(said(&found), [format!("downloadRecording {path} 200"), "deleteCall /calls/MZ1 403".to_owned()]);
    let mut download = found.pop().unwrap();
    assert!(download["id"].is_string());
    download.as_object_mut().unwrap().remove("id");
    let own = download.as_object_mut().unwrap().remove("serverRequestId").unwrap();
    assert!(own.as_str().unwrap().parse::<uuid::Uuid>().is_ok(), "{own}");
    let expected = json!({
        "createdAt": "2026-01-02T03:05:05.678Z", "actor": "key", "keyId": id, "address": "127.0.0.1",
        "forwardedFor": "203.0.113.9", "operation": "downloadRecording", "resource": path, "status": 200,
        "requestId": "mine", "count": 1,
    });
    assert_eq!(download, expected);
    let all = said(&entries(&server, "").await);
    assert!(all.contains(&format!("createKey /admin/keys/{id} 201")), "{all:?}");
    assert!(all.iter().any(|entry| entry.starts_with("startCall /calls/0") && entry.ends_with(" 201")), "{all:?}");
    assert!(!serde_json::to_string(&entries(&server, "").await).unwrap().contains("4155550134"));
}

#[tokio::test]
async fn transcripts_are_entered_once_with_each_request() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = json!({ "speaker": "agent", "text": "hello" });
    for (path, body, name, status) in [
        ("MZ1/transcripts", &said, "one", 201),
        ("MZ1/transcripts", &said, "one", 201),
        ("MZ1/transcripts/batch", &json!({ "transcripts": [said, said] }), "two", 201),
        ("MZ1/transcripts", &said, "two", 422),
        ("MZ2/transcripts", &said, "three", 404),
        ("MZ1/transcripts", &json!({}), "four", 422),
    ] {
        server.clock.advance_ms(60_000);
        let before = entries(&server, "").await.len();
        let path = format!("/calls/{path}");
        let request = server.request(Method::POST, &path).header("Idempotency-Key", name).header("X-Request-Id", name);
        let answer = Answer::read(request.json(body).send().await.unwrap()).await.expect(status);
        let entries = entries(&server, "").await;
        assert_eq!(entries.len(), before + 1, "{path} {name}");
        let entry = &entries[0];
        assert_eq!(
            (&entry["resource"], &entry["status"], &entry["requestId"]),
            (&json!(path), &json!(answer.status), &json!(name))
        );
    }
}

#[tokio::test]
async fn chunks_are_entered_once_for_a_client_and_a_call() {
    let server = Server::start().await;
    for name in ["MZ1", "MZ2"] {
        server.start_call(name).await;
        for number in 0..3 {
            let path = format!("/calls/{name}/chunks");
            server.post(&path, &chunk("inbound", number, number * 20)).await.expect(201);
        }
    }
    let found = said(&entries(&server, "&operation=addAudioChunk").await);
    assert_eq!(found, ["addAudioChunk /calls/MZ1/chunks 201", "addAudioChunk /calls/MZ2/chunks 201"]);
}

#[tokio::test]
async fn streams_links_and_twilio_are_entered_by_what_let_them_in() {
    let server = guarded().await;
    let recording = server.record("MZ1").await;
    let link = server.post(&format!("/recordings/{recording}/links"), &json!({})).await.expect(201).json();
    let link = link["url"].as_str().unwrap().strip_prefix("https://calls.example.com").unwrap().to_owned();
    server.get(&link).await.expect(200);
    server.get(&format!("{link}x")).await.expect(403);
    let voice = post_signed(&server, "/twilio/voice", &[("CallSid", "CA1")]).await.expect(200).text();
    post_form(&server, "/twilio/voice", &[("CallSid", "CA1")], Some("forged")).await.expect(403);
    let token = voice.split("name=\"token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let mut socket = connect_signed(&server).await;
    let mut begin = start("MZ2");
    begin["start"]["callSid"] = json!("CA1");
    begin["start"]["customParameters"] = json!({ "token": token });
    socket.json(&begin).await;
    socket.json(&stop("MZ2")).await;
    socket.closed().await;
    server.start_call("MZ3").await;
    let own = Socket::open(&server.url("/calls/MZ3/stream")).await;

    let id = server.get("/calls/MZ2").await.expect(200).json()["id"].as_str().unwrap().to_owned();
    let found = entries(&server, "").await;
    let of = |actor: &str| -> Vec<_> {
        let by = found.iter().filter(|entry| entry["actor"] == actor && entry["status"] != 403);
        let by: Vec<_> = by.cloned().collect();
        said(&by)
    };
    assert_eq!(of("link"), [format!("downloadRecording /recordings/{recording}/audio 200")]);
    assert_eq!(of("twilio"), ["twilioVoice /twilio/voice 200".to_owned(), format!("twilioStream /calls/{id} 101")]);
    assert!(of("anyone").contains(&"stream /calls/MZ3/stream 101".to_owned()));
    assert!(found.iter().all(|entry| !entry.to_string().contains(token)));
    drop(own);
}

#[tokio::test]
async fn the_audit_is_only_added_to() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.delete("/calls/MZ1").await.expect(204);
    let database = server.database().await;
    let changes = [
        "DELETE FROM audit_entry",
        "UPDATE audit_entry SET operation = 'nothing'",
        if on_sqlite() {
            "INSERT OR REPLACE INTO audit_entry SELECT * FROM audit_entry"
        } else {
            "TRUNCATE audit_entry"
        },
    ];
    for statement in changes {
        let refused = sea_orm::ConnectionTrait::execute_unprepared(&database, statement).await;
        assert!(refused.unwrap_err().to_string().contains("neither changed nor removed"));
    }
    let found = entries(&server, "").await;
    assert_eq!(found.len(), 2);
    assert_eq!(found[0]["operation"], "deleteCall");
    let page = server.get("/admin/audit?limit=1&offset=1&createdAfter=2026-01-02T03:04:05.678Z").await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["page"]["hasMore"]), (1, &json!(true)));
    let none = server.get("/admin/audit?createdBefore=2026-01-02T03:04:05.678Z").await.json();
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn what_cannot_be_entered_is_in_the_log_and_stops_nobody() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    server.execute("DROP TABLE audit_entry").await;
    server.leaves(Leftover::Error("A transaction failed"));
    server.leaves(Leftover::Error("An audit entry could not be written."));
    server.get("/calls/MZ1/transcripts").await.expect(200);
    server.post("/calls", &call("MZ2")).await.expect(201);
}

#[tokio::test]
async fn the_command_line_enters_what_it_does() {
    let folder = TempDir::new().unwrap();
    create(folder.path(), "admin", &["--label", "mine"]).await;
    let id = id_of(folder.path(), "mine").await;
    let revoked = keys(folder.path(), &["revoke", "--force", &id]).await;
    assert!(revoked.status.success());
    let admin = create(folder.path(), "admin", &["--label", "other"]).await;
    let service = crate::support::Binary::serve(folder.path()).await;
    let client = client_builder().build().unwrap();
    let request = client.get(service.url(&format!("/admin/audit?resource=/admin/keys/{id}"))).bearer_auth(admin);
    let found = Answer::read(request.send().await.unwrap()).await.expect(200).json();
    let found = found["items"].as_array().unwrap();
    assert_eq!(said(found), [format!("createKey /admin/keys/{id} null"), format!("revokeKey /admin/keys/{id} null")]);
    assert!(found.iter().all(|entry| entry["actor"] == "command" && entry["address"].is_null()));
}

#[tokio::test]
async fn a_client_that_hangs_up_at_once_is_entered() {
    let server = Server::start().await;
    let names: Vec<_> = (0..40).map(|number| format!("MZ{number}")).collect();
    for name in &names {
        server.start_call(name).await;
    }
    let address = server.url("").replace("http://", "");
    for name in &names {
        let mut socket = tokio::net::TcpStream::connect(&address).await.unwrap();
        let request = format!("DELETE /calls/{name} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        tokio::io::AsyncWriteExt::write_all(&mut socket, request.as_bytes()).await.unwrap();
        // The request is read; the client closes with a reset.
        tokio::task::yield_now().await;
        socket.set_zero_linger().unwrap();
    }
    eventually("every deletion has an audit entry", || async {
        let left = server.get("/calls?limit=500").await.json()["items"].as_array().unwrap().len();
        let entered = entries(&server, "&operation=deleteCall").await.len();
        (entered > 0 && entered == names.len() - left).then_some(())
    })
    .await;
}

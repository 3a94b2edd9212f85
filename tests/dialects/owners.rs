//! Clients that may write only to some calls, at the door of every platform.

use serde_json::{Value, json};
use service::audio::encode_base64;
use tokio_tungstenite::tungstenite::Message;

use super::{SESSIONS, bytes, expected, lines};
use crate::support::{Server, Socket};

async fn key(server: &Server, fields: Value) -> String {
    server.post("/admin/keys", &fields).await.expect(201).json()["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn no_platform_s_messages_lead_to_a_call_of_another_key() {
    let server = Server::keyed().await;
    let own = format!("Bearer {}", key(&server, json!({ "scope": "ingest", "ownCallsOnly": true })).await);
    for name in SESSIONS.into_iter().filter(|name| *name != "audiosocket") {
        let expected = expected(name);
        let id = server.start_call("theirs").await;
        // Requests may not name a call by a UUID, as some platforms do.
        let [stream, phone] = ["streamSid", "callSid"].map(|field| expected[field].as_str().unwrap());
        let names = format!("stream_sid = '{stream}', call_sid = '{phone}'");
        server.execute(&format!("UPDATE call SET {names} WHERE stream_sid = 'theirs'")).await;

        let query = expected["connect"]["query"].as_object().cloned().unwrap_or_default();
        let query = query.iter().map(|(name, value)| (name.as_str(), value.as_str().unwrap()));
        let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        let offered = expected["connect"]["subprotocols"].as_array().cloned().unwrap_or_default();
        let offered: Vec<_> = offered.iter().map(|name| name.as_str().unwrap().to_owned()).collect();
        let offered = offered.join(", ");
        let mut headers = vec![("authorization", own.as_str())];
        headers.extend((!offered.is_empty()).then_some(("sec-websocket-protocol", offered.as_str())));
        let socket = Socket::try_open_with(&server.url(&format!("/streams?{query}")), &headers).await;
        let mut socket = socket.unwrap_or_else(|answer| panic!("{name}: {answer:?}"));
        for line in lines(name).into_iter().filter(|line| line["dir"] != "out") {
            let text = &line["text"];
            let message = if text.is_null() {
                Message::binary(bytes(&line))
            } else {
                Message::text(text.as_str().map_or_else(|| text.to_string(), str::to_owned))
            };
            if !socket.try_send(message).await {
                break;
            }
        }
        while socket.next_or_close().await.is_ok() {}

        let stored = server.get(&format!("/calls/{id}?include=metadata")).await.expect(200).json();
        assert_eq!((&stored["status"], &stored["metadata"]), (&json!("active"), &Value::Null), "{name}: {stored}");
        let status = server.get(&format!("/calls/{id}/chunks")).await.expect(200).json();
        assert_eq!(status["tracks"], json!([]), "{name}");
        server.delete(&format!("/calls/{id}")).await.expect(204);
    }
    // Nor has any of them begun a call beside it.
    assert_eq!(server.get("/calls").await.json()["items"], json!([]));
}

#[tokio::test]
async fn a_call_token_opens_no_platform_s_stream() {
    let server = Server::keyed().await;
    server.start_call("MZ1").await;
    let token = server.post("/calls/MZ1/tokens", &json!({})).await.expect(201).json()["token"].clone();
    let token = token.as_str().unwrap();
    let basic = format!("Basic {}", encode_base64(format!("callstore:{token}").as_bytes()));
    let (bearer, protocol) = (format!("Bearer {token}"), format!("callstore.token.{token}"));
    for (header, value) in [
        ("authorization", &*bearer),
        ("authorization", &basic),
        ("x-api-key", token),
        ("sec-websocket-protocol", &protocol),
    ] {
        for path in ["/streams", "/twilio/stream"] {
            let refused = Socket::try_open_with(&server.url(path), &[(header, value)]).await.err().unwrap();
            assert_eq!(refused.0, 403, "{header} {path}: {refused:?}");
        }
    }
}

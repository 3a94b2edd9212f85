//! How sockets of the streaming protocol open and close.

use futures_util::future::join;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

use crate::{
    stream::{ack, numbered, one, open, world},
    support::{Answer, Socket, TestClock, eventually},
    twilio,
};

#[tokio::test]
async fn a_handshake_that_cannot_succeed_is_answered_with_a_problem() {
    let (server, _socket) = world().await;
    server.start_call("ended").await;
    server.post("/calls/ended/end", &json!({})).await.expect(200);
    for (path, status, code) in [
        ("/calls/unknown/stream", 404, "call_not_found"),
        ("/calls/ended/stream", 409, "call_ended"),
        ("/calls/MZ1/stream?nonsense=1", 422, "validation_failed"),
        ("/calls/MZ1/streams", 404, "not_found"),
    ] {
        let Err((answered, problem)) = Socket::try_open(&server.url(path)).await else { panic!("{path}") };
        assert_eq!((answered, &problem["code"]), (status, &json!(code)), "{path}: {problem}");
    }
    for path in ["/calls/MZ1/stream", "/twilio/stream"] {
        server.get(path).await.expect_problem(400, "bad_request");
        let answer = server.post(path, &json!({})).await.expect_problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), "GET, HEAD");
        let upgrade = server.request(reqwest::Method::GET, path).header("upgrade", "websocket");
        Answer::read(upgrade.send().await.unwrap()).await.expect_problem(400, "bad_request");
    }
    // A plain request is answered normally, whatever upgrade the client prefers.
    for (path, status) in [("/livez", 200), ("/swagger-ui/", 200), ("/nothing", 404)] {
        let upgrade = server.request(reqwest::Method::GET, path).header("upgrade", "websocket");
        let answer = Answer::read(upgrade.send().await.unwrap()).await.expect(status);
        assert_eq!(answer.bytes.len(), server.get(path).await.bytes.len(), "{path}");
    }
    // The failed handshake has left nothing open.
    drop(_socket);
    eventually("the disconnect is noted", || async {
        (!one(&server, "SELECT CAST(disconnected_at AS TEXT) FROM call WHERE stream_sid = 'MZ1'").await.is_empty())
            .then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_end_of_the_call_closes_its_sockets() {
    let (server, mut socket) = world().await;
    let idle = open(&server, "MZ1").await;
    socket.binary(numbered(0)).await;
    assert_eq!(socket.receive().await, ack("inbound", 0));
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    for socket in [socket, idle] {
        assert_eq!(socket.closed().await, (1000, "The call has ended.".to_owned()));
    }
}

#[tokio::test]
async fn what_is_sent_while_the_call_ends_is_acknowledged_or_refused() {
    let (server, mut socket) = world().await;
    let send = async {
        for number in 0..200 {
            socket.binary(numbered(number)).await;
        }
        // Responses come in order, until the socket is closed.
        let mut acknowledged = 0;
        let mut refused = 0;
        let code = loop {
            match socket.next_or_close().await {
                Ok(answer) if answer["ack"].is_object() => {
                    assert_eq!((refused, &answer), (0, &ack("inbound", acknowledged)));
                    acknowledged += 1;
                }
                Ok(answer) => {
                    assert_eq!(answer["error"]["code"], "call_ended", "{answer}");
                    assert_eq!(answer["error"]["sequence"], acknowledged + refused);
                    refused += 1;
                }
                Err(code) => break code,
            }
        };
        (acknowledged, refused, code)
    };
    let end = async {
        twilio::stored(&server, "MZ1", 1).await;
        let body = json!({});
        server.post("/calls/MZ1/end", &body).await.expect(200)
    };
    let ((acknowledged, refused, code), _) = join(send, end).await;
    assert_eq!(code, if refused > 0 { 1008 } else { 1000 });
    let status = server.get("/calls/MZ1/chunks").await.json();
    assert_eq!(status["tracks"][0]["chunks"], acknowledged);
}

#[tokio::test]
async fn a_deleted_call_closes_its_socket_and_says_what_was_refused() {
    let (server, mut socket) = world().await;
    socket.binary(numbered(0)).await;
    assert_eq!(socket.next_or_close().await, Ok(ack("inbound", 0)));
    server.delete("/calls/MZ1").await.expect(204);
    let sent = socket.try_send(Message::binary(numbered(1))).await;
    let mut refused = false;
    let code = loop {
        match socket.next_or_close().await {
            Ok(answer) => {
                assert_eq!((sent, &answer["error"]["code"]), (true, &json!("call_not_found")), "{answer}");
                refused = true;
            }
            Err(code) => break code,
        }
    };
    assert_eq!(code, if refused { 1008 } else { 1000 });
}

#[tokio::test]
async fn a_socket_that_is_gone_is_noted_when_no_other_is_open() {
    let (server, first) = world().await;
    let second = open(&server, "MZ1").await;
    let noted = "SELECT CAST(disconnected_at AS TEXT) FROM call";
    assert_eq!(one(&server, noted).await, "");
    server.clock.advance_ms(1_000);
    first.close().await;
    assert_eq!(one(&server, noted).await, "");
    second.close().await;
    let disconnect = eventually("the disconnect is noted", || async {
        let noted = one(&server, noted).await;
        (!noted.is_empty()).then_some(noted)
    })
    .await;
    assert_eq!(disconnect, (TestClock::START_MS + 1_000).to_string());
    let mut third = open(&server, "MZ1").await;
    third.binary(numbered(0)).await;
    assert_eq!(third.receive().await, ack("inbound", 0));
    assert_eq!(one(&server, noted).await, "");
    // The carrier's socket is another one of the same call.
    let mut carrier = twilio::started(&server, "MZ1").await;
    carrier.json(&twilio::inbound("MZ1", 1, 20)).await;
    twilio::stored(&server, "MZ1", 2).await;
    third.close().await;
    assert_eq!(one(&server, noted).await, "");
    carrier.close().await;
    assert!(!one(&server, noted).await.is_empty());
}

#[tokio::test]
async fn what_no_client_should_send_closes_the_socket_with_its_code() {
    let (server, _) = world().await;
    let too_long = Message::binary(vec![0; 1024 * 1024 + 1]);
    let mut socket = open(&server, "MZ1").await;
    socket.binary(numbered(0)).await;
    socket.send(too_long).await;
    assert_eq!(socket.receive().await, ack("inbound", 0));
    assert_eq!(socket.closed().await, (1009, "A message may have at most 1 MiB.".to_owned()));
    for (bytes, code) in [
        // A text that is not UTF-8, an unmasked frame, and bytes that are no frame.
        (&[0x81, 0x82, 0, 0, 0, 0, 0xFF, 0xFE][..], 1007),
        (&[0x81, 0x01, b'x'], 1002),
        (b"GET / HTTP/1.1\r\n\r\n", 1002),
    ] {
        let mut socket = open(&server, "MZ1").await;
        socket.wire().write_all(bytes).await.unwrap();
        assert_eq!(socket.closed().await.0, code);
    }
}

#[tokio::test]
async fn a_service_that_stops_answers_what_was_sent_and_says_that_it_stops() {
    let (mut server, mut socket) = world().await;
    for number in 0..50 {
        socket.binary(numbered(number)).await;
    }
    let read = async {
        let mut acknowledged = 0;
        loop {
            match socket.next_or_close().await {
                Ok(answer) => {
                    assert_eq!(answer, ack("inbound", acknowledged));
                    acknowledged += 1;
                }
                Err(code) => return assert_eq!(code, 1012),
            }
        }
    };
    server.stop_and(read).await;
}

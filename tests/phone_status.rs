//! `twilioStatus`: Twilio's reports on a phone call complete the data of its call, and end it with all audio on its
//! way.

use serde_json::{Value, json};

use crate::{
    signatures::post_form,
    support::{Answer, Server, Socket},
    twilio::{self, call, column, completed, disconnected, inbound, start, stop, stored},
};

async fn tell(server: &Server, fields: &[(&str, &str)]) -> Answer {
    post_form(server, "/twilio/status", fields, None).await.expect(204)
}

/// A stream of a phone call.
async fn started(server: &Server, stream_sid: &str, call_sid: Option<&str>) -> Socket {
    let mut socket = twilio::connect(server).await;
    let mut message = start(stream_sid);
    message["start"]["callSid"] = json!(call_sid);
    socket.json(&message).await;
    crate::support::eventually("the start is known", || column(server, stream_sid, "last_write_at")).await;
    socket
}

#[tokio::test]
async fn every_last_status_ends_the_call_and_no_other_does() {
    let server = Server::start().await;
    for status in ["queued", "initiated", "ringing", "in-progress", "answered", "COMPLETED", ""] {
        server.post("/calls", &json!({ "streamSid": "MZ1", "callSid": "CA1", "caller": "a" })).await;
        tell(&server, &[("CallSid", "CA1"), ("CallStatus", status)]).await;
        tell(&server, &[("CallSid", "CA1")]).await;
        assert_eq!(call(&server, "MZ1").await["status"], "active", "{status}");
    }
    for status in ["completed", "busy", "failed", "no-answer", "canceled"] {
        server.post("/calls", &json!({ "streamSid": status, "callSid": status, "caller": "a" })).await.expect(201);
        for _ in 0..2 {
            let answer = tell(&server, &[("CallSid", status), ("CallStatus", status), ("CallDuration", "5")]).await;
            assert!(answer.bytes.is_empty());
            let call = call(&server, status).await;
            assert_eq!(call["endReason"], "stream_stop");
            assert_ne!(call["status"], "active");
        }
        completed(&server, status).await;
    }
    // A call that has ended in another way stays unchanged, and so do unknown phone calls.
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    tell(&server, &[("CallSid", "CA1"), ("CallStatus", "completed")]).await;
    assert_eq!(call(&server, "MZ1").await["endReason"], "api");
    tell(&server, &[("CallSid", "CA-unknown"), ("CallStatus", "completed"), ("StreamSid", "MZ-unknown")]).await;
    server.delete("/calls/busy").await.expect(204);
    tell(&server, &[("CallSid", "busy"), ("CallStatus", "completed"), ("StreamSid", "busy")]).await;
}

#[tokio::test]
async fn what_the_stream_had_sent_is_in_the_recording() {
    let server = Server::start().await;
    for stops in [true, true, true, false] {
        let stream_sid = format!("MZ{}", server.count("call").await);
        let mut socket = started(&server, &stream_sid, Some(&stream_sid)).await;
        for chunk in 1..=50 {
            socket.json(&inbound(&stream_sid, chunk, (chunk - 1) * 20)).await;
        }
        let fields = [("CallSid", &*stream_sid), ("CallStatus", "completed")];
        let told = tell(&server, &fields);
        let stop = async {
            if stops {
                socket.json(&stop(&stream_sid)).await;
            }
        };
        tokio::join!(told, stop);
        // The response comes once the call has ended.
        assert_ne!(call(&server, &stream_sid).await["status"], "active");
        assert_eq!(socket.closed().await.0, 1000);
        let call = completed(&server, &stream_sid).await;
        assert_eq!((&call["endReason"], &call["recordings"][0]["duration"]), (&json!("stream_stop"), &json!(1.0)));
    }
}

#[tokio::test]
async fn a_stream_that_broke_off_is_not_waited_for() {
    let server = Server::start().await;
    let mut socket = started(&server, "MZ1", Some("CA1")).await;
    socket.json(&inbound("MZ1", 1, 0)).await;
    stored(&server, "MZ1", 1).await;
    drop(socket);
    let gone = disconnected(&server, "MZ1").await;
    // A status report is no activity of the stream.
    server.clock.advance_ms(1_000);
    tell(&server, &[("CallSid", "CA1"), ("CallStatus", "in-progress"), ("From", "+1")]).await;
    assert_eq!(column(&server, "MZ1", "disconnected_at").await, Some(gone));
    tell(&server, &[("CallSid", "CA1"), ("CallStatus", "completed")]).await;
    assert_eq!(completed(&server, "MZ1").await["endReason"], "stream_stop");
}

#[tokio::test]
async fn a_call_gets_what_it_lacks() {
    let server = Server::start().await;
    let known = |call: &Value| {
        json!([call["callSid"], call["caller"], call["direction"], call["metadata"]["customData"], call["agent"]])
    };
    let _socket = started(&server, "MZ1", Some("CA1")).await;
    let long = "9".repeat(300);
    let parties = [("From", "+14155550134"), ("To", "+14155550199"), ("Direction", "outbound-api")];
    let told = [&[("CallSid", "CA1"), ("CallStatus", "ringing")], &parties[..]].concat();
    tell(&server, &told).await;
    let expected = json!(["CA1", "+14155550134", "outbound", { "callee": "+14155550199" }, null]);
    assert_eq!(known(&call(&server, "MZ1").await), expected);
    // Known values stay.
    let others = [("CallSid", "CA1"), ("From", "+2"), ("To", &*long), ("Direction", "inbound"), ("StreamSid", "MZ1")];
    tell(&server, &others).await;
    assert_eq!(known(&call(&server, "MZ1").await), expected);

    let call_2 = json!({ "streamSid": "MZ2", "callSid": "CA2", "caller": "unknown", "agent": "ada" });
    server.post("/calls", &call_2).await.expect(201);
    server.send(reqwest::Method::PUT, "/calls/MZ2/metadata", &json!({ "customData": { "a": 1 } })).await.expect(201);
    tell(&server, &[("CallSid", "CA2"), ("From", &long), ("To", "bob"), ("Direction", "trunking-x")]).await;
    let expected = json!(["CA2", "9".repeat(128), null, { "a": 1, "callee": "bob" }, "ada"]);
    assert_eq!(known(&call(&server, "MZ2").await), expected);
}

#[tokio::test]
async fn a_call_that_started_without_a_call_sid_gets_it_from_its_stream() {
    let server = Server::start().await;
    let _socket = started(&server, "MZ1", None).await;
    server.post("/calls", &json!({ "streamSid": "MZ2", "callSid": "CA2", "caller": "a" })).await.expect(201);
    tell(&server, &[("CallSid", "CA2"), ("StreamSid", "MZ1"), ("StreamEvent", "stream-started")]).await;
    assert_eq!(call(&server, "MZ1").await["callSid"], json!(null));
    tell(&server, &[("CallSid", "CA3"), ("StreamSid", "MZ2"), ("CallStatus", "completed")]).await;
    assert_eq!(call(&server, "MZ2").await["status"], "active");
    tell(&server, &[("CallSid", "CA1"), ("StreamSid", "MZ1"), ("StreamEvent", "stream-started")]).await;
    assert_eq!(call(&server, "MZ1").await["callSid"], "CA1");
    tell(&server, &[("CallSid", "CA1"), ("CallStatus", "completed")]).await;
    assert_eq!(completed(&server, "MZ1").await["endReason"], "stream_stop");
    // An id does not count as a `streamSid`.
    let id = call(&server, "MZ2").await["id"].as_str().unwrap().to_owned();
    tell(&server, &[("CallSid", "CA4"), ("StreamSid", &id)]).await;
    assert_eq!(call(&server, "MZ2").await["callSid"], "CA2");
}

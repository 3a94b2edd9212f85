//! `twilioVoice`: answers a phone call with TwiML that streams it here, and accepts the stream by its token, once.

use serde_json::{Value, json};

use crate::{
    signatures::{PUBLIC, TOKEN, connect_signed, guarded, post_form, post_signed},
    support::{Server, eventually, run_program},
    twilio::{call, column, completed, inbound, start, stop, stored},
};

/// The TwiML of an answer, as an XML parser reads it: each element with its name, attributes, text and children.
async fn parse(xml: &str) -> Value {
    let program = "
import json, sys, xml.etree.ElementTree as tree
def read(element):
    return [element.tag, element.attrib, element.text or '', [read(child) for child in element]]
print(json.dumps(read(tree.fromstring(sys.argv[1].encode()))))
";
    serde_json::from_str(&run_program("/usr/bin/python3", &["-c", program, xml]).await).unwrap()
}

/// The token in an answer.
pub(crate) fn token_of(xml: &str) -> String {
    let (_, rest) = xml.split_once("<Parameter name=\"token\" value=\"").expect("a token");
    rest.split_once('"').unwrap().0.to_owned()
}

/// Requests a token for a phone call.
pub(crate) async fn token(server: &Server, call_sid: &str) -> String {
    token_of(&post_signed(server, "/twilio/voice", &[("CallSid", call_sid)]).await.expect(200).text())
}

/// A `start` message of a phone call, with parameters.
pub(crate) fn start_with(stream_sid: &str, call_sid: &str, parameters: &Value) -> Value {
    let mut message = start(stream_sid);
    message["start"]["callSid"] = json!(call_sid);
    message["start"]["customParameters"] = parameters.clone();
    message
}

/// The code with which the server closes a socket that starts like this.
pub(crate) async fn refused(server: &Server, stream_sid: &str, call_sid: &str, parameters: Value) -> String {
    let mut socket = connect_signed(server).await;
    socket.json(&start_with(stream_sid, call_sid, &parameters)).await;
    let (code, reason) = socket.closed().await;
    assert_eq!(code, 1008, "{reason}");
    reason
}

#[tokio::test]
async fn the_answer_is_twiml_that_streams_both_sides_with_a_token() {
    let server = guarded().await;
    let (from, to) = ("\"<&'>\" é\u{1F600}\n\t", "sip:bob@example.com?x=1&y=2");
    let fields = [("CallSid", "CA1"), ("From", from), ("To", to), ("Direction", "inbound")];
    let answer = post_signed(&server, "/twilio/voice", &fields).await.expect(200);
    assert_eq!(answer.header("content-type"), "text/xml; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "no-store");
    let token = token_of(&answer.text());
    assert!(token.len() >= 43 && token.len() < 400, "{token}");
    let parameter = |name: &str, value: &str| json!(["Parameter", { "name": name, "value": value }, "", []]);
    let parameters = [parameter("caller", from), parameter("callee", to), parameter("token", &token)];
    let stream = json!({ "url": "wss://calls.example.com/twilio/stream", "track": "both_tracks" });
    let start = json!(["Start", {}, "", [["Stream", stream, "", parameters]]]);
    let pause = json!(["Pause", { "length": "14400" }, "", []]);
    assert_eq!(parse(&answer.text()).await, json!(["Response", {}, "", [start, pause]]));

    // No two tokens are equal, and characters that XML cannot represent are left out.
    let fields = [("CallSid", "CA1"), ("From", "a\u{1}\u{FFFE}b"), ("To", &*"x".repeat(2_000))];
    let again = post_signed(&server, "/twilio/voice", &fields).await.expect(200).text();
    assert_ne!(token_of(&again), token);
    let parameters = parse(&again).await[3][0][3][0][3].clone();
    assert_eq!(parameters[0], parameter("caller", "ab"));
    assert_eq!(parameters[1], parameter("callee", &"x".repeat(128)));
}

#[tokio::test]
async fn a_call_is_led_on_to_where_the_operator_says() {
    let next = "https://agent.example.com/twiml?a=1&b=%3C";
    let server = Server::start_with(&["--twilio-next-url", next]).await;
    let answer = post_form(&server, "/twilio/voice", &[("CallSid", "CA1")], None).await.expect(200).text();
    let twiml = parse(&answer).await;
    assert_eq!(twiml[3][1], json!(["Redirect", { "method": "POST" }, next, []]));
    assert_eq!(twiml[3].as_array().unwrap().len(), 2);
    // Without a public address, the address of the request is used.
    let expected = server.url("/twilio/stream").replacen("http", "ws", 1);
    assert_eq!(twiml[3][0][3][0][1]["url"], expected);
}

#[tokio::test]
async fn a_call_that_was_answered_so_is_recorded_and_its_token_is_not_kept() {
    let server = guarded().await;
    let fields = [("CallSid", "CA1"), ("From", "+14155550134"), ("To", "+14155550199")];
    let token = token_of(&post_signed(&server, "/twilio/voice", &fields).await.expect(200).text());
    let parameters = json!({ "caller": "+14155550134", "callee": "+14155550199", "token": token });
    let mut socket = connect_signed(&server).await;
    socket.json(&json!({ "event": "connected", "protocol": "Call", "version": "1.0.0" })).await;
    socket.json(&start_with("MZ1", "CA1", &parameters)).await;
    socket.json(&inbound("MZ1", 1, 0)).await;
    socket.json(&stop("MZ1")).await;
    assert_eq!(socket.closed().await.0, 1000);
    let call = completed(&server, "MZ1").await;
    assert_eq!((&call["callSid"], &call["caller"]), (&json!("CA1"), &json!("+14155550134")));
    assert_eq!(call["metadata"]["customData"], json!({ "callee": "+14155550199" }));
    assert_eq!(call["recordings"][0]["duration"], json!(0.02));
}

#[tokio::test]
async fn a_stream_without_a_token_of_its_phone_call_is_not_taken() {
    let server = guarded().await;
    let token = token(&server, "CA1").await;
    let missing = "The start has no token and callSid; answer the call with POST /twilio/voice.";
    for parameters in [json!(null), json!({}), json!({ "token": 5 }), json!({ "caller": token })] {
        assert_eq!(refused(&server, "MZ1", "CA1", parameters).await, missing);
    }
    assert_eq!(refused(&server, "MZ1", "", json!({ "token": token })).await, missing);
    let invalid = "The token is not valid for this phone call.";
    let flipped = |index: usize| {
        let mut changed = token.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        String::from_utf8(changed).unwrap()
    };
    // Some bits of the last character are unused.
    let mut wrong: Vec<_> = (0..token.len() - 1).step_by(9).map(flipped).collect();
    wrong.extend(["", "x", &token[1..], &token[..30], &format!("{token}A")].map(str::to_owned));
    for token in wrong {
        assert_eq!(refused(&server, "MZ1", "CA1", json!({ "token": token })).await, invalid);
    }
    assert_eq!(refused(&server, "MZ1", "CA2", json!({ "token": token })).await, invalid);
    assert_eq!(server.count("call").await, 0);

    server.clock.advance_ms(5 * 60 * 1_000);
    assert_eq!(refused(&server, "MZ1", "CA1", json!({ "token": token })).await, "The token has expired.");
    assert_eq!((server.count("call").await, server.count("stream_token").await), (0, 0));
}

#[tokio::test]
async fn a_token_is_for_one_stream_which_may_come_back() {
    let mut server = guarded().await;
    let parameters = json!({ "token": token(&server, "CA1").await });
    // It holds after a restart too, because it is not kept in memory.
    server.restart().await;
    server.clock.advance_ms(5 * 60 * 1_000 - 1);
    let mut first = connect_signed(&server).await;
    first.json(&start_with("MZ1", "CA1", &parameters)).await;
    call(&server, "MZ1").await;
    let used = "The token was used before.";
    assert_eq!(refused(&server, "MZ2", "CA1", parameters.clone()).await, used);
    first.json(&inbound("MZ1", 1, 0)).await;
    stored(&server, "MZ1", 1).await;
    drop(first);
    eventually("the disconnect is noted", || column(&server, "MZ1", "disconnected_at")).await;
    // Its own stream may reconnect when it is too late for a new one.
    server.clock.advance_ms(30_000);
    server.restart().await;
    let mut back = connect_signed(&server).await;
    back.json(&start_with("MZ1", "CA1", &parameters)).await;
    back.json(&inbound("MZ1", 2, 20)).await;
    stored(&server, "MZ1", 2).await;
    assert_eq!(refused(&server, "MZ2", "CA1", parameters.clone()).await, used);
    back.json(&stop("MZ1")).await;
    assert_eq!(back.closed().await.0, 1000);
    completed(&server, "MZ1").await;
    // A deleted call frees its ids, but not its token.
    server.delete("/calls/MZ1").await.expect(204);
    assert_eq!(refused(&server, "MZ2", "CA1", parameters).await, used);
}

#[tokio::test]
async fn one_phone_call_can_have_several_tokens() {
    let server = guarded().await;
    for stream_sid in ["MZ1", "MZ2"] {
        // Each request of the phone call differs from those before.
        let fields = [("CallSid", "CA1"), ("Digits", stream_sid)];
        let answer = post_signed(&server, "/twilio/voice", &fields).await.expect(200);
        let parameters = json!({ "token": token_of(&answer.text()) });
        let mut socket = connect_signed(&server).await;
        socket.json(&start_with(stream_sid, "CA1", &parameters)).await;
        call(&server, stream_sid).await;
        socket.json(&stop(stream_sid)).await;
        assert_eq!(socket.closed().await.0, 1000);
    }
    assert_eq!(server.count("stream_token").await, 2);
    // Used tokens are forgotten once none of their calls can still be active.
    server.clock.advance_ms(12 * 60 * 60 * 1_000 + 5 * 60 * 1_000);
    let parameters = json!({ "token": token(&server, "CA3").await });
    let mut socket = connect_signed(&server).await;
    socket.json(&start_with("MZ3", "CA3", &parameters)).await;
    call(&server, "MZ3").await;
    assert_eq!(server.count("stream_token").await, 1);
}

#[tokio::test]
async fn without_a_configured_token_streams_need_none_and_keep_none() {
    let server = Server::start_with(&["--public-url", PUBLIC, "--insecure-no-auth"]).await;
    for (stream_sid, parameters) in [("MZ1", json!({ "a": "b" })), ("MZ2", json!({ "a": "b", "token": TOKEN }))] {
        let mut socket = crate::twilio::connect(&server).await;
        socket.json(&start_with(stream_sid, stream_sid, &parameters)).await;
        eventually("the metadata is there", || async {
            let call = call(&server, stream_sid).await;
            (call["metadata"]["customData"] == json!({ "a": "b" })).then_some(())
        })
        .await;
    }
}

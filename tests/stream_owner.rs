//! A stream belongs to its call: no name, token or repeated webhook of one phone call leads into the call of another.

use serde_json::{Value, json};

use crate::{
    signatures::{PUBLIC, TOKEN, connect_signed, guarded, post_form, sign},
    support::{Server, eventually},
    twilio::{call, connect, inbound, start, stop, stored},
    voice::{refused, start_with, token, token_of},
};

const FOREIGN: &str = "The stream belongs to another phone call, or its token to another call.";
const USED: &str = "The token was used before.";

/// Opens a stream of a phone call and stores a frame of it.
async fn open(server: &Server, stream_sid: &str, call_sid: &str, parameters: &Value) {
    let mut socket = connect_signed(server).await;
    socket.json(&start_with(stream_sid, call_sid, parameters)).await;
    socket.json(&inbound(stream_sid, 1, 0)).await;
    call(server, stream_sid).await;
    stored(server, stream_sid, 1).await;
    socket.close().await;
}

#[tokio::test]
async fn a_stream_does_not_continue_the_call_of_another_phone_call() {
    let server = Server::start().await;
    let new = json!({ "streamSid": "MZ1", "callSid": "CA1", "caller": "a" });
    server.post("/calls", &new).await.expect(201);
    let mut socket = connect(&server).await;
    socket.json(&start_with("MZ1", "CA2", &json!({}))).await;
    assert_eq!(socket.closed().await, (1008, FOREIGN.to_owned()));
    // A stream of the phone call, and one that names none.
    for call_sid in ["CA1", ""] {
        let mut socket = connect(&server).await;
        socket.json(&start_with("MZ1", call_sid, &json!({}))).await;
        socket.json(&inbound("MZ1", 1, 0)).await;
        call(&server, "MZ1").await;
        stored(&server, "MZ1", 1).await;
        socket.close().await;
    }
}

#[tokio::test]
async fn a_further_stream_of_a_phone_call_is_not_taken_over_either() {
    let server = Server::start().await;
    for stream_sid in ["MZ1", "MZ2"] {
        let mut socket = connect(&server).await;
        socket.json(&start_with(stream_sid, "CA1", &json!({}))).await;
        socket.json(&inbound(stream_sid, 1, 0)).await;
        call(&server, stream_sid).await;
        stored(&server, stream_sid, 1).await;
        socket.close().await;
    }
    assert_eq!(call(&server, "MZ2").await["callSid"], json!(null));
    let mut socket = connect(&server).await;
    socket.json(&start_with("MZ2", "CA2", &json!({}))).await;
    assert_eq!(socket.closed().await, (1008, FOREIGN.to_owned()));
    let mut socket = connect(&server).await;
    socket.json(&start_with("MZ2", "CA1", &json!({}))).await;
    socket.json(&inbound("MZ2", 2, 20)).await;
    call(&server, "MZ2").await;
    stored(&server, "MZ2", 2).await;
}

#[tokio::test]
async fn a_token_leads_to_no_call_but_its_own() {
    let mut server = guarded().await;
    server.post("/calls", &json!({ "streamSid": "MZ0", "caller": "a" })).await.expect(201);
    open(&server, "MZ1", "CA1", &json!({ "token": token(&server, "CA1").await })).await;
    let other = json!({ "token": token(&server, "CA2").await });
    // The phone call is the token's, the call another one's.
    assert_eq!(refused(&server, "MZ1", "CA2", other.clone()).await, FOREIGN);
    // The stream has used the token, though in vain.
    assert_eq!(refused(&server, "MZ2", "CA2", other).await, USED);
    // A call that no phone call is known to have.
    let third = json!({ "token": token(&server, "CA3").await });
    assert_eq!(refused(&server, "MZ0", "CA3", third).await, FOREIGN);
    server.restart().await;
    assert_eq!(server.get("/calls/MZ1/chunks").await.json()["tracks"][0]["chunks"], 1);
}

#[tokio::test]
async fn a_token_is_of_no_use_once_its_call_is_deleted() {
    let server = guarded().await;
    let parameters = json!({ "token": token(&server, "CA1").await });
    open(&server, "MZ1", "CA1", &parameters).await;
    server.delete("/calls/MZ1").await.expect(204);
    let reason = refused(&server, "MZ1", "CA1", parameters.clone()).await;
    assert!([FOREIGN, USED].contains(&&*reason), "{reason}");
    eventually("the call is gone", || async { (server.count("call").await == 0).then_some(()) }).await;
    assert_eq!(refused(&server, "MZ1", "CA1", parameters).await, USED);
    let database = server.database().await;
    let left = "SELECT stream_sid || COUNT(call_id) FROM stream_token GROUP BY stream_sid";
    assert_eq!(crate::support::query_strings(&database, left).await, ["0"]);
}

#[tokio::test]
async fn a_webhook_that_was_seen_before_gives_no_second_token() {
    let mut server = guarded().await;
    let first = token(&server, "CA1").await;
    assert_eq!(token(&server, "CA1").await, first);
    server.restart().await;
    server.clock.advance_ms(60_000);
    assert_eq!(token(&server, "CA1").await, first);
    open(&server, "MZ1", "CA1", &json!({ "token": first })).await;
    assert_eq!(refused(&server, "MZ2", "CA1", json!({ "token": token(&server, "CA1").await })).await, USED);
    // By GET the signature is another one, and so is the token.
    let path = "/twilio/voice?CallSid=CA1";
    let request = server.request(reqwest::Method::GET, path);
    let request = request.header("x-twilio-signature", sign(TOKEN, &format!("{PUBLIC}{path}"), &[]));
    let second = token_of(&request.send().await.unwrap().text().await.unwrap());
    assert_ne!(second, first);
    // It expires with the first answer, however late the request comes again.
    server.clock.advance_ms(5 * 60_000);
    let late = post_form(&server, "/twilio/voice", &[("CallSid", "CA9")], None).await;
    late.expect_problem(403, "signature_invalid");
    let again = json!({ "token": second });
    assert_eq!(refused(&server, "MZ3", "CA1", again).await, "The token has expired.");
    assert_eq!(server.count("voice_webhook").await, 2);
}

#[tokio::test]
async fn nodes_agree_about_a_webhook() {
    if crate::support::on_sqlite() {
        return;
    }
    let server = guarded().await;
    let other = server.beside().await;
    assert_eq!(token(&server, "CA1").await, token(&other, "CA1").await);
}

#[tokio::test]
async fn a_stream_that_is_named_like_a_call_is_refused() {
    let server = Server::start().await;
    let id = server.post("/calls", &json!({ "caller": "a" })).await.expect(201).json()["id"].clone();
    for name in [id.as_str().unwrap(), &id.as_str().unwrap().to_uppercase()] {
        let mut socket = connect(&server).await;
        socket.json(&start(name)).await;
        assert_eq!(
            socket.closed().await,
            (1007, "The stream's id is that of another call, so it is not valid.".to_owned())
        );
    }
    // Telnyx and others name their streams so.
    let name = "32de0dea-53cb-4b21-89a4-9e1819c043bc";
    let mut socket = connect(&server).await;
    let format = json!({ "encoding": "PCMU", "sample_rate": 8000, "channels": 1 });
    let begun = json!({ "call_control_id": "v3:1", "from": "+1", "media_format": format });
    socket.json(&json!({ "event": "start", "stream_id": name, "start": begun })).await;
    let mut frame = inbound(name, 1, 0);
    frame["stream_id"] = frame.as_object_mut().unwrap().remove("streamSid").unwrap();
    socket.json(&frame).await;
    call(&server, name).await;
    stored(&server, name, 1).await;
    let mut last = stop(name);
    last["stream_id"] = last.as_object_mut().unwrap().remove("streamSid").unwrap();
    socket.json(&last).await;
    assert_eq!(socket.closed().await.0, 1000);
}

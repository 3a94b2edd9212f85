//! Ids of calls: their defaults, and all forms that carriers and SIP use.

use serde_json::json;

use crate::support::{Server, Socket, chunk};

#[tokio::test]
async fn a_call_needs_neither_a_caller_nor_a_stream_sid() {
    let server = Server::start().await;
    for body in [json!({}), json!({ "caller": null, "streamSid": null }), json!({ "caller": "" })] {
        let started = server.post("/calls", &body).await.expect(201).json();
        assert_eq!((&started["caller"], &started["streamSid"]), (&json!("unknown"), &started["id"]));
        let path = format!("/calls/{}/chunks", started["streamSid"].as_str().unwrap());
        server.post(&path, &chunk("inbound", 0, 0)).await.expect(201);
    }
    assert_eq!(server.get("/calls?caller=unknown").await.json()["items"].as_array().unwrap().len(), 3);
    // Repeating the start returns the same call, whoever the caller is said to be.
    let known = json!({ "streamSid": "MZ1", "caller": "a" });
    let id = server.post("/calls", &known).await.expect(201).json()["id"].clone();
    assert_eq!(server.post("/calls", &json!({ "streamSid": "MZ1" })).await.expect(200).json()["id"], id);
    // A taken callSid is refused also without a streamSid.
    server.post("/calls", &json!({ "callSid": "CA1" })).await.expect(201);
    server.post("/calls", &json!({ "callSid": "CA1" })).await.expect_problem(409, "call_sid_conflict");
}

/// Ids as SIP and carriers write them, in every operation on a call.
#[tokio::test]
async fn a_call_may_have_any_name_that_carriers_give_and_paths_escape_it() {
    let server = Server::start().await;
    let names = [
        "v3:abc/def==",
        "sip:ada@example.com",
        "a1b2@10.0.0.1~7",
        "{x}",
        "100%",
        "%2F",
        "50%25",
        "a+b!",
        "a%41",
        "...",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let call_sid = format!("sip/{number}@host");
        let body = json!({ "streamSid": name, "callSid": call_sid });
        let id = server.post("/calls", &body).await.expect(201).json()["id"].clone();
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let path = format!("/calls/{escaped}");
        assert_eq!(server.get(&path).await.expect(200).json()["id"], id, "{name}");
        server.post(&format!("{path}/chunks"), &chunk("inbound", 0, 0)).await.expect(201);
        server.post(&format!("{path}/transcripts"), &json!({ "speaker": "a", "text": "b" })).await.expect(201);
        assert_eq!(server.get(&format!("{path}/chunks")).await.expect(200).json()["tracks"][0]["chunks"], 1);
        let query = format!("/calls?streamSid={escaped}");
        assert_eq!(server.get(&query).await.expect(200).json()["items"][0]["id"], id, "{name}");
        let mut socket = Socket::open(&server.url(&format!("{path}/stream"))).await;
        socket.json(&chunk("inbound", 1, 20)).await;
        assert_eq!(socket.receive().await["ack"]["sequence"], 1, "{name}");
        let ended = server.post(&format!("{path}/end"), &json!({})).await.expect(200).json();
        assert_eq!((&ended["status"], &ended["callSid"]), (&json!("completed"), &json!(call_sid)));
        server.delete(&path).await.expect(204);
        server.get(&path).await.expect_problem(404, "call_not_found");
    }
}

//! Keys that may be used from some networks only.

use reqwest::Method;
use serde_json::json;

use crate::{
    ownership::make,
    support::{Answer, Server, Socket},
};

#[tokio::test]
async fn a_key_is_refused_from_a_network_that_it_does_not_allow() {
    let server = Server::keyed().await;
    server.start_call("MZ1").await;
    let ask = async |key: &str, forwarded: Option<&str>| {
        let request = server.request(Method::GET, "/calls/MZ1/chunks").bearer_auth(key);
        let request = forwarded.into_iter().fold(request, |request, from| request.header("x-forwarded-for", from));
        Answer::read(request.send().await.unwrap()).await
    };
    for (networks, allowed) in [
        (json!(["127.0.0.0/8"]), true),
        (json!(["::ffff:127.0.0.1"]), true),
        (json!(["203.0.113.0/24", "127.0.0.1"]), true),
        (json!(["0.0.0.0/0"]), true),
        (json!(["203.0.113.0/24"]), false),
        (json!(["::/0"]), false),
        (json!(["::1"]), false),
    ] {
        let (key, _) = make(&server, json!({ "scope": "ingest", "allowedNetworks": networks })).await;
        // What a client says of itself does not count.
        for forwarded in [None, Some("203.0.113.9"), Some("127.0.0.1")] {
            let answer = ask(&key, forwarded).await;
            if allowed {
                answer.expect(200);
            } else {
                let problem = answer.expect_problem(403, "network_not_allowed");
                assert!(problem.text().contains("allowedNetworks"), "{}", problem.text());
            }
        }
        for path in ["/calls/MZ1/stream", "/twilio/stream"] {
            match Socket::try_open_as(&server.url(path), Some(&key)).await {
                Ok(_) => assert!(allowed, "{networks}"),
                Err((status, problem)) => {
                    assert_eq!((status, &problem["code"]), (403, &json!("network_not_allowed")), "{networks}");
                    assert!(!allowed);
                }
            }
        }
    }
    // A refused use is no use.
    let keys = server.get("/admin/keys").await.json();
    let unused = keys["items"].as_array().unwrap().iter().filter(|key| key["lastUsedAt"].is_null()).count();
    assert_eq!(unused, 3, "{keys}");
}

#[tokio::test]
async fn a_network_that_cannot_be_read_is_refused_with_its_place() {
    let server = Server::keyed().await;
    for (networks, pointer, word) in [
        (json!([]), "/allowedNetworks", "1"),
        (json!(vec!["10.0.0.0/8"; 65]), "/allowedNetworks", "64"),
        (json!(["10.0.0.0/8", "10.1.2.3/8"]), "/allowedNetworks/1", "Write 10.0.0.0/8"),
        (json!(["example.com"]), "/allowedNetworks/0", "10.0.0.0/8"),
        (json!(["10.0.0.0/33"]), "/allowedNetworks/0", "10.0.0.0/8"),
        (json!([""]), "/allowedNetworks/0", "10.0.0.0/8"),
    ] {
        let body = json!({ "scope": "read", "allowedNetworks": networks });
        let refused = server.post("/admin/keys", &body).await.expect_problem(422, "validation_failed");
        assert_eq!(refused.pointers(), [pointer], "{networks}");
        assert!(refused.text().contains(word), "{}", refused.text());
    }
    let body = json!({ "scope": "read", "allowedNetworks": ["2001:db8::/32", "::ffff:10.0.0.0/104", "192.0.2.7"] });
    let made = server.post("/admin/keys", &body).await.expect(201).json();
    assert_eq!(made["allowedNetworks"], json!(["2001:db8::/32", "10.0.0.0/8", "192.0.2.7/32"]));
}

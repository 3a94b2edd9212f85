//! A service without keys behind a proxy, and sockets from before the first key.

use serde_json::json;
use tempfile::TempDir;

use super::start::{command, refusal};
use crate::{
    keys::create,
    support::{Answer, Binary, Server, Socket, chunk},
};

const LOOPBACK: &str = "127.0.0.1:0";

#[tokio::test]
async fn without_keys_no_request_of_a_proxy_is_answered() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for (name, value) in [
        ("forwarded", "for=203.0.113.9"),
        ("x-forwarded-for", "203.0.113.9"),
        ("x-forwarded-proto", "https"),
        ("X-Forwarded-Host", "calls.example.com"),
        ("x-forwarded-anything", ""),
        ("x-real-ip", "127.0.0.1"),
        ("via", "1.1 proxy"),
    ] {
        for path in ["/calls", "/livez", "/openapi.json", "/nowhere"] {
            let request = server.client.get(server.url(path)).header(name, value);
            let refused = Answer::read(request.send().await.unwrap()).await.expect_problem(403, "proxy_without_key");
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            for word in [&*name.to_lowercase(), "callstore keys create --scope admin", "--insecure-no-auth"] {
                assert!(detail.contains(word), "{word} is not in {detail}");
            }
        }
        for path in ["/calls/MZ1/stream", "/twilio/stream"] {
            let name: &'static str = if name == "X-Forwarded-Host" { "x-forwarded-host" } else { name };
            let (status, problem) = Socket::try_open_with(&server.url(path), &[(name, value)]).await.err().unwrap();
            assert_eq!((status, &problem["code"]), (403, &json!("proxy_without_key")));
        }
    }
    server.get_with("/calls", "x-forward", "1").await.expect(200);
    // With a key, or if that is said, they mean nothing.
    for server in [Server::keyed().await, Server::start_with(&["--insecure-no-auth"]).await] {
        server.get_with("/calls", "x-forwarded-for", "203.0.113.9").await.expect(200);
    }
}

#[tokio::test]
async fn a_public_url_needs_a_key() {
    let folder = TempDir::new().unwrap();
    let public = ["--public-url", "https://calls.example.com"];
    let token = ["--twilio-auth-token", "0123456789abcdef0123456789abcdef"];
    for arguments in [&public[..], &[public, token].concat()] {
        let mut refused = command(folder.path(), LOOPBACK);
        refused.args(arguments);
        let said = refusal(refused).await;
        for word in ["--public-url", "callstore keys create --scope admin", "--admin-key-file", "--insecure-no-auth"] {
            assert!(said.contains(word), "{word} is not in {said}");
        }
        let mut open = command(folder.path(), LOOPBACK);
        open.args(arguments).arg("--insecure-no-auth");
        Binary::start(open).await.kill().await;
    }
    create(folder.path(), "admin", &[]).await;
    let mut keyed = command(folder.path(), LOOPBACK);
    keyed.args(public);
    Binary::start(keyed).await;
}

#[tokio::test]
async fn sockets_from_before_the_first_key_are_closed_when_it_is_made() {
    let folder = TempDir::new().unwrap();
    let by_command = Binary::serve(folder.path()).await;
    let (over_http, open) = (Server::start().await, Server::start_with(&["--insecure-no-auth"]).await);
    for server in [&over_http, &open] {
        server.start_call("MZ1").await;
    }
    let call = crate::support::client_builder().build().unwrap().post(by_command.url("/calls"));
    assert_eq!(call.json(&crate::support::call("MZ1")).send().await.unwrap().status(), 201);
    let mut sockets = Vec::new();
    for url in ["/calls/MZ1/stream", "/twilio/stream"] {
        for url in [over_http.url(url), open.url(url), by_command.url(url)] {
            sockets.push(Socket::open(&url).await);
        }
    }
    sockets[0].json(&chunk("inbound", 0, 0)).await;
    assert_eq!(sockets[0].receive().await["ack"]["sequence"], 0);
    for server in [&over_http, &open] {
        server.post("/admin/keys", &json!({ "scope": "admin" })).await.expect(201);
    }
    create(folder.path(), "admin", &[]).await;
    for socket in sockets {
        let (code, reason) = socket.closed().await;
        assert!(code == 1008 && reason.contains("requires keys"), "{code} {reason}");
    }
}

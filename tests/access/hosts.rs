//! Accepted hosts and origins while no key exists. A web page whose name resolves to 127.0.0.1, and a form on such a
//! page, must fail.

use tempfile::TempDir;

use super::client;
use crate::{
    keys::create,
    support::{Answer, Binary, Socket, call, eventually},
};

/// Starts the service with extra arguments.
async fn serve(folder: &TempDir, arguments: &[&str]) -> Binary {
    let mut command = Binary::command(folder.path());
    command.args(arguments);
    Binary::start(command).await
}

/// Status of a request with these headers, and its problem code.
async fn ask(service: &Binary, method: &str, path: &str, headers: &[(&str, &str)]) -> (u16, String) {
    let mut request = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-length: 2\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    let answer = service.raw(format!("{request}\r\n{{}}").as_bytes()).await;
    let problem: serde_json::Value = serde_json::from_slice(&answer.bytes).unwrap_or_default();
    (answer.status, problem["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn without_a_key_only_this_machine_s_names_are_answered() {
    let folder = TempDir::new().unwrap();
    let service = serve(&folder, &["--allowed-hosts", "calls.example.com,[fd00::7]"]).await;
    for host in
        ["127.0.0.1:8080", "127.0.0.9", "localhost", "LOCALHOST:1", "[::1]:8080", "Calls.Example.com", "[fd00::7]:80"]
    {
        assert_eq!(ask(&service, "GET", "/calls", &[("host", host)]).await.0, 200, "{host}");
    }
    for path in [
        "/calls",
        "/metrics",
        "/livez",
        "/",
        "/dashboard/",
        "/swagger-ui/",
        "/openapi.json",
        "/nothing",
        "/twilio/stream",
    ] {
        for host in ["rebound.example", "rebound.example:8080", "localhost.rebound.example", "", "10.0.0.7", "0.0.0.0"]
        {
            let refused = (403, "host_not_allowed".to_owned());
            assert_eq!(ask(&service, "GET", path, &[("host", host)]).await, refused, "{path} {host}");
        }
    }
    let absolute = ask(&service, "GET", "http://rebound.example/calls", &[("host", "localhost")]).await;
    assert_eq!(absolute, (403, "host_not_allowed".to_owned()));
    // Without a `Host` header, the HTTP library refuses it.
    assert_eq!(ask(&service, "GET", "/calls", &[]).await.0, 400);
    let answer =
        Answer::read(client().get(service.url("/calls")).header("host", "rebound.example").send().await.unwrap());
    let detail = answer.await.expect_problem(403, "host_not_allowed").json()["detail"].to_string();
    assert!(detail.contains("CALLSTORE_ALLOWED_HOSTS") && detail.contains("callstore keys create"), "{detail}");
}

#[tokio::test]
async fn without_a_key_pages_of_other_hosts_get_nowhere() {
    let folder = TempDir::new().unwrap();
    let arguments = ["--allowed-hosts", "calls.example.com", "--cors-origins", "https://app.example.com"];
    let service = serve(&folder, &arguments).await;
    let host = ("host", "127.0.0.1");
    let json = ("content-type", "application/json");
    for (method, header, allowed) in [
        ("POST", ("origin", "http://localhost:3000"), true),
        ("POST", ("origin", "https://calls.example.com"), true),
        ("POST", ("origin", "https://app.example.com"), true),
        ("POST", ("sec-fetch-site", "same-origin"), true),
        ("POST", ("sec-fetch-site", "none"), true),
        ("GET", ("sec-fetch-site", "cross-site"), true),
        ("POST", ("origin", "https://evil.example"), false),
        ("POST", ("origin", "https://app.example.com.evil.example"), false),
        ("POST", ("origin", "http://app.example.com"), false),
        ("POST", ("origin", "null"), false),
        ("POST", ("origin", ""), false),
        ("GET", ("origin", "https://evil.example"), false),
        ("POST", ("sec-fetch-site", "cross-site"), false),
        ("DELETE", ("sec-fetch-site", "cross-site"), false),
    ] {
        let path = if method == "DELETE" { "/calls/MZ1" } else { "/calls" };
        let (status, code) = ask(&service, method, path, &[host, json, header]).await;
        assert_eq!(status != 403, allowed, "{method} {header:?}: {status} {code}");
        assert!(allowed || code == "origin_not_allowed", "{method} {header:?}: {status} {code}");
    }
    // A webhook by GET changes calls, unlike other GET requests.
    for path in ["/twilio/status?CallSid=CA1", "/twilio/voice?CallSid=CA1", "/twilio/%73tatus?CallSid=CA1"] {
        let page = [host, ("sec-fetch-site", "cross-site")];
        assert_eq!(ask(&service, "GET", path, &page).await, (403, "origin_not_allowed".to_owned()), "{path}");
        assert!(ask(&service, "GET", path, &[host]).await.0 < 300, "{path}");
    }
    // A form that a page of another host posts, as a browser sends it.
    let form =
        [host, ("content-type", "text/plain"), ("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    assert_eq!(ask(&service, "POST", "/calls", &form).await, (403, "origin_not_allowed".to_owned()));
    // A WebSocket opened by a page.
    let upgrade = [host, ("upgrade", "websocket"), ("connection", "upgrade"), ("origin", "https://evil.example")];
    assert_eq!(ask(&service, "GET", "/twilio/stream", &upgrade).await, (403, "origin_not_allowed".to_owned()));
}

#[tokio::test]
async fn the_first_key_takes_the_place_of_hosts_and_origins_also_while_the_service_runs() {
    let folder = TempDir::new().unwrap();
    let service = serve(&folder, &[]).await;
    let call = async |key: &str| {
        let request = client().post(service.url("/calls")).header("host", "calls.example.com").json(&call("MZ1"));
        request.header("origin", "https://app.example.com").bearer_auth(key).send().await.unwrap().status().as_u16()
    };
    assert_eq!(call("nothing").await, 403);
    create(folder.path(), "admin", &[]).await;
    let key = create(folder.path(), "ingest", &[]).await;
    eventually("the key is taken", async || (call(&key).await < 300).then_some(())).await;
    assert_eq!(client().get(service.url("/calls")).send().await.unwrap().status(), 401);
    assert_eq!(client().get(service.url("/livez")).header("host", "any.example").send().await.unwrap().status(), 200);
    assert_eq!(Socket::try_open(&service.url("/twilio/stream")).await.err().unwrap().0, 401);
}

//! Headers that every response has for browsers, and what pages of other origins may do.

use serde_json::{Value, json};
use tempfile::TempDir;

use super::client;
use crate::{
    keys::create,
    support::{Answer, Binary, Server, chunk},
};

/// A method, a path, an extra header, and the status of the response.
type Case<'a> = (&'a str, &'a str, Option<(&'a str, &'a str)>, u16);

#[tokio::test]
async fn every_kind_of_answer_has_the_headers() {
    let folder = TempDir::new().unwrap();
    let key = create(folder.path(), "admin", &[]).await;
    let service = Binary::serve(folder.path()).await;
    let post = async |path: &str, body: Value| -> Value {
        let answer = client().post(service.url(path)).bearer_auth(&key).json(&body).send().await.unwrap();
        answer.error_for_status().unwrap().json().await.unwrap()
    };
    post("/calls", json!({ "streamSid": "MZ1", "caller": "a" })).await;
    post("/calls/MZ1/chunks", chunk("inbound", 0, 0)).await;
    let ended = post("/calls/MZ1/end", json!({})).await;
    let recording = &ended["recordings"][0];
    let audio = format!("/recordings/{}/audio", recording["id"].as_str().unwrap());
    let tag = format!("\"{}\"", recording["sha256"].as_str().unwrap());

    let cases: [Case; 18] = [
        ("GET", "/calls", None, 200),
        ("HEAD", "/calls", None, 200),
        ("GET", &audio, None, 200),
        ("GET", &audio, Some(("range", "bytes=0-9")), 206),
        ("GET", &audio, Some(("if-none-match", &tag)), 304),
        ("GET", &audio, Some(("range", "bytes=99999999-")), 416),
        ("GET", "/calls", Some(("authorization", "Bearer nobody-s")), 401),
        ("GET", "/calls/MZ2", None, 404),
        ("GET", "/nothing", None, 404),
        ("PUT", "/calls", None, 405),
        ("POST", "/calls", None, 415),
        ("GET", "/livez", None, 200),
        ("GET", "/", None, 307),
        ("GET", "/dashboard/", None, 200),
        ("GET", "/dashboard/vendor/lit-html/lit-html.js", None, 200),
        ("GET", "/dashboard/nothing.js", None, 404),
        ("GET", "/swagger-ui/", None, 200),
        ("GET", "/swagger-ui/swagger-ui-bundle.js", None, 200),
    ];
    for (method, path, header, status) in cases {
        let mut request = client().request(method.parse().unwrap(), service.url(path));
        request = match header {
            Some((name, value)) if name == "authorization" => request.header(name, value),
            Some((name, value)) => request.bearer_auth(&key).header(name, value),
            None => request.bearer_auth(&key),
        };
        let answer = Answer::read(request.send().await.unwrap()).await;
        let what = format!("{method} {path} {header:?}");
        assert_eq!(answer.status, status, "{what}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("x-frame-options", "DENY"),
        ] {
            assert_eq!(answer.header(name), value, "{what}: {name}");
        }
        let is_dashboard = path.starts_with("/dashboard");
        let is_page = is_dashboard || path.starts_with("/swagger-ui") || path == "/";
        let caching = match is_page {
            true if is_dashboard && status == 200 => "no-cache",
            true => "",
            false => "no-store",
        };
        assert_eq!(answer.header("cache-control"), caching, "{what}");
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{what}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{what}: {policy}");
        assert_eq!(policy.contains("script-src 'self';"), is_page, "{what}: {policy}");
        // Cross-origin reading is off unless origins are listed.
        assert_eq!(answer.header("access-control-allow-origin"), "", "{what}");
    }
}

#[tokio::test]
async fn pages_of_other_origins_may_embed_recordings_once_an_origin_is_listed() {
    for (arguments, policy) in
        [(&[][..], "same-origin"), (&["--cors-origins", "https://app.example.com"][..], "cross-origin")]
    {
        let server = Server::start_with(arguments).await;
        let recording = server.record("MZ1").await;
        let path = format!("/recordings/{recording}/audio");
        for (method, range, status) in
            [("GET", "", 200), ("HEAD", "", 200), ("GET", "bytes=0-9", 206), ("GET", "x", 200)]
        {
            let request = server.request(method.parse().unwrap(), &path).header("range", range);
            let answer = Answer::read(request.send().await.unwrap()).await.expect(status);
            assert_eq!(answer.header("cross-origin-resource-policy"), policy, "{method} {range}");
        }
        for path in ["/calls", &format!("/recordings/{recording}"), "/recordings/unknown/audio"] {
            assert_eq!(server.get(path).await.header("cross-origin-resource-policy"), "same-origin", "{path}");
        }
    }
}

/// A preflight from a page.
async fn preflight(service: &Binary, origin: &str) -> Answer {
    let request = client().request(reqwest::Method::OPTIONS, service.url("/calls")).header("origin", origin);
    let request = request.header("access-control-request-method", "POST");
    let request = request.header("access-control-request-headers", "authorization,content-type");
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn pages_of_listed_origins_may_ask_and_read() {
    let folder = TempDir::new().unwrap();
    let key = create(folder.path(), "admin", &[]).await;
    let mut command = Binary::command(folder.path());
    command.env("CALLSTORE_CORS_ORIGINS", "https://app.example.com, http://localhost:3000");
    let service = Binary::start(command).await;
    for origin in ["https://app.example.com", "http://localhost:3000"] {
        let answer = preflight(&service, origin).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert!(answer.header("access-control-allow-methods").contains("POST"));
        let headers = answer.header("access-control-allow-headers").to_lowercase();
        assert!(headers.contains("authorization") && headers.contains("content-type"), "{headers}");
        assert!(answer.header("vary").to_lowercase().contains("origin"));
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        // Refusals are readable too, so that the page can tell why.
        for (key, status) in [(&*key, 200), ("nobody-s", 401)] {
            let request = client().get(service.url("/calls")).header("origin", origin).bearer_auth(key);
            let answer = Answer::read(request.send().await.unwrap()).await.expect(status);
            assert_eq!(answer.header("access-control-allow-origin"), origin);
            assert!(answer.header("vary").to_lowercase().contains("origin"), "{status}");
            assert!(answer.header("access-control-expose-headers").contains("x-request-id"));
        }
    }
    for origin in ["https://evil.example", "null", "http://app.example.com"] {
        let answer = preflight(&service, origin).await;
        assert!(answer.status >= 400, "{origin}: {}", answer.status);
        assert_eq!(answer.header("access-control-allow-origin"), "");
        let request = client().get(service.url("/calls")).header("origin", origin).bearer_auth(&key);
        let answer = Answer::read(request.send().await.unwrap()).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn without_listed_origins_there_is_no_preflight() {
    let folder = TempDir::new().unwrap();
    create(folder.path(), "admin", &[]).await;
    let service = Binary::serve(folder.path()).await;
    let answer = preflight(&service, "https://app.example.com").await.expect_problem(405, "method_not_allowed");
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

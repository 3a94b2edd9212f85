//! Text that was stored is shown as text, whatever it holds.

use reqwest::Method;
use serde_json::json;

use crate::support::{ADMIN_KEY, Browser, Leftover, Server, chunk};

/// Texts that would run something if they were taken for markup, a URL, a style or a template.
fn texts() -> Vec<String> {
    let run = "window.hacked=1";
    let bases = [
        format!("<script>{run}</script>"),
        format!("<img src=x onerror={run}>"),
        format!("<svg onload={run}>"),
        format!("<svg><script>{run}</script></svg>"),
        format!("<svg><animate onbegin={run} attributeName=x dur=1s>"),
        format!("<iframe srcdoc=\"<script>parent.{run}</script>\">"),
        format!("<iframe src=\"javascript:parent.{run}\">"),
        format!("<a href=\"javascript:{run}\">x</a>"),
        format!("<details open ontoggle={run}>"),
        format!("<input autofocus onfocus={run}>"),
        format!("<body onload={run}>"),
        format!("<math><mtext></table><img src=x onerror={run}>"),
        format!("<template><img src=x onerror={run}></template>"),
        format!("<noscript><p title=\"</noscript><img src=x onerror={run}>\">"),
        format!("<style>@import 'https://evil.example/x.css';</style><b {run}>"),
        "<link rel=stylesheet href=https://evil.example/x.css>".to_owned(),
        "<img src=https://evil.example/x.png>".to_owned(),
        "<form action=https://evil.example><button>x</button></form>".to_owned(),
        "<base href=https://evil.example/>".to_owned(),
        "<meta http-equiv=refresh content=0;url=https://evil.example>".to_owned(),
        format!("javascript:{run}"),
        format!("data:text/html,<script>{run}</script>"),
        format!("${{{run}}}"),
        format!("{{{{constructor.constructor('{run}')()}}}}"),
        format!("';{run};'"),
    ];
    // Each as it is, leaving an attribute, leaving a comment, and behind characters that turn the text around.
    let around = ["", "\"'>", "--><!-->", "\u{202e}\u{2066}"];
    around.iter().flat_map(|before| bases.iter().map(move |text| format!("{before}{text}"))).collect()
}

/// Stores a text in every field of a call that takes one, and as the label of a key.
async fn store(server: &Server, name: &str, text: &str) -> String {
    let call = json!({ "streamSid": name, "caller": text, "agent": text });
    let call = server.post("/calls", &call).await.expect(201).json();
    let path = format!("/calls/{name}");
    let said = json!({ "speaker": text, "text": format!("findme {text}"), "startTime": 0.1, "endTime": 0.2 });
    server.post(&format!("{path}/transcripts"), &said).await.expect(201);
    let snapshot = json!({ "sentiment": "neutral", "metrics": { text: text } });
    server.post(&format!("{path}/analytics"), &snapshot).await.expect(201);
    let about = json!({ "region": text, "deviceType": text, "networkQuality": text, "customData": { text: text } });
    server.send(Method::PUT, &format!("{path}/metadata"), &about).await.expect(201);
    server.post("/admin/keys", &json!({ "scope": "ingest", "label": text })).await.expect(201);
    call["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_hundred_hostile_texts_in_every_field_run_nothing() {
    let server = Server::keyed().await;
    let texts = texts();
    assert_eq!(texts.len(), 100);
    let mut calls = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        calls.push(store(&server, &format!("MZ{number}"), text).await);
    }
    server.post("/calls/MZ0/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    server.post("/calls/MZ0/end", &json!({})).await.expect(200);

    let shown = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls").await;
            browser.sign_in(ADMIN_KEY, true).await;
            browser.until("return document.querySelectorAll('tbody tr').length === 50").await;
            let mut seen = browser.texts("tbody .caller").await;
            browser.press("Next").await;
            browser.reads(".pager", "This is the last page.").await;
            seen.extend(browser.texts("tbody .caller").await);
            // Every text is there, as it was stored.
            seen.sort();
            let mut expected: Vec<_> = texts.iter().map(|text| shown(text)).collect();
            expected.sort();
            assert_eq!(seen.iter().map(|text| shown(text)).collect::<Vec<_>>(), expected);

            // From page to page in one document, whose reports are read at the end.
            let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let mut places = vec!["#/search?q=findme".to_owned(), "#/keys".to_owned()];
            places.push("#/statistics?period=year&by=agent".to_owned());
            places.extend(calls.iter().step_by(7).map(|call| format!("#/calls/{call}")));
            for text in texts.iter().step_by(9) {
                let text = encoded(text);
                places.push(format!("#/calls?agent={text}&callerPrefix={text}&customData.x={text}&cursor={text}"));
                places.push(format!("#/search?q={text}&speaker={text}"));
                places.push(format!("#/statistics?period={text}&agent={text}"));
                places.push(format!("#/calls/{text}?t={text}"));
                places.push(format!("#/{text}"));
            }
            for place in places {
                browser.run(&format!("location.hash = {place:?}")).await;
                browser.until(&format!("return location.hash === new URL({place:?}, location).hash")).await;
                browser.settled().await;
                assert_eq!(browser.run("return window.hacked ?? null").await, json!(null), "{place}");
            }
            browser.is_content_with_its_policy().await;
            browser.stays_here(&server).await;
        })
        .await;
    server.leaves(Leftover::Work);
}

//! Transcripts: their order, their pages, and WebVTT.

mod changes;
mod external_ids;
mod formats;
mod imports;

use serde_json::{Value, json};

use crate::support::Server;

const PATH: &str = "/calls/MZ1/transcripts";

async fn add(server: &Server, items: Value) -> Value {
    server.post(&format!("{PATH}/batch"), &json!({ "transcripts": items })).await.expect(201).json()["items"].clone()
}

fn texts(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_transcript_is_kept_with_all_its_fields() {
    let server = Server::start().await;
    let call = server.start_call("MZ1").await;
    let whole =
        json!({ "speaker": "agent", "text": "Grüß Gott 👋", "confidence": 0.5, "startTime": 0.25, "endTime": 1 });
    let stored = server.post(PATH, &whole).await.expect(201).json();
    let mut expected = whole;
    expected["endTime"] = json!(1.0);
    expected["id"] = stored["id"].clone();
    expected["callId"] = json!(call);
    expected["createdAt"] = json!("2026-01-02T03:04:05.678Z");
    expected["updatedAt"] = expected["createdAt"].clone();
    expected["kind"] = json!("speech");
    expected["final"] = json!(true);
    for field in ["externalId", "track", "language", "words", "data"] {
        expected[field] = Value::Null;
    }
    expected["createdBy"] = json!(null);
    assert_eq!(stored, expected);
    server.post("/calls/MZ1/end", &json!({})).await.expect(200);
    let bare = server.post(PATH, &json!({ "speaker": "a", "text": "after the end" })).await.expect(201).json();
    for field in ["confidence", "startTime", "endTime"] {
        assert!(bare.as_object().unwrap().contains_key(field) && bare[field].is_null());
    }
    let page = server.get(PATH).await.expect(200).json();
    assert_eq!(page["items"], json!([stored, bare]));
    let info = json!({ "limit": 50, "offset": 0, "nextCursor": null, "hasMore": false, "total": null });
    assert_eq!(page["page"], info);
}

#[tokio::test]
async fn transcripts_stand_in_the_order_of_their_time_then_of_their_arrival() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said =
        |speaker: &str, text: &str, start: Value| json!({ "speaker": speaker, "text": text, "startTime": start });
    let items = json!([
        said("b", "no time 1", json!(null)),
        said("a", "3", json!(3)),
        said("a", "1", json!(1)),
        said("b", "1 again", json!(1)),
        said("a", "no time 2", json!(null)),
        said("b", "0.5", json!(0.5)),
    ]);
    let stored = add(&server, items.clone()).await;
    let sent: Vec<_> = items.as_array().unwrap().iter().map(|item| &item["text"]).collect();
    let answered: Vec<_> = stored.as_array().unwrap().iter().map(|item| &item["text"]).collect();
    assert_eq!(sent, answered);
    let order = ["0.5", "1", "1 again", "3", "no time 1", "no time 2"];
    assert_eq!(texts(&server.get(PATH).await.json()), order);
    for offset in 0..8 {
        let page = server.get(&format!("{PATH}?limit=2&offset={offset}")).await.expect(200).json();
        assert_eq!(texts(&page), order.iter().skip(offset).take(2).copied().collect::<Vec<_>>());
        assert_eq!(page["page"]["hasMore"], offset + 2 < 6);
    }
    assert_eq!(texts(&server.get(&format!("{PATH}?speaker=a")).await.json()), ["1", "3", "no time 2"]);
    assert_eq!(texts(&server.get(&format!("{PATH}?speaker=A")).await.json()), Vec::<&str>::new());
    let parts = server.get("/calls/MZ1?include=transcripts").await.json();
    let parts: Vec<_> = parts["transcripts"].as_array().unwrap().iter().map(|item| item["text"].clone()).collect();
    assert_eq!(json!(parts), json!(order));
}

#[tokio::test]
async fn a_batch_with_one_bad_transcript_stores_none() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let good = json!({ "speaker": "a", "text": "b" });
    let batch = json!({ "transcripts": [good, good, { "speaker": "a", "text": "b", "confidence": 2 }] });
    let refused = server.post(&format!("{PATH}/batch"), &batch).await.expect_problem(422, "validation_failed");
    assert_eq!(refused.pointers(), ["/transcripts/2/confidence"]);
    assert_eq!(server.count("transcript").await, 0);
}

#[tokio::test]
async fn webvtt_has_what_has_times_and_escapes_it() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = |speaker: &str, text: &str, start: f64, end: f64| json!({ "speaker": speaker, "text": text, "startTime": start, "endTime": end });
    add(
        &server,
        json!([
            { "speaker": "a", "text": "no end", "startTime": 1 },
            { "speaker": "a", "text": "no time" },
            said("<b>&", "1 < 2 && 3 --> 4\n\n\r\n00:00 --> 00:01\r\nthird", 3_725.001, 3_725.5),
            said("agent", "Hello.", 0.0, 1.2345),
            said("caller", "A long call", 43_199.0, 43_199.0),
            said("caller", "Less than 1 ms", 31.0001, 31.0004),
        ]),
    )
    .await;
    let expected = "WEBVTT\n\
        \n00:00:00.000 --> 00:00:01.235\n<v agent>Hello.\n\
        \n00:00:31.000 --> 00:00:31.001\n<v caller>Less than 1 ms\n\
        \n01:02:05.001 --> 01:02:05.500\n<v &lt;b&gt;&amp;>1 &lt; 2 &amp;&amp; 3 --&gt; 4\n00:00 --&gt; 00:01\nthird\n\
        \n11:59:59.000 --> 11:59:59.001\n<v caller>A long call\n";
    for accept in ["text/vtt", "text/vtt, application/json;q=0.5", "text/*"] {
        let answer = server.get_with(PATH, "accept", accept).await.expect(200);
        let half_up = expected.replace("01.235", "01.234");
        assert!(answer.text() == expected || answer.text() == half_up, "{}", answer.text());
        assert_eq!(answer.header("content-type"), "text/vtt; charset=utf-8");
    }
    for accept in ["*/*", "application/json", "application/json, text/vtt;q=0.9", "text/html, */*", ""] {
        let answer = server.get_with(PATH, "accept", accept).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json", "{accept}");
    }
    let one = server.get_with(&format!("{PATH}?speaker=agent"), "accept", "text/vtt").await.expect(200).text();
    assert_eq!(one.matches("-->").count(), 1);
    server.get_with("/calls/unknown/transcripts", "accept", "text/vtt").await.expect_problem(404, "call_not_found");
}

/// Text from programs that cut it within a character, and from editors that add a byte order mark.
#[tokio::test]
async fn json_with_a_byte_order_mark_or_half_a_character_is_read() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let post = async |body: &str| {
        let request = server.request(reqwest::Method::POST, PATH).header("content-type", "application/json");
        crate::support::Answer::read(request.body(body.to_owned()).send().await.unwrap()).await.expect(201).json()
    };
    let marked = post("\u{feff}{\"speaker\": \"a\", \"text\": \"b\"}").await;
    assert_eq!(marked["text"], "b");
    for (sent, stored) in [
        (r"so \ud83d", "so \u{fffd}"),
        (r"\ude00 so", "\u{fffd} so"),
        (r"\ud83d\ude00", "\u{1f600}"),
        (r"\ud83d\ud83d\ude00\ud83d", "\u{fffd}\u{1f600}\u{fffd}"),
        (r"\\ud83d", r"\ud83d"),
    ] {
        let said = post(&format!(r#"{{"speaker":"a","text":"{sent}"}}"#)).await;
        assert_eq!(said["text"], stored, "{sent}");
    }
}

#[tokio::test]
async fn webvtt_has_all_of_a_long_call() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for batch in 0..3 {
        let said = |number: u32| {
            json!({ "speaker": "a", "text": format!("line {}", batch * 500 + number),
            "startTime": batch * 500 + number, "endTime": batch * 500 + number + 1 })
        };
        add(&server, (0..500).map(said).collect()).await;
    }
    let text = server.get_with(PATH, "accept", "text/vtt").await.expect(200).text();
    let lines: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("<v a>line ")).map(str::to_owned).collect();
    assert_eq!(lines, (0..1_500).map(|number| number.to_string()).collect::<Vec<_>>());
    let some = server.get_with(&format!("{PATH}?limit=10&offset=5"), "accept", "text/vtt").await.expect(200).text();
    assert_eq!(some.matches("<v a>line ").count(), 10);
    assert_eq!(server.get("/calls/MZ1?include=transcripts").await.json()["transcripts"].as_array().unwrap().len(), 500);
    let page = server.get(&format!("{PATH}?limit=501&offset=1000")).await.json();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["page"]["limit"]), (500, &json!(500)));
}

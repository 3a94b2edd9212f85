//! Search: which transcripts a query finds, in what order, with which snippet, and where they are heard.

mod changes;
mod gone;
mod hostile;
mod index;
mod lists;

use serde_json::{Value, json};

use crate::support::{Server, chunk};

/// A call that begins so many seconds after the others, and what is said in it.
pub(crate) async fn call_with(server: &Server, sid: &str, second: u32, said: &[&str]) {
    let start = format!("2026-01-02T03:{:02}:{:02}Z", second / 60, second % 60);
    let call = json!({ "streamSid": sid, "startTime": start, "agent": format!("agent-{sid}") });
    server.post("/calls", &call).await.expect(201);
    for (place, text) in said.iter().enumerate() {
        let said = json!({ "track": "inbound", "text": text, "startTime": place, "endTime": place + 1 });
        server.post(&format!("/calls/{sid}/transcripts"), &said).await.expect(201);
    }
}

/// A page of hits. Characters that a query string gives a meaning are encoded.
pub(crate) async fn search(server: &Server, q: &str, more: &str) -> Value {
    let q: String = form_urlencoded::byte_serialize(q.as_bytes()).collect();
    server.get(&format!("/search?q={q}{more}")).await.expect(200).json()
}

/// The texts of hits, in order.
pub(crate) fn texts(page: &Value) -> Vec<&str> {
    page["items"].as_array().unwrap().iter().map(|hit| hit["transcript"]["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_hit_leads_to_the_second_of_the_recording() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    let said = json!({
        "track": "inbound", "speaker": "Ada", "text": "I would like a Refund, please.", "startTime": 0.5, "endTime": 3,
        "words": [
            { "text": "I", "startTime": 0.5, "endTime": 0.6 },
            { "text": "would", "startTime": 0.6, "endTime": 1 },
            { "text": "Refund,", "startTime": 2.25, "endTime": 2.75 },
        ],
    });
    let said = server.post("/calls/MZ1/transcripts", &said).await.expect(201).json();
    let live = search(&server, "refund", "").await;
    assert_eq!((live["items"].as_array().unwrap().len(), &live["items"][0]["playback"]), (1, &Value::Null));

    server.post("/calls/MZ1/chunks", &chunk("inbound", 0, 0)).await.expect(201);
    let ended = server.post("/calls/MZ1/end", &json!({})).await.expect(200).json();
    let page = search(&server, "refund", "").await;
    let recording = ended["recordings"][0]["id"].as_str().unwrap();
    let hit = &page["items"][0];
    assert_eq!(hit["call"]["streamSid"], "MZ1");
    assert_eq!(
        hit["transcript"],
        json!({
            "id": said["id"], "speaker": "Ada", "track": "inbound", "text": "I would like a Refund, please.",
            "startTime": 0.5, "endTime": 3.0,
        })
    );
    let piece = |text: &str, is_match: bool| json!({ "text": text, "match": is_match });
    assert_eq!(
        hit["snippet"],
        json!([piece("I would like a ", false), piece("Refund", true), piece(", please.", false)])
    );
    let url = format!("/recordings/{recording}/audio");
    assert_eq!(hit["playback"], json!({ "recordingId": recording, "start": 2.25, "url": url }));
    server.get(hit["playback"]["url"].as_str().unwrap()).await.expect(200);
    // Without a word for it, the utterance's own time counts.
    assert_eq!(search(&server, "please", "").await["items"][0]["playback"]["start"], 0.5);
    assert_eq!((&page["indexing"], &page["page"]["hasMore"]), (&Value::Null, &json!(false)));
}

#[tokio::test]
async fn the_language_of_queries_is_the_same_on_every_database() {
    let server = Server::start().await;
    let said = [
        "I want a refund to my credit card",
        "The card got credit, and a REFUND",
        "Refunded! no refunds",
        "Größe, e-mail, don't, Straße",
        "私は東京にいる",
        "",
    ];
    call_with(&server, "MZ1", 0, &said[..5]).await;
    for (query, found) in [
        ("refund", vec![0, 1]),
        ("REFUND credit", vec![0, 1]),
        ("\"credit card\"", vec![0]),
        ("\"card credit\"", vec![]),
        ("refund*", vec![0, 1, 2]),
        ("refund* -want", vec![1, 2]),
        ("refund -\"credit card\"", vec![1]),
        ("refund -card", vec![]),
        ("gro*", vec![3]),
        ("grosse", vec![3]),
        ("STRASSE groẞe", vec![3]),
        ("STRASSE", vec![3]),
        ("e-mail", vec![3]),
        ("\"e mai\"", vec![]),
        ("e-mai*", vec![3]),
        ("don’t", vec![3]),
        ("東京", vec![4]),
        ("京東", vec![]),
        ("東* -大阪", vec![4]),
        ("refund AND credit", vec![1]),
        ("(refund) ^credit: +card;", vec![0, 1]),
        ("-refund", vec![]),
        ("\"", vec![]),
        ("-", vec![]),
        ("* . !", vec![]),
    ] {
        let page = search(&server, query, "").await;
        let expected: Vec<&str> = found.iter().map(|at: &usize| said[*at]).collect();
        assert_eq!(texts(&page), expected, "{query}");
    }
    for (parameters, pointer) in [("", "/q"), ("?q=", "/q"), ("?q=a&sort=duration", "/sort"), ("?q=a&x=1", "/x")] {
        let refused = server.get(&format!("/search{parameters}")).await.expect_problem(422, "validation_failed");
        assert_eq!(refused.pointers(), [pointer], "{parameters}");
    }
    let q = "ä".repeat(500);
    search(&server, &q, "").await;
    server.get(&format!("/search?q={q}a")).await.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn words_of_a_long_text_are_found_at_its_end() {
    let server = Server::start().await;
    let long = format!("{} the very last word", "so on and ".repeat(3_200));
    call_with(&server, "MZ1", 0, &[&long]).await;
    for query in ["\"very last\"", "word", "\"on and the\"", "\"and the very las\" OR", "la*"] {
        let page = search(&server, query, "").await;
        let expected = usize::from(!query.contains("OR"));
        assert_eq!(page["items"].as_array().unwrap().len(), expected, "{query}");
    }
    let page = search(&server, "last", "").await;
    let snippet = page["items"][0]["snippet"].as_array().unwrap();
    let shown: String = snippet.iter().map(|piece| piece["text"].as_str().unwrap()).collect();
    assert!(shown.starts_with('…') && shown.ends_with("very last word") && shown.chars().count() < 203, "{shown}");
}

#[tokio::test]
async fn hits_come_newest_call_first_and_then_as_said_page_by_page() {
    let server = Server::start().await;
    let mut expected = Vec::new();
    for number in [3_u32, 1, 4, 2, 0] {
        let said: Vec<String> = (0..4).map(|place| format!("refund {number} {place}")).collect();
        let said: Vec<&str> = said.iter().map(String::as_str).collect();
        call_with(&server, &format!("MZ{number}"), number, &said).await;
    }
    for number in (0..5).rev() {
        expected.extend((0..4).map(|place| format!("refund {number} {place}")));
    }
    for limit in [1, 3, 7, 100] {
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = search(&server, "refund", &format!("&limit={limit}{cursor}")).await;
            found.extend(texts(&page).into_iter().map(str::to_owned));
            let Some(next) = page["page"]["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, expected, "{limit}");
    }
    let answer = server.get("/search?q=refund&limit=2").await.expect(200);
    let next = answer.header("link").strip_prefix('<').unwrap().split_once('>').unwrap().0.to_owned();
    assert_eq!(texts(&server.get(&next).await.expect(200).json()), ["refund 4 2", "refund 4 3"]);
    let cursor = answer.json()["page"]["nextCursor"].as_str().unwrap().to_owned();
    for other in ["q=refunds", "q=refund&agent=agent-MZ1", "q=refund&sort=relevance", "q=refund&track=inbound"] {
        server.get(&format!("/search?{other}&cursor={cursor}")).await.expect_problem(400, "invalid_cursor");
    }
    server.get("/search?q=refund&cursor=AQ").await.expect_problem(400, "invalid_cursor");
}

#[tokio::test]
async fn calls_of_the_same_moment_are_paged_without_loss_or_repetition() {
    let server = Server::start().await;
    for number in 0..20 {
        call_with(&server, &format!("MZ{number}"), 7, &["refund one", "refund two", "else"]).await;
    }
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = search(&server, "refund", &format!("&limit=7{cursor}")).await;
        found.extend(page["items"].as_array().unwrap().iter().map(|hit| hit["transcript"]["id"].to_string()));
        let Some(next) = page["page"]["nextCursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    let all: std::collections::BTreeSet<_> = found.iter().collect();
    assert_eq!((found.len(), all.len()), (40, 40));
}

#[tokio::test]
async fn relevance_puts_first_what_says_it_most() {
    let server = Server::start().await;
    let long = format!("refund {}", "and so on ".repeat(20));
    call_with(&server, "MZ1", 0, &["refund refund refund", "a refund"]).await;
    call_with(&server, "MZ2", 1, &[&long, "no"]).await;
    let page = search(&server, "refund", "&sort=relevance").await;
    assert_eq!(texts(&page), ["refund refund refund", "a refund", &long]);
    let first = search(&server, "refund", "&sort=relevance&limit=1").await;
    let cursor = first["page"]["nextCursor"].as_str().unwrap();
    let second = search(&server, "refund", &format!("&sort=relevance&limit=1&cursor={cursor}")).await;
    assert_eq!(texts(&second), ["a refund"]);
}

#[tokio::test]
async fn filters_of_calls_and_of_transcripts_combine_with_the_words() {
    let server = Server::start().await;
    for number in 0..30 {
        call_with(&server, &format!("MZ{number}"), number, &["refund please", "no"]).await;
    }
    let note = json!({ "speaker": "Ada", "track": "outbound", "kind": "note", "text": "refund noted" });
    server.post("/calls/MZ3/transcripts", &note).await.expect(201);
    for (filter, found) in [
        ("&agent=agent-MZ3", vec!["refund please", "refund noted"]),
        ("&agent=agent-MZ3&speaker=Ada", vec!["refund noted"]),
        ("&track=outbound", vec!["refund noted"]),
        ("&kind=note", vec!["refund noted"]),
        ("&kind=tool_call", vec![]),
        ("&streamSid=MZ4", vec!["refund please"]),
        ("&status=completed", vec![]),
        ("&startedAfter=2026-01-02T03:00:29Z", vec!["refund please"]),
        ("&startedBefore=2026-01-02T03:00:01Z", vec!["refund please"]),
        (
            "&startedAfter=2026-01-02T03:00:02Z&startedBefore=2026-01-02T03:00:04Z&track=inbound",
            vec!["refund please"; 2],
        ),
        ("&startedAfter=2026-01-02T03:00:02Z&startedBefore=2026-01-02T03:00:02Z", vec![]),
        ("&startedAfter=2500-01-01", vec![]),
        ("&agent=agent-MZ3&agent=agent-MZ5&track=inbound", vec!["refund please"; 2]),
    ] {
        assert_eq!(texts(&search(&server, "refund", filter).await), found, "{filter}");
    }
}

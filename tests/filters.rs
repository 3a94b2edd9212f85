//! `listCalls`: filters by what other tables hold, by several values and by custom data, and parts of all calls of a
//! page.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Leftover, Server, chunk};

/// Eight calls, a second apart, with metadata; the first five have ended, the first two with a recording.
async fn eight() -> Server {
    let server = Server::start().await;
    for number in 0..8_usize {
        let agent = ["anna", "ben", "carl"][number % 3];
        let caller = ["+4930111", "+4930222", "+4940333", "50%_off", "50\\off"][number % 5];
        let language = ["de", "en"][number % 2];
        let call = json!({
            "streamSid": format!("MZ{number}"), "agent": agent, "startTime": format!("2026-01-02T03:04:0{number}Z"),
            "caller": caller,
        });
        server.post("/calls", &call).await.expect(201);
        if number < 2 {
            server.post(&format!("/calls/MZ{number}/chunks"), &chunk("inbound", 0, 0)).await.expect(201);
        }
        let metadata = json!({
            "language": language, "region": format!("r{}", number % 4), "deviceType": "mobile",
            "customData": custom(number),
        });
        server.send(Method::PUT, &format!("/calls/MZ{number}/metadata"), &metadata).await.expect(201);
        if number < 5 {
            let end = json!({ "endTime": format!("2026-01-02T03:04:1{number}Z") });
            server.post(&format!("/calls/MZ{number}/end"), &end).await.expect(200);
        }
    }
    server.delete("/calls/MZ7/metadata").await.expect(204);
    server
}

fn custom(number: usize) -> Value {
    [
        json!({ "order": { "id": "A-17", "paid": true }, "priority": 5 }),
        json!({ "order": { "id": 17, "paid": "true" }, "priority": 5.5 }),
        json!({ "order": [{ "id": "A-17" }], "priority": "5", "größe": "groß" }),
        json!({ "order": "A-17", "priority": 5.0, "a b": { "c-d": "x" }, "paid": false }),
        json!({ "order": { "id": null }, "priority": [5], "big": 9_007_199_254_740_993_i64 }),
        json!({ "order": {}, "quote": "it's \"5\"", "0": { "1": "x" } }),
        json!({ "list": ["A-17", 5, true], "order": { "id": "a-17" } }),
        json!({ "order": { "id": "A-17" } }),
    ][number]
        .clone()
}

fn names(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|call| call["streamSid"].as_str().unwrap().trim_start_matches("MZ").to_owned()).collect()
}

/// The calls that a query finds, page by page and in each order.
async fn found(server: &Server, query: &str) -> Vec<String> {
    let whole = server.get(&format!("/calls?{query}&sort=startTime&total=true")).await.expect(200).json();
    let all = names(&whole);
    assert_eq!(whole["page"]["total"], all.len(), "{query}");
    for sort in ["startTime", "-startTime", "duration", "-duration"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = server.get(&format!("/calls?{query}&sort={sort}&limit=2{cursor}")).await.expect(200).json();
            seen.extend(names(&page));
            let Some(next) = page["page"]["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let skipped = server.get(&format!("/calls?{query}&sort={sort}&offset=1&limit=500")).await.expect(200).json();
        assert_eq!(names(&skipped), seen.get(1..).unwrap_or_default(), "{query} {sort}");
        let of_start = |name: &String| all.iter().position(|known| known == name).unwrap();
        match sort {
            "startTime" => assert_eq!(seen, all, "{query}"),
            "-startTime" => assert!(seen.iter().rev().eq(&all), "{query}: {seen:?}"),
            _ => {
                seen.sort_by_key(of_start);
                assert_eq!(seen, all, "{query} {sort}");
            }
        }
    }
    all
}

#[tokio::test]
async fn each_filter_finds_what_fits_and_nothing_else() {
    let server = eight().await;
    for (query, expected) in [
        ("callerPrefix=+4930", vec!["0", "1", "5", "6"]),
        ("callerPrefix=%2B4930111", vec!["0", "5"]),
        ("callerPrefix=50%25_", vec!["3"]),
        ("callerPrefix=50_", vec![]),
        ("callerPrefix=50\\", vec!["4"]),
        ("callerPrefix=%25", vec![]),
        ("callerPrefix=%2B49&language=en", vec!["1", "5"]),
        ("endReason=api", vec!["0", "1", "2", "3", "4"]),
        ("endReason=idle_timeout", vec![]),
        ("endReason=idle_timeout&endReason=api", vec!["0", "1", "2", "3", "4"]),
        ("language=de", vec!["0", "2", "4", "6"]),
        ("language=DE", vec![]),
        ("region=r3", vec!["3"]),
        ("deviceType=mobile&region=r1", vec!["1", "5"]),
        ("hasRecording=true", vec!["0", "1"]),
        ("hasRecording=false&status=completed", vec!["2", "3", "4"]),
        ("hasRecording=false", vec!["2", "3", "4", "5", "6", "7"]),
        ("status=active&status=completed", vec!["0", "1", "2", "3", "4", "5", "6", "7"]),
        ("status=active&status=active", vec!["5", "6", "7"]),
        ("status=failed&status=finalizing", vec![]),
        ("agent=anna&agent=carl", vec!["0", "2", "3", "5", "6"]),
        ("agent=carl&agent=nobody&agent=anna&status=active", vec!["5", "6"]),
        ("agent=anna&language=en&startedAfter=2026-01-02T03:04:01Z", vec!["3"]),
        ("minTalkTime=0", vec!["0", "1"]),
        ("minTalkTime=0.1", vec![]),
        ("maxResponseLatency=100", vec![]),
    ] {
        assert_eq!(found(&server, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn values_of_custom_data_are_found_by_their_path() {
    let server = eight().await;
    for (query, expected) in [
        ("customData.order.id=A-17", vec!["0"]),
        ("customData.order.id=17", vec!["1"]),
        ("customData.order.id=17.0", vec!["1"]),
        ("customData.order.id=a-17", vec!["6"]),
        ("customData.order=A-17", vec!["3"]),
        ("customData.order.id=null", vec![]),
        ("customData.order.0.id=A-17", vec![]),
        ("customData.list.0=A-17", vec![]),
        ("customData.list=5", vec![]),
        ("customData.0.1=x", vec!["5"]),
        ("customData.order.paid=true", vec!["0", "1"]),
        ("customData.paid=false", vec!["3"]),
        ("customData.paid=0", vec![]),
        ("customData.priority=5", vec!["0", "2", "3"]),
        ("customData.priority=5.0", vec!["0", "3"]),
        ("customData.priority=5e0", vec!["0", "3"]),
        ("customData.priority=5.5", vec!["1"]),
        ("customData.big=9007199254740993", vec!["4"]),
        ("customData.gr%C3%B6%C3%9Fe=gro%C3%9F", vec!["2"]),
        ("customData.a%20b.c-d=x", vec!["3"]),
        ("customData.quote=it's%20%225%22", vec!["5"]),
        ("customData.priority=5&customData.order.id=A-17", vec!["0"]),
        ("customData.priority=5&language=de", vec!["0", "2"]),
        ("customData.priority=5&customData.priority=6", vec![]),
        ("customData.none=1", vec![]),
    ] {
        assert_eq!(found(&server, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_filter_follows_changes_of_metadata() {
    let server = eight().await;
    let change = json!({ "language": "fr", "customData": { "priority": 6 } });
    server.send(Method::PATCH, "/calls/MZ0/metadata", &change).await.expect(200);
    assert_eq!(found(&server, "language=fr").await, ["0"]);
    assert_eq!(found(&server, "language=de").await, ["2", "4", "6"]);
    assert_eq!(found(&server, "customData.priority=6").await, ["0"]);
    server.send(Method::PUT, "/calls/MZ0/metadata", &json!({})).await.expect(200);
    assert_eq!(found(&server, "language=fr").await, [""; 0]);
    server.delete("/calls/MZ2/metadata").await.expect(204);
    assert_eq!(found(&server, "deviceType=mobile").await, ["1", "3", "4", "5", "6"]);
    server.delete("/calls/MZ1").await.expect(204);
    assert_eq!(found(&server, "hasRecording=true").await, ["0"]);
}

#[tokio::test]
async fn each_call_of_a_page_has_the_parts_asked_for() {
    let server = eight().await;
    let page = server.get("/calls?include=recordings,metadata&sort=startTime").await.expect(200).json();
    let calls = page["items"].as_array().unwrap();
    for call in calls {
        let path = format!("/calls/{}?include=recordings,metadata", call["id"].as_str().unwrap());
        assert_eq!(call, &server.get(&path).await.expect(200).json());
    }
    assert_eq!((calls[0]["recordings"].as_array().unwrap().len(), &calls[7]["metadata"]), (1, &json!(null)));
    let page = server.get("/calls?include=metadata&limit=1").await.expect(200).json();
    assert!(page["items"][0].get("recordings").is_none());
    let refused = server.get("/calls?include=transcripts").await;
    refused.expect_problem(422, "validation_failed");
}

#[tokio::test]
async fn each_call_of_a_page_has_its_latest_snapshot() {
    let server = eight().await;
    for (call, sentiment, time) in
        [("MZ1", "negative", "10:02"), ("MZ1", "positive", "10:01"), ("MZ2", "neutral", "10:03")]
    {
        let snapshot = json!({ "sentiment": sentiment, "snapshotTime": format!("2026-01-02T{time}:00Z") });
        server.post(&format!("/calls/{call}/analytics"), &snapshot).await.expect(201);
    }
    let page = server.get("/calls?include=analytics&sort=startTime").await.expect(200).json();
    let sentiments = page["items"].as_array().unwrap().iter().map(|call| {
        let snapshots = call["analytics"].as_array().unwrap();
        snapshots.iter().map(|snapshot| snapshot["sentiment"].as_str().unwrap()).collect::<Vec<_>>()
    });
    let sentiments: Vec<_> = sentiments.collect();
    assert_eq!(&sentiments[..4], &[vec![], vec!["negative"], vec!["neutral"], vec![]]);
}

/// Stores computed analytics, as the analysis of a recording does: talk time and the agent's median latency.
async fn analyze(server: &Server, number: usize, talk_time_ms: i64, latency_ms: Option<i64>) {
    let latency = latency_ms.map_or("NULL".to_owned(), |latency| latency.to_string());
    server
        .execute(&format!(
            "INSERT INTO computed_analytics (call_id, recording_id, algorithm, computed_at, duration_ms, talk_time_ms, \
             silence_time_ms, interruptions, response_latency_ms) \
             SELECT id, id, 'energy-2', 1767323045678, 20000, {talk_time_ms}, 1500, 2, {latency} FROM call \
             WHERE stream_sid = 'MZ{number}' \
             ON CONFLICT (call_id) DO UPDATE SET recording_id = excluded.recording_id, \
             computed_at = excluded.computed_at, duration_ms = excluded.duration_ms, \
             talk_time_ms = excluded.talk_time_ms, silence_time_ms = excluded.silence_time_ms, \
             interruptions = excluded.interruptions, response_latency_ms = excluded.response_latency_ms"
        ))
        .await;
}

#[tokio::test]
async fn computed_analytics_are_filtered_by_and_included() {
    let server = eight().await;
    analyze(&server, 0, 12_400, Some(310)).await;
    analyze(&server, 1, 400, None).await;
    analyze(&server, 2, 0, Some(1_500)).await;
    for (query, expected) in [
        ("minTalkTime=0", vec!["0", "1", "2"]),
        ("minTalkTime=0.4", vec!["0", "1"]),
        ("minTalkTime=0.4001", vec!["0"]),
        ("minTalkTime=13", vec![]),
        ("maxResponseLatency=1.5", vec!["0", "2"]),
        ("maxResponseLatency=1.4999", vec!["0"]),
        ("maxResponseLatency=2&minTalkTime=1&status=completed", vec!["0"]),
        ("maxResponseLatency=2&language=en", vec![]),
    ] {
        assert_eq!(found(&server, query).await, expected, "{query}");
    }
    let page = server.get("/calls?include=computed&sort=startTime").await.expect(200).json();
    let mut computed = page["items"][0]["computed"].clone();
    computed.as_object_mut().unwrap().remove("recordingId");
    assert_eq!(
        computed,
        json!({
            "algorithm": "energy-2", "computedAt": "2026-01-02T03:04:05.678Z", "duration": 20.0, "talkTime": 12.4,
            "silenceTime": 1.5, "interruptions": 2, "responseLatency": 310,
        })
    );
    assert_eq!(page["items"][1]["computed"]["responseLatency"], json!(null));
    assert_eq!(page["items"][3]["computed"], json!(null));
    server.leaves(Leftover::Damage);
    server.execute("DELETE FROM computed_analytics").await;
    assert_eq!(found(&server, "minTalkTime=0").await, [""; 0]);
}

#[tokio::test]
async fn what_is_no_filter_is_refused_by_its_name() {
    let server = Server::start().await;
    let twenty_one = ["agent=a"; 21].join("&");
    let eleven: Vec<_> = (0..11).map(|number| format!("customData.a{number}=1")).collect();
    let eleven = eleven.join("&");
    let deep = format!("customData.{}=1", ["a"; 17].join("."));
    for (query, pointer) in [
        ("direction=inbound&direction=outbound", "/direction"),
        ("language=de&language=en", "/language"),
        ("status=active&status=done", "/status"),
        ("endReason=boredom", "/endReason"),
        ("hasRecording=maybe", "/hasRecording"),
        ("callerPrefix=", "/callerPrefix"),
        ("minTalkTime=-1", "/minTalkTime"),
        ("maxResponseLatency=fast", "/maxResponseLatency"),
        ("customData=1", "/customData"),
        ("customData.=1", "/customData."),
        ("customData.a..b=1", "/customData.a..b"),
        ("customData.a%22=1", "/customData.a\""),
        ("customdata.a=1", "/customdata.a"),
        ("colour=red", "/colour"),
        (&deep, deep.strip_suffix("=1").map(|name| format!("/{name}")).unwrap().as_str()),
        (&twenty_one, "/agent"),
        (&eleven, "/customData"),
    ] {
        let problem = server.get(&format!("/calls?{query}")).await.expect_problem(422, "validation_failed").json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}: {problem}");
    }
    let unknown = server.get("/calls?colour=red").await.expect_problem(422, "validation_failed").json();
    assert!(unknown.to_string().contains("callerPrefix") && unknown.to_string().contains("limit"), "{unknown}");
}

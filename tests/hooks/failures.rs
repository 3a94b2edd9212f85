//! Endpoints that fail: retries by the clock, order, slow and hostile answers, and endpoints that are disabled.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;

use super::{
    create, deliveries, path,
    receiver::{Receiver, Reply},
    server, settled,
};
use crate::support::eventually;

const SECOND: i64 = 1000;
const HOUR: i64 = 3_600 * SECOND;
/// The pauses of the plan, with all of their random part.
const PAUSES: [i64; 9] =
    [5 * SECOND, 300 * SECOND, 1_800 * SECOND, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

#[tokio::test]
async fn a_delivery_is_retried_by_the_plan_then_failed_and_retried_by_hand() {
    let works = Arc::new(AtomicBool::new(false));
    let answer = works.clone();
    let receiver =
        Receiver::start(
            move |_, _| {
                if answer.load(Ordering::Relaxed) { Reply::status(200) } else { Reply::with(500, "", "no") }
            },
        )
        .await;
    let server = server().await;
    let made = create(&server, json!({ "url": receiver.url(), "types": ["call.started"] })).await;
    server.start_call("MZ1").await;
    for (tried, pause) in PAUSES.into_iter().enumerate() {
        receiver.wait(tried + 1).await;
        let pending = eventually("the attempt is noted", || async {
            let found = deliveries(&server, &made, "&status=pending").await.pop()?;
            (found["attempts"].as_array()?.len() == tried + 1).then_some(found)
        })
        .await;
        assert_eq!(pending["attempts"][tried]["answer"], "no");
        server.clock.advance_ms(pause + pause / 10);
    }
    let failed = settled(&server, &made, "failed", 1).await.pop().unwrap();
    assert_eq!((receiver.all().len(), failed["attempts"].as_array().unwrap().len()), (10, 10));
    assert_eq!(failed["nextAttemptAt"], json!(null));
    let ids: std::collections::HashSet<_> = receiver.all().iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(ids.len(), 1);
    works.store(true, Ordering::Relaxed);
    let retry = format!("{}/deliveries/{}/retry", path(&made), failed["id"].as_str().unwrap());
    assert_eq!(server.post(&retry, &json!({})).await.expect(202).json()["status"], "pending");
    let done = settled(&server, &made, "succeeded", 1).await.pop().unwrap();
    assert_eq!(done["attempts"][10]["status"], 200);
    let unknown = format!("{}/deliveries/{}/retry", path(&made), made["id"].as_str().unwrap());
    server.post(&unknown, &json!({})).await.expect_problem(404, "delivery_not_found");
}

#[tokio::test]
async fn a_failing_event_holds_back_its_call_and_no_other() {
    let receiver = Receiver::start(|earlier, _| Reply::status(if earlier == 0 { 500 } else { 200 })).await;
    let server = server().await;
    let made = create(&server, json!({ "url": receiver.url() })).await;
    let held = server.start_call("MZ1").await;
    receiver.wait(1).await;
    server.post("/calls/MZ1/analytics", &json!({ "talkTime": 1 })).await.expect(201);
    let other = server.start_call("MZ2").await;
    assert_eq!(receiver.wait(2).await[1].call(), other);
    settled(&server, &made, "succeeded", 1).await;
    settled(&server, &made, "pending", 2).await;
    server.clock.advance_ms(5_500);
    settled(&server, &made, "succeeded", 3).await;
    let of_held: Vec<_> = receiver.all().into_iter().filter(|one| one.call() == held).map(|one| one.kind()).collect();
    assert_eq!(of_held, ["call.started", "call.started", "analytics.added"]);
}

#[tokio::test]
async fn redirects_silence_and_answers_without_an_end_are_bounded() {
    let receiver = Receiver::start(|_, one| match one.json()["data"]["streamSid"].as_str() {
        Some("MZ1") => Reply::with(302, "location: http://127.0.0.1:1/inside\r\n", ""),
        Some("MZ2") => Reply::Silence,
        _ => Reply::Endless,
    })
    .await;
    let server = server().await;
    let made = create(&server, json!({ "url": receiver.url() })).await;
    for call in ["MZ1", "MZ2", "MZ3"] {
        server.start_call(call).await;
    }
    let endless = settled(&server, &made, "succeeded", 1).await.pop().unwrap();
    assert_eq!(endless["attempts"][0]["answer"], "a".repeat(1024));
    let failed = eventually("two attempts failed", || async {
        let found = deliveries(&server, &made, "&status=pending").await;
        (found.iter().filter(|one| one["attempts"][0].is_object()).count() == 2).then_some(found)
    })
    .await;
    assert_eq!(failed[1]["attempts"][0]["status"], 302);
    assert_eq!(failed[0]["attempts"][0]["error"], "The endpoint did not answer within 15 seconds.");
    assert!(failed[0]["attempts"][0]["durationMs"].as_i64().unwrap() < 20_000);
}

#[tokio::test]
async fn an_endpoint_that_is_gone_or_fails_for_five_days_is_disabled() {
    let gone = Receiver::start(|_, _| Reply::status(410)).await;
    let server = server().await;
    let made = create(&server, json!({ "url": gone.url() })).await;
    server.start_call("MZ1").await;
    settled(&server, &made, "failed", 1).await;
    let disabled = server.get(&path(&made)).await.expect(200).json();
    assert_eq!((&disabled["enabled"], &disabled["disabledReason"]), (&json!(false), &json!("gone")));

    let failing = Receiver::start(|_, _| Reply::status(500)).await;
    let other = create(&server, json!({ "url": failing.url() })).await;
    server.start_call("MZ2").await;
    let failing_since = eventually("the failure is noted", || async {
        let found = server.get(&path(&other)).await.expect(200).json();
        found["failingSince"].as_str().map(ToOwned::to_owned)
    })
    .await;
    assert_eq!(failing_since, "2026-01-02T03:04:05.678Z");
    server.clock.advance_ms(5 * 24 * HOUR);
    let disabled = eventually("it is disabled", || async {
        let found = server.get(&path(&other)).await.expect(200).json();
        (found["enabled"] == false).then_some(found)
    })
    .await;
    assert_eq!(disabled["disabledReason"], "failing");
    // The first endpoint was disabled and got nothing more.
    assert_eq!(gone.all().len(), 1);
    let enabled = server.send(reqwest::Method::PATCH, &path(&other), &json!({ "enabled": true })).await;
    let enabled = enabled.expect(200).json();
    assert_eq!((&enabled["disabledReason"], &enabled["failingSince"]), (&json!(null), &json!(null)));
}

#[tokio::test]
async fn an_endpoint_that_asks_for_it_is_left_alone() {
    let receiver =
        Receiver::start(
            |earlier, _| {
                if earlier == 0 { Reply::with(429, "retry-after: 120\r\n", "") } else { Reply::status(200) }
            },
        )
        .await;
    let server = server().await;
    let made = create(&server, json!({ "url": receiver.url() })).await;
    server.start_call("MZ1").await;
    let pending = eventually("the attempt is noted", || async {
        let found = deliveries(&server, &made, "").await.pop()?;
        found["attempts"][0].is_object().then_some(found)
    })
    .await;
    assert_eq!(pending["nextAttemptAt"], "2026-01-02T03:06:05.678Z");
    server.start_call("MZ2").await;
    server.clock.advance_ms(119_000);
    settled(&server, &made, "pending", 2).await;
    assert_eq!(receiver.all().len(), 1);
    server.clock.advance_ms(1_000);
    settled(&server, &made, "succeeded", 2).await;
}

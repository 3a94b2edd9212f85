//! `getCallStats`: the figures are those of a recount of the calls, whatever happened to them before, in every time
//! zone, with every group and filter.

mod recount;

use recount::{Random, happen, recount, stats};
use serde_json::{Value, json};

use crate::support::{Server, chunk, eventually, on_sqlite, query_strings};

async fn slots_are_built(server: &Server) {
    eventually("all slots are built", || async { (server.count("stats_mark").await == 0).then_some(()) }).await;
}

#[tokio::test]
async fn after_a_random_history_the_figures_are_those_of_a_recount() {
    let mut server = Server::start().await;
    let (mut random, mut started) = (Random(7), 0);
    for round in 0..2 {
        for _ in 0..120 {
            happen(&server, &mut random, &mut started).await;
        }
        recount(&server, &format!("round {round}, some slots marked")).await;
        slots_are_built(&server).await;
        recount(&server, &format!("round {round}, all slots built")).await;
        if round == 0 {
            server.restart().await;
        }
    }
    // A call that fails has an end, too.
    server.execute("UPDATE call SET status = 'failed' WHERE status = 'completed' AND agent = 'ben'").await;
    recount(&server, "failed").await;
    slots_are_built(&server).await;
    recount(&server, "failed, built").await;
}

#[tokio::test]
async fn calls_from_before_the_statistics_count_before_and_after_their_slots_are_built() {
    let server = Server::start().await;
    let (mut random, mut started) = (Random(11), 0);
    for _ in 0..60 {
        happen(&server, &mut random, &mut started).await;
    }
    slots_are_built(&server).await;
    // As the migration leaves them: every slot is marked, and none is built.
    server.execute("DELETE FROM stats_slot").await;
    server
        .execute(
            "INSERT INTO stats_mark (slot, erases) SELECT DISTINCT start_time - start_time % 10800000, FALSE FROM call \
             WHERE deleted_at IS NULL",
        )
        .await;
    recount(&server, "not built").await;
    slots_are_built(&server).await;
    recount(&server, "built").await;
}

/// Starts calls at these times, without more.
async fn start_at(server: &Server, times: &[&str]) {
    for (number, time) in times.iter().enumerate() {
        server.post("/calls", &json!({ "streamSid": format!("MZ{number}"), "startTime": time })).await.expect(201);
    }
}

/// The starts of items and their numbers of calls.
fn counted(found: &Value) -> Vec<(&str, u64)> {
    let items = found["items"].as_array().unwrap().iter();
    items.map(|item| (item["start"].as_str().unwrap(), item["calls"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn intervals_are_those_of_the_time_zone() {
    let server = Server::start().await;
    start_at(
        &server,
        &[
            "2026-03-28T22:59:59.999Z",
            "2026-03-28T23:00:00Z",
            "2026-03-29T21:59:59.999Z",
            "2026-03-29T22:00:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-25T01:30:00Z",
            "2026-10-25T22:59:59Z",
        ],
    )
    .await;
    slots_are_built(&server).await;
    let berlin = "timeZone=Europe/Berlin";
    let found = stats(&server, &format!("{berlin}&from=2026-03-28&to=2026-03-31")).await;
    let days = [("2026-03-27T23:00:00.000Z", 1), ("2026-03-28T23:00:00.000Z", 2), ("2026-03-29T22:00:00.000Z", 1)];
    assert_eq!(counted(&found), days);
    // The hour from two to three occurs twice.
    let found = stats(&server, &format!("{berlin}&from=2026-10-25&to=2026-10-26&interval=hour")).await;
    let hours = counted(&found);
    assert_eq!(hours.len(), 25);
    assert_eq!(hours[2..4], [("2026-10-25T00:00:00.000Z", 1), ("2026-10-25T01:00:00.000Z", 1)]);
    let found = stats(&server, &format!("{berlin}&from=2026-03-29&to=2026-03-30&interval=week")).await;
    assert_eq!(counted(&found), [("2026-03-22T23:00:00.000Z", 2)]);
    let found = stats(&server, &format!("{berlin}&from=2026-10-01&to=2026-11-01&interval=month")).await;
    assert_eq!(counted(&found), [("2026-09-30T22:00:00.000Z", 3)]);
    let found = stats(&server, "timeZone=Asia/Kathmandu&from=2026-03-29&to=2026-03-30&interval=hour").await;
    assert_eq!(counted(&found).len(), 24);
    assert_eq!(counted(&found)[4], ("2026-03-28T22:15:00.000Z", 2));
    let found = stats(&server, "timeZone=Asia/Kolkata&from=2026-03-29&to=2026-03-30").await;
    assert_eq!(counted(&found), [("2026-03-28T18:30:00.000Z", 2)]);
}

#[tokio::test]
async fn without_a_range_the_last_intervals_until_now_are_counted() {
    let server = Server::start().await;
    server.start_call("MZ1").await;
    for (interval, least, most) in [("hour", 24, 25), ("day", 30, 31), ("week", 12, 13), ("month", 12, 13)] {
        let found = stats(&server, &format!("interval={interval}")).await;
        let items = found["items"].as_array().unwrap();
        assert!((least..=most).contains(&items.len()), "{interval}: {}", items.len());
        assert_eq!((&found["totals"]["calls"], &items[items.len() - 1]["calls"]), (&json!(1), &json!(1)));
        assert_eq!(items[0]["duration"], json!({ "total": 0.0, "average": null, "p50": null, "p95": null }));
        assert_eq!((&items[0]["talkTime"], &items[0]["responseLatency"]["p50"]), (&Value::Null, &Value::Null));
    }
}

#[tokio::test]
async fn a_range_of_too_many_items_or_none_is_refused_and_says_what_to_do() {
    let server = Server::start().await;
    for (query, pointer, says) in [
        ("from=2020-01-01&to=2026-01-01&interval=hour", "/interval", "longer interval or a shorter range"),
        ("from=1970-01-01&to=2999-12-31T23:59:59Z&interval=day", "/interval", "10000"),
        ("from=2026-01-02&to=2026-01-01", "/from", "before `to`"),
        ("from=2026-01-01&to=2026-01-01", "/from", "before `to`"),
        ("from=yesterday", "/from", "in `timeZone`"),
        ("to=1969-12-31T23:00:00Z", "/to", "1970"),
        ("timeZone=Mars/Olympus", "/timeZone", "Europe/Berlin"),
        ("interval=year", "/interval", "`month`"),
        ("groupBy=caller", "/groupBy", "`endReason`"),
        ("limit=5", "/limit", "groupBy"),
        ("status=done", "/status", "`completed`"),
    ] {
        let problem =
            server.get(&format!("/stats/calls?{query}")).await.expect_problem(422, "validation_failed").json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{query}: {problem}");
        assert!(problem.to_string().contains(says), "{query}: {problem}");
    }
}

#[tokio::test]
async fn chunks_mark_no_slot() {
    if !on_sqlite() {
        return;
    }
    let server = Server::start().await;
    server.start_call("MZ1").await;
    slots_are_built(&server).await;
    // Would refuse the transaction.
    server.execute("CREATE TRIGGER refuse BEFORE INSERT ON stats_mark BEGIN SELECT RAISE(ABORT, 'marked'); END").await;
    for sequence in 0..20 {
        server.clock.advance_ms(5_000);
        server.post("/calls/MZ1/chunks", &chunk("inbound", sequence, sequence * 20)).await.expect(201);
    }
    let database = server.database().await;
    assert_eq!(query_strings(&database, "SELECT CAST(COUNT(*) AS TEXT) FROM stats_mark").await, ["0"]);
    server.execute("DROP TRIGGER refuse").await;
}

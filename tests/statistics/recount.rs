//! Random histories of calls, and a recount of their figures from the calls that the list has.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Server, chunk};

/// Random numbers, the same each time.
pub(super) struct Random(pub u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn choose<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[usize::try_from(self.below(u64::try_from(all.len()).unwrap())).unwrap()]
    }
}

/// A call as the API shows it, with its computed figures.
type Calls = Vec<Value>;

async fn calls(server: &Server, query: &str) -> Calls {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/calls?{query}&sort=startTime&limit=500&include=computed,metadata{cursor}");
        let page = server.get(&path).await.expect(200).json();
        all.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["page"]["nextCursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
    }
}

pub(super) async fn stats(server: &Server, query: &str) -> Value {
    server.get(&format!("/stats/calls?{query}")).await.expect(200).json()
}

fn milliseconds(seconds: &Value) -> Option<i64> {
    #[expect(clippy::as_conversions, reason = "a duration in a test")]
    seconds.as_f64().map(|seconds| (seconds * 1e3).round() as i64)
}

fn percentile(values: &mut [i64], percent: i64) -> Option<i64> {
    values.sort_unstable();
    let last = i64::try_from(values.len()).unwrap() - 1;
    let at = |place: i64| values.get(usize::try_from(place.min(last)).ok()?).copied();
    let (place, part) = (last.max(0) * percent / 100, last.max(0) * percent % 100);
    Some((at(place)? * (100 - part) + at(place + 1)? * part + 50) / 100)
}

fn seconds(milliseconds: Option<i64>) -> Value {
    #[expect(clippy::as_conversions, reason = "a duration in a test")]
    milliseconds.map_or(Value::Null, |milliseconds| json!(milliseconds as f64 / 1e3))
}

/// The figures of calls, computed from the calls alone.
fn figures(calls: &[&Value]) -> Value {
    let with = |status: &str| calls.iter().filter(|call| call["status"] == status).count();
    let mut durations: Vec<i64> = calls.iter().filter_map(|call| milliseconds(&call["duration"])).collect();
    let computed: Vec<_> = calls.iter().map(|call| &call["computed"]).filter(|computed| !computed.is_null()).collect();
    let sum = |field: &str| {
        let all: Vec<i64> = computed.iter().filter_map(|computed| milliseconds(&computed[field])).collect();
        (!all.is_empty()).then(|| all.iter().sum::<i64>())
    };
    let mut latencies: Vec<i64> = computed.iter().filter_map(|computed| computed["responseLatency"].as_i64()).collect();
    let (total, ended) = (durations.iter().sum::<i64>(), i64::try_from(durations.len()).unwrap());
    let average = (ended > 0).then(|| (total + ended / 2) / ended);
    json!({
        "calls": calls.len(), "completed": with("completed"), "failed": with("failed"),
        "duration": {
            "total": seconds(Some(total)), "average": seconds(average),
            "p50": seconds(percentile(&mut durations, 50)), "p95": seconds(percentile(&mut durations, 95)),
        },
        "talkTime": seconds(sum("talkTime")), "silenceTime": seconds(sum("silenceTime")),
        "interruptions": sum("interruptions").map(|sum| sum / 1_000),
        "responseLatency": { "p50": percentile(&mut latencies, 50), "p95": percentile(&mut latencies, 95) },
    })
}

fn group_of(call: &Value, group_by: &str) -> Option<String> {
    let value = if group_by == "language" { &call["metadata"]["language"] } else { &call[group_by] };
    value.as_str().map(str::to_owned)
}

/// The day of a call in UTC, as an item's `start`.
fn day_of(call: &Value) -> String {
    format!("{}T00:00:00.000Z", &call["startTime"].as_str().unwrap()[..10])
}

/// Compares statistics with a recount of the calls that the list has: all, by day, by each group, and with filters.
pub(super) async fn recount(server: &Server, when: &str) {
    const RANGE: &str = "from=2026-01-01&to=2026-01-11";
    for filter in [
        "",
        "&status=completed&status=failed",
        "&agent=anna&agent=ben",
        "&language=de&minDuration=10",
        "&endReason=api&direction=inbound&maxDuration=900",
        "&minTalkTime=5&maxResponseLatency=1",
        "&callerPrefix=%2B49",
        "&customData.tier=2",
        "&hasRecording=true",
        "&startedAfter=2026-01-03T01:30:00Z&startedBefore=2026-01-08",
    ] {
        let all = calls(server, filter.trim_start_matches('&')).await;
        let in_range: Vec<&Value> = all.iter().filter(|call| day_of(call).as_str() < "2026-01-11").collect();
        let found = stats(server, &format!("{RANGE}{filter}")).await;
        assert_eq!(found["totals"], figures(&in_range), "{when} {filter}");
        let items = found["items"].as_array().unwrap();
        assert_eq!(items.len(), 10);
        for item in items {
            let of_day: Vec<_> = in_range.iter().copied().filter(|call| day_of(call) == item["start"]).collect();
            let mut expected = figures(&of_day);
            expected["start"] = item["start"].clone();
            expected["group"] = Value::Null;
            assert_eq!(item, &expected, "{when} {filter}");
        }
        // Groups depend neither on the filter nor on where the calls are read; two are enough to show it.
        let groups: &[&str] = if filter.is_empty() || filter.contains("tier") {
            &["agent", "status", "direction", "endReason", "language"]
        } else {
            &["agent"]
        };
        for group_by in groups {
            let found = stats(server, &format!("{RANGE}{filter}&groupBy={group_by}")).await;
            let mut groups = BTreeMap::<_, Vec<&Value>>::new();
            for call in &in_range {
                groups.entry((day_of(call), group_of(call, group_by))).or_default().push(call);
            }
            let expected: Vec<_> = groups
                .into_iter()
                .map(|((start, group), calls)| {
                    let mut item = figures(&calls);
                    item["start"] = json!(start);
                    item["group"] = json!(group);
                    item
                })
                .collect();
            assert_eq!(found["items"], json!(expected), "{when} {filter} {group_by}");
        }
    }
}

async fn analyze(server: &Server, call: &str, random: &mut Random) {
    let latency = if random.below(4) == 0 { "NULL".to_owned() } else { random.below(3_000).to_string() };
    let figures = format!("{}, {}, {}, {latency}", random.below(90_000), random.below(9_000), random.below(9));
    server
        .execute(&format!(
            "INSERT INTO computed_analytics (call_id, recording_id, algorithm, computed_at, duration_ms, talk_time_ms, \
             silence_time_ms, interruptions, response_latency_ms) \
             SELECT id, id, 'energy-1', 1767323045678, 20000, {figures} FROM call WHERE stream_sid = '{call}' AND status = 'completed' \
             ON CONFLICT (call_id) DO UPDATE SET talk_time_ms = excluded.talk_time_ms, \
             interruptions = excluded.interruptions, response_latency_ms = excluded.response_latency_ms"
        ))
        .await;
}

/// Something random that happens to one of the calls.
pub(super) async fn happen(server: &Server, random: &mut Random, started: &mut u64) {
    let call = format!("MZ{}", random.below((*started).max(1)));
    let path = format!("/calls/{call}");
    match random.below(12) {
        0..=4 => {
            let (day, second) = (1 + random.below(11), random.below(86_400));
            let new = json!({
                "streamSid": format!("MZ{started}"), "caller": random.choose(&["+4930", "+1415", "x"]),
                "agent": if random.below(5) == 0 { None } else { Some(random.choose(&["anna", "ben", "carl"])) },
                "direction": if random.below(3) == 0 { None } else { Some(random.choose(&["inbound", "outbound"])) },
                "startTime": format!("2026-01-{day:02}T{:02}:{:02}:{:02}Z", second / 3_600, second / 60 % 60, second % 60),
            });
            server.post("/calls", &new).await.expect(201);
            *started += 1;
        }
        5 | 6 => {
            if random.below(2) == 0 {
                server.post(&format!("{path}/chunks"), &chunk("inbound", 0, 0)).await;
            }
            let found = server.get(&path).await;
            if found.status == 200 {
                let start = found.json()["startTime"].as_str().unwrap().to_owned();
                let end = format!("{}T23:59:{:02}.{:03}Z", &start[..10], random.below(60), random.below(1_000));
                server.post(&format!("{path}/end"), &json!({ "endTime": end })).await;
            }
        }
        7 => {
            server.send(Method::PATCH, &path, &json!({ "agent": random.choose(&["anna", "dora"]) })).await;
        }
        8 => {
            let metadata =
                json!({ "language": random.choose(&["de", "en"]), "customData": { "tier": random.below(3) } });
            server.send(Method::PUT, &format!("{path}/metadata"), &metadata).await;
        }
        9 => {
            server.delete(&format!("{path}/metadata")).await;
        }
        10 => analyze(server, &call, random).await,
        _ => {
            server.delete(&path).await;
        }
    }
}

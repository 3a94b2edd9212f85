//! `listCalls`: filters, sort orders, and paging.

use serde_json::{Value, json};

use crate::support::Server;

/// Twelve calls in pairs with the same start time. The first nine have ended, after 1, 1, 1, 2, 2, 2, 3, 3 and 3
/// seconds.
async fn twelve() -> Server {
    let server = Server::start().await;
    for number in 0..12_u32 {
        let second = number / 2;
        let call = json!({
            "streamSid": format!("MZ{number}"), "callSid": format!("CA{number}"),
            "caller": format!("+1415555{:04}", number % 3), "agent": if number % 2 == 0 { json!("even") } else { json!(null) },
            "direction": if number < 4 { "inbound" } else { "outbound" },
            "startTime": format!("2026-01-02T03:04:{second:02}Z"),
        });
        server.post("/calls", &call).await.expect(201);
        if number < 9 {
            let end = json!({ "endTime": format!("2026-01-02T03:04:{:02}Z", second + 1 + number / 3) });
            server.post(&format!("/calls/MZ{number}/end"), &end).await.expect(200);
        }
    }
    server
}

fn names(page: &Value) -> Vec<String> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|call| call["streamSid"].as_str().unwrap().trim_start_matches("MZ").to_owned()).collect()
}

async fn list(server: &Server, query: &str) -> Value {
    server.get(&format!("/calls?{query}")).await.expect(200).json()
}

#[tokio::test]
async fn each_filter_finds_what_fits_and_nothing_else() {
    let server = twelve().await;
    for (query, expected) in [
        ("status=active", vec!["9", "10", "11"]),
        ("status=completed&direction=inbound", vec!["0", "1", "2", "3"]),
        ("status=failed", vec![]),
        ("caller=%2B14155550001", vec!["1", "4", "7", "10"]),
        // An unescaped plus arrives as a space.
        ("caller=+14155550001", vec!["1", "4", "7", "10"]),
        ("caller=14155550001", vec![]),
        ("caller=%25", vec![]),
        ("agent=even&status=active", vec!["10"]),
        ("direction=inbound", vec!["0", "1", "2", "3"]),
        ("streamSid=MZ5", vec!["5"]),
        ("callSid=CA6", vec!["6"]),
        ("streamSid=MZ5&callSid=CA6", vec![]),
        ("startedAfter=2026-01-02T03:04:05Z", vec!["10", "11"]),
        ("startedBefore=2026-01-02T03:04:01Z", vec!["0", "1"]),
        ("startedAfter=2026-01-02T04:04:05+01:00&startedBefore=2999-01-01T00:00:00Z", vec!["10", "11"]),
        ("startedAfter=2026-01-02T03:04:01Z&startedBefore=2026-01-02T03:04:02Z", vec!["2", "3"]),
        ("startedAfter=2026-01-02&startedBefore=2026-01-02T03:04:02Z", vec!["0", "1", "2", "3"]),
        ("startedAfter=2026-01-03", vec![]),
        ("startedBefore=2026-01-02", vec![]),
        ("minDuration=2.5", vec!["6", "7", "8"]),
        ("minDuration=2&maxDuration=2", vec!["3", "4", "5"]),
        ("maxDuration=1.999&agent=even", vec!["0", "2"]),
        ("minDuration=0", vec!["0", "1", "2", "3", "4", "5", "6", "7", "8"]),
    ] {
        for sort in ["startTime", "duration"] {
            let page = list(&server, &format!("{query}&sort={sort}&total=true")).await;
            assert_eq!(names(&page), expected, "{query}");
            assert_eq!(page["page"]["total"], expected.len(), "{query}");
        }
        let mut found = names(&list(&server, query).await);
        found.reverse();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test]
async fn each_sort_is_total_and_puts_what_has_no_duration_last() {
    let server = twelve().await;
    let ascending: Vec<_> = (0..12).map(|number| number.to_string()).collect();
    let descending: Vec<_> = ascending.iter().rev().cloned().collect();
    let longest_first: Vec<_> = [8, 7, 6, 5, 4, 3, 2, 1, 0, 11, 10, 9].map(|number| number.to_string()).into();
    for (sort, expected) in [
        ("startTime", &ascending),
        ("-startTime", &descending),
        ("duration", &ascending),
        ("-duration", &longest_first),
    ] {
        assert_eq!(&names(&list(&server, &format!("sort={sort}")).await), expected, "{sort}");
        for limit in 1..=12 {
            assert_eq!(&walk(&server, &format!("sort={sort}&limit={limit}")).await, expected, "{sort} by {limit}");
        }
        for offset in [1, 8, 9, 10, 11, 12, 500] {
            let page = list(&server, &format!("sort={sort}&offset={offset}&limit=2&total=true")).await;
            let rest: Vec<_> = expected.iter().skip(offset).take(2).cloned().collect();
            assert_eq!(names(&page), rest, "{sort} from {offset}");
            let more = offset + 2 < 12;
            let info = json!({
                "limit": 2, "offset": offset, "total": 12, "hasMore": more, "nextCursor": page["page"]["nextCursor"],
            });
            assert_eq!(page["page"], info);
            assert_eq!(page["page"]["nextCursor"].is_string(), more);
        }
    }
    assert_eq!(names(&list(&server, "").await), descending);
}

/// Follows the `Link` headers to the last page.
async fn walk(server: &Server, query: &str) -> Vec<String> {
    let (mut path, mut seen) = (format!("/calls?{query}"), Vec::new());
    loop {
        let answer = server.get(&path).await.expect(200);
        let page = answer.json();
        seen.extend(names(&page));
        let link = answer.header("link");
        assert_eq!(link.is_empty(), page["page"]["nextCursor"].is_null());
        if link.is_empty() {
            return seen;
        }
        let next = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\"")).unwrap();
        let cursor = page["page"]["nextCursor"].as_str().unwrap();
        assert!(next.ends_with(&format!("cursor={cursor}")) && next.starts_with('/'), "{next}");
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte)));
        path = next.to_owned();
    }
}

#[tokio::test]
async fn a_link_keeps_the_filters_and_the_total() {
    let server = twelve().await;
    let all = ["0", "3", "6", "9"];
    assert_eq!(walk(&server, "caller=+14155550000&sort=startTime&limit=1&total=true").await, all);
    let first = list(&server, "caller=%2B14155550000&limit=3").await;
    let cursor = first["page"]["nextCursor"].as_str().unwrap();
    // The same filter in another notation selects the same list.
    let rest = list(&server, &format!("limit=500&caller=+14155550000&total=true&cursor={cursor}")).await;
    assert_eq!((names(&rest), &rest["page"]["total"]), (vec!["0".to_owned()], &json!(4)));
    assert_eq!(rest["page"]["offset"], json!(null));
}

#[tokio::test]
async fn a_walk_gives_each_call_once_while_others_arrive() {
    let server = twelve().await;
    for sort in ["-startTime", "startTime", "-duration", "duration"] {
        let before = names(&list(&server, &format!("sort={sort}&limit=500")).await);
        let mut seen = Vec::new();
        let mut cursor = String::new();
        for step in 0.. {
            let page = list(&server, &format!("sort={sort}&limit=3{cursor}")).await;
            seen.extend(names(&page));
            // One call before and one after all others, and one that now has a duration.
            for (name, start) in [("early", "2020-01-01T00:00:00Z"), ("late", "2029-01-01T00:00:00Z")] {
                let sid = format!("MZ{name}{sort}{step}");
                let call = json!({ "streamSid": sid, "caller": "new", "startTime": start });
                server.post("/calls", &call).await.expect(201);
            }
            let sid = format!("MZearly{sort}{step}");
            let end = json!({ "endTime": "2020-01-01T00:00:01.500Z" });
            server.post(&format!("/calls/{sid}/end"), &end).await.expect(200);
            // New calls at the end of the list would make the loop endless.
            if before.iter().all(|name| seen.contains(name)) {
                break;
            }
            cursor = format!("&cursor={}", page["page"]["nextCursor"].as_str().unwrap());
        }
        let old: Vec<_> = seen.iter().filter(|name| before.contains(name)).cloned().collect();
        assert_eq!(old, before, "{sort}");
        let mut unique = seen.clone();
        unique.sort();
        unique.dedup();
        assert_eq!(unique.len(), seen.len(), "{sort}");
    }
}

#[tokio::test]
async fn a_limit_beyond_500_is_500() {
    let server = Server::start().await;
    for number in 0..501 {
        server.start_call(&format!("MZ{number}")).await;
    }
    for limit in ["501", "1000000", "99999999999999999999999"] {
        let page = list(&server, &format!("limit={limit}&total=true")).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 500);
        assert_eq!((&page["page"]["limit"], &page["page"]["total"]), (&json!(500), &json!(501)));
        assert_eq!(page["page"]["hasMore"], true);
    }
    let unsaid = list(&server, "").await;
    assert_eq!((unsaid["items"].as_array().unwrap().len(), &unsaid["page"]["limit"]), (50, &json!(50)));
    let far = list(&server, "offset=100000").await;
    assert_eq!((&far["items"], &far["page"]["hasMore"]), (&json!([]), &json!(false)));
}

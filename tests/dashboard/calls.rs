//! The list of calls: filters, order and pages in the URL, what is said of each call, and its export.

use serde_json::json;

use super::{finished, server};
use crate::support::{Browser, call};

const CALLERS: &str = "tbody td.caller";

#[tokio::test]
async fn the_first_page_shows_calls_and_what_is_wrong_with_them() {
    let server = server().await;
    finished(&server, "MZ1", &json!({})).await;
    server.post("/calls", &call("MZ2")).await.expect(201);
    // A recording with a gap of 1.96 seconds.
    server.post("/calls", &json!({ "streamSid": "MZ3", "caller": "Zo\u{eb}" })).await.expect(201);
    for (sequence, timestamp) in [(0, 0), (9, 1_980)] {
        let chunk = crate::support::chunk("inbound", sequence, timestamp);
        server.post("/calls/MZ3/chunks", &chunk).await.expect(201);
    }
    server.post("/calls/MZ3/end", &json!({})).await.expect(200);
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.client.goto(&server.url("/").replace("127.0.0.1", crate::support::HOST)).await.unwrap();
            browser.settled().await;
            let url = browser.client.current_url().await.unwrap();
            assert_eq!(url.path(), "/dashboard/");
            let rows = browser.texts("tbody tr").await;
            let row = |part: &str| rows.iter().find(|row| row.contains(part)).unwrap_or_else(|| panic!("{rows:?}"));
            let known = ["Completed", "Inbound", "Positive", "complete", "0:00"];
            assert!(known.iter().all(|text| row("billing-bot").contains(text)), "{rows:?}");
            assert!(row("Live").contains("running"), "{rows:?}");
            assert!(row("Zo\u{eb}").contains("1 gap, 0:02.0"), "{rows:?}");
            browser.is_content_with_its_policy().await;
            browser.stays_here(&server).await;
        })
        .await;
    server.post("/calls/MZ2/end", &json!({})).await.expect(200);
}

#[tokio::test]
async fn filters_and_order_are_in_the_url() {
    let server = server().await;
    for (name, caller, direction, hour) in
        [("MZ1", "ann", "inbound", 1), ("MZ2", "bob", "outbound", 2), ("MZ3", "cy", "inbound", 3)]
    {
        let start = format!("2026-01-01T0{hour}:00:00Z");
        finished(&server, name, &json!({ "caller": caller, "direction": direction, "startTime": start })).await;
    }
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls").await;
            assert_eq!(browser.texts(CALLERS).await, ["cy", "bob", "ann"]);
            browser.choose("#filter-direction", "inbound").await;
            browser.until("return document.querySelectorAll('tbody tr').length === 2").await;
            assert_eq!(browser.texts(CALLERS).await, ["cy", "ann"]);
            assert!(browser.place().await.contains("direction=inbound"));
            browser.click("th a.sort").await;
            browser.reads("tbody tr:first-child", "ann").await;
            assert_eq!(browser.texts("th[aria-sort=ascending]").await, ["Started \u{2191}"]);
            let place = browser.place().await;
            assert!(place.contains("direction=inbound") && place.contains("sort=startTime"), "{place}");

            // The same URL shows the same, and "back" returns.
            browser.visit(&server, &place).await;
            assert_eq!(browser.texts(CALLERS).await, ["ann", "cy"]);
            browser.type_into("#filter-q", "refund -nothing").await;
            browser.reads("tbody tr:first-child", "ann").await;
            browser.type_into("#filter-callerPrefix", "zzz").await;
            browser.reads(".empty", "No calls match these filters.").await;
            browser.click(".clear a").await;
            browser.until("return document.querySelectorAll('tbody tr').length === 3").await;
            browser.client.back().await.unwrap();
            browser.reads(".empty", "No calls match these filters.").await;

            // What the service refuses is said as it says it.
            browser.visit(&server, "#/calls?minDuration=never").await;
            browser.reads("[role=alert]", "minDuration").await;
            browser.is_content_with_its_policy().await;
        })
        .await;
}

#[tokio::test]
async fn pages_follow_their_cursors_and_back() {
    let server = server().await;
    for number in 0..120 {
        let start = format!("2026-01-01T{:02}:{:02}:00Z", number / 60, number % 60);
        let call =
            json!({ "streamSid": format!("MZ{number}"), "caller": format!("caller {number}"), "startTime": start });
        server.post("/calls", &call).await.expect(201);
    }
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls?sort=startTime").await;
            let first = async |name: &str| browser.reads("tbody tr:first-child .caller", name).await;
            first("caller 0").await;
            browser.press("Next").await;
            first("caller 50").await;
            browser.press("Next").await;
            first("caller 100").await;
            browser.reads(".pager", "This is the last page.").await;
            assert_eq!(browser.texts(CALLERS).await.len(), 20);
            browser.press("Previous").await;
            first("caller 50").await;
            browser.client.refresh().await.unwrap();
            first("caller 50").await;
            browser.press("First page").await;
            first("caller 0").await;

            // The export has all of them, not the page alone.
            let lines = browser
                .run_async(
                    "const { exportCalls } = await import('/dashboard/calls/csv.js'); \
                     const told = []; const made = await exportCalls([['sort', 'startTime']], rows => told.push(rows)); \
                     return [made.rows, made.isCut, told, made.text.split('\\r\\n')];",
                )
                .await;
            assert_eq!((&lines[0], &lines[1], &lines[2]), (&json!(120), &json!(false), &json!([120])));
            let lines = lines[3].as_array().unwrap();
            assert!(lines[0].as_str().unwrap().starts_with("\u{feff}id,streamSid,callSid,caller,"), "{}", lines[0]);
            assert!(lines[1].as_str().unwrap().contains(",MZ0,,caller 0,"), "{}", lines[1]);
            assert_eq!(lines.len(), 122);
        })
        .await;
    server.leaves(crate::support::Leftover::Work);
}

#[tokio::test]
async fn cells_that_a_spreadsheet_would_run_are_text() {
    let server = server().await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.visit(&server, "#/calls").await;
            let cells = browser
                .run_async(
                    "const { cell } = await import('/dashboard/calls/csv.js'); \
                     return ['=1+1', '+14155550134', '-1', '@SUM(A1)', '\\t=1', ' =1', '\\r=1', 'a,b', 'say \"hi\"', 'two\\nlines', \
                             'plain', '', null, -1.5, 0.1 + 0.2].map(cell);",
                )
                .await;
            let expected = json!([
                "'=1+1", "'+14155550134", "'-1", "'@SUM(A1)", "'\t=1", "' =1", "\"'\r=1\"", "\"a,b\"", "\"say \"\"hi\"\"\"",
                "\"two\nlines\"", "plain", "", "", "-1.5", "0.3",
            ]);
            assert_eq!(cells, expected);
        })
        .await;
}

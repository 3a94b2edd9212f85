//! The page of statistics.

use serde_json::json;

use super::{finished, server};
use crate::support::Browser;

#[tokio::test]
async fn pictures_have_their_numbers_in_tables() {
    let server = server().await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            browser.shares_the_time(&server).await;
            browser.visit(&server, "#/statistics").await;
            browser.reads(".empty", "There are no calls in this period.").await;
            let times = browser
                .strings("return [1, 2, 9].map(hours => new Date(Date.now() - hours * 3600e3).toISOString())")
                .await;
            for (number, time) in times.iter().enumerate() {
                let agent = if number == 2 { "support-bot" } else { "billing-bot" };
                finished(&server, &format!("MZ{number}"), &json!({ "startTime": time, "agent": agent })).await;
            }
            browser.visit(&server, "#/statistics?period=week").await;
            browser.until("return document.querySelectorAll('.chart svg').length === 4").await;
            browser.reads(".tile", "3 completed, 0 failed").await;
            let by_agent = browser.texts("[aria-label='Figures by agent'] tbody th").await;
            assert_eq!(by_agent, ["billing-bot", "support-bot"]);
            browser.reads("[aria-label='Figures by agent'] .share", "67%").await;
            let calls = browser.texts("[aria-label='Figures by time'] tbody td:nth-child(2)").await;
            assert_eq!(calls.iter().map(|calls| calls.parse::<u32>().unwrap()).sum::<u32>(), 3);

            browser.choose("#stats-period", "day").await;
            browser.reads("h2", "Per hour").await;
            browser.reads(".tile", "3 completed, 0 failed").await;
            browser.choose("#stats-by", "direction").await;
            browser.reads("[aria-label='Figures by direction'] tbody th", "inbound").await;
            let place = browser.place().await;
            assert!(place.contains("period=day") && place.contains("by=direction"), "{place}");
            browser.is_content_with_its_policy().await;
            browser.stays_here(&server).await;
        })
        .await;
}

//! Deleting a call from its page, and while the page is open.

use super::{open, sound, text};
use crate::{dashboard::server, support::Browser};

#[tokio::test]
async fn deleting_a_call_names_what_goes_with_it() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            open(&server, browser, &id).await;
            browser.click("[data-action=delete]").await;
            browser.until("return document.querySelector('dialog[open]')").await;
            let asked = text(browser, "dialog[open]").await;
            for lost in ["its recording of 0:20", "4 transcripts", "1 analytics snapshot", "its metadata"] {
                assert!(asked.contains(lost), "{lost} is not in {asked}");
            }
            browser.click("dialog[open] .secondary").await;
            server.get(&format!("/calls/{id}")).await.expect(200);
            browser.click("[data-action=delete]").await;
            browser.click("dialog[open] .danger").await;
            browser.until("return location.hash === '#/calls'").await;
            server.get(&format!("/calls/{id}")).await.expect(404);
        })
        .await;
}

#[tokio::test]
async fn a_call_that_is_deleted_says_so_and_shows_nothing_of_it() {
    let server = server().await;
    let id = sound::record(&server, "MZ1").await;
    Browser::open(&[])
        .await
        .during(async |browser| {
            open(&server, browser, &id).await;
            server.delete(&format!("/calls/{id}")).await.expect(204);
            browser.until("return document.querySelector('.page').innerText.includes('This call was deleted.')").await;
            let page = text(browser, "main").await;
            assert!(!page.contains("charged") && !page.contains("+1415"), "{page}");

            browser.visit(&server, "#/calls/MZ404").await;
            browser.until("return document.querySelector('.page').innerText.includes('There is no such call.')").await;
        })
        .await;
}

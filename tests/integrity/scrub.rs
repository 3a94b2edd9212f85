//! The scrub: recordings are compared with their hashes from time to time.

use std::fs;

use super::World;
use crate::support::{TestClock, eventually, hex, query_strings};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// When the recording was checked, and the hashes of its blocks; none if there are none.
async fn check(world: &World) -> Option<(i64, String)> {
    let database = world.server.database().await;
    let ask = async |column: &str| query_strings(&database, &format!("SELECT {column} FROM recording_check")).await;
    let (times, hashes) = (ask("CAST(checked_at AS TEXT)").await, ask(&hex("block_hashes")).await);
    let found = times.first().zip(hashes.first()).map(|(time, hashes)| (time.parse().unwrap(), hashes.clone()));
    database.close().await.unwrap();
    found
}

async fn checked_after(world: &World, days: i64) -> String {
    world.server.clock.advance_ms(days * DAY_MS);
    let now = TestClock::START_MS + days * DAY_MS;
    let checked = async || check(world).await.filter(|(time, _)| *time == now);
    eventually("the recording is checked", checked).await.1
}

#[tokio::test]
async fn a_recording_is_checked_again_after_the_interval_whatever_its_state() {
    let world = World::new().await;
    let (made, hashes) = check(&world).await.unwrap();
    assert_eq!((made, hashes.len()), (TestClock::START_MS, 14 * 64));
    world.flip(1_000_000);
    assert_eq!(checked_after(&world, 30).await, hashes);
    world.mend();
    world.whole().await;
}

#[tokio::test]
async fn a_recording_without_hashes_of_its_blocks_gets_them_and_ranges_are_checked_then() {
    let mut world = World::new().await;
    let (_, hashes) = check(&world).await.unwrap();
    world.server.execute("DELETE FROM recording_check").await;
    world.server.restart().await;
    let found = eventually("it has hashes", async || check(&world).await).await;
    assert_eq!(found, (TestClock::START_MS, hashes));
    world.flip(200);
    let (status, ..) = world.download(&(100..200)).await;
    assert_eq!(status, 500);
}

#[tokio::test]
async fn a_file_that_was_changed_before_it_had_hashes_gets_none() {
    let mut world = World::new().await;
    world.server.execute("DELETE FROM recording_check").await;
    world.flip(200);
    let healthy = world.server.record("MZ2").await;
    world.server.execute("DELETE FROM recording_check").await;
    world.server.restart().await;
    eventually("the other one has hashes", async || check(&world).await).await;
    assert_eq!(world.server.count("recording_check").await, 1);
    world.server.get(&format!("/recordings/{healthy}/audio")).await.expect(200);
    assert!(!world.download(&(0..world.bytes.len())).await.2);
}

#[tokio::test]
async fn a_lost_file_does_not_hold_up_the_scrub() {
    let world = World::new().await;
    world.server.record("MZ2").await;
    fs::remove_file(&world.file).unwrap();
    world.server.clock.advance_ms(30 * DAY_MS);
    let now = (TestClock::START_MS + 30 * DAY_MS).to_string();
    eventually("both are checked", async || {
        let database = world.server.database().await;
        let times = query_strings(&database, "SELECT CAST(checked_at AS TEXT) FROM recording_check").await;
        database.close().await.unwrap();
        (times == [now.clone(), now.clone()]).then_some(())
    })
    .await;
}

//! The service is killed again and again while clients write: at random moments, and at named points inside a commit and
//! inside finalizing. After each start all that was acknowledged is there, and every call that ends has one recording with
//! the right bytes. `CALLSTORE_KILLS=200` makes it a long run.

mod caller;

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use reqwest::Client;
use tempfile::TempDir;

use crate::support::{Binary, eventually};
use caller::Caller;

/// Where the process dies; between them it is killed at random moments.
const POINTS: [&str; 7] = [
    "commit.begun",
    "commit.written",
    "commit.moved",
    "commit.durable",
    "finalize.rendered",
    "finalize.published",
    "finalize.completed",
];
const CALLERS: u32 = 12;

/// How often the service is killed.
fn kills() -> u32 {
    #[expect(clippy::disallowed_methods, reason = "how long a test runs is told from outside")]
    let kills = std::env::var("CALLSTORE_KILLS");
    kills.ok().map_or(14, |kills| kills.parse().expect("CALLSTORE_KILLS is a number"))
}

/// The same for the same round.
fn draw(round: u32, below: u32) -> u32 {
    let state = (round + 1).wrapping_mul(0x9E37_79B9);
    (state ^ (state >> 15)).wrapping_mul(0x2C1B_3C6D) % below
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_service_is_killed() {
    let folder = TempDir::new().unwrap();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut callers: Vec<_> = (0..CALLERS).map(|number| Caller::new(number, acknowledged.clone())).collect();
    let mut slowest = Duration::ZERO;
    for round in 0..kills() {
        let point = (round % 2 == 1).then(|| POINTS[(round / 2) as usize % POINTS.len()]);
        let mut command = Binary::command(folder.path());
        if let Some(point) = point {
            // Calls end seldom, commits often.
            let times = if point.starts_with("finalize") || point == "commit.moved" { 1 } else { 1 + draw(round, 60) };
            command.env("CALLSTORE_CRASH_AT", format!("{point}:{times}"));
        }
        let begun = std::time::Instant::now();
        let mut service = Binary::start(command).await;
        slowest = slowest.max(begun.elapsed());
        let client = Client::builder().no_proxy().build().unwrap();
        let url = service.url("");
        let tasks = callers.drain(..).map(|mut caller| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                // Either all of this, or as much of it as the service lived for.
                let _ = caller.check_and_write(&client, &url).await;
                caller
            })
        });
        let tasks: Vec<_> = tasks.collect();
        match point {
            Some(_) => drop(
                tokio::time::timeout(Duration::from_secs(60), service.child.wait()).await.expect("it dies").unwrap(),
            ),
            None => {
                let until = acknowledged.load(Ordering::Relaxed) + draw(round, 4_000) as usize;
                let enough = || async { (acknowledged.load(Ordering::Relaxed) >= until).then_some(()) };
                eventually("enough is acknowledged", enough).await;
                service.kill().await;
            }
        }
        for task in tasks {
            callers.push(task.await.unwrap());
        }
    }

    // At last it is left alone, and every call ends.
    let service = Binary::serve(folder.path()).await;
    let client = Client::builder().no_proxy().build().unwrap();
    let (mut recordings, mut checked) = (0, 0);
    for caller in &mut callers {
        caller.finish(&client, &service.url("")).await;
        recordings += caller.recordings;
        checked += caller.checked;
    }
    assert_eq!(files(&folder.path().join("data/recordings")), recordings, "a file has no recording, or none its file");
    let acknowledged = acknowledged.load(Ordering::Relaxed);
    assert!(checked >= acknowledged, "not all was looked for");
    println!("{} kills, {acknowledged} acknowledged writes, looked for {checked} times, none lost", kills());
    println!("{recordings} recordings; the slowest start took {slowest:?}");
}

/// How many files there are below a folder.
fn files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

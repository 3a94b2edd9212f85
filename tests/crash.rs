//! The service is killed again and again while clients write over HTTP, over the streaming protocol, and as a carrier's
//! media streams. It dies at random moments, and at named points inside a commit and inside finalizing. After each
//! start all acknowledged writes are there, and every call that has ended has one recording with the right bytes.
//! `CALLSTORE_KILLS=200` makes it a long run.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    callers::{Caller, Service},
    support::{Binary, PATIENCE, eventually, files, number, on_sqlite},
};

/// Named points at which the process crashes; in between it is killed at random moments.
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
/// How long a start may take, until the service is ready, on an otherwise idle machine.
const START_MAX: Duration = Duration::from_secs(2);

/// How often the service is killed.
fn kills() -> u32 {
    number("CALLSTORE_KILLS").unwrap_or(14)
}

/// A random number, the same for the same round.
fn draw(round: u32, below: u32) -> u32 {
    let state = (round + 1).wrapping_mul(0x9E37_79B9);
    (state ^ (state >> 15)).wrapping_mul(0x2C1B_3C6D) % below
}

/// The point at which the process of a round crashes, and at which pass; `None` if it is killed instead.
fn point(round: u32) -> Option<(&'static str, u32)> {
    let point = (round % 2 == 1).then(|| POINTS[(round / 2) as usize % POINTS.len()])?;
    // Calls end rarely, commits are frequent.
    let seldom = point.starts_with("finalize") || point == "commit.moved";
    // A shared database has no journal from which chunks could move.
    let point = if point == "commit.moved" && !on_sqlite() { "commit.written" } else { point };
    Some((point, if seldom { 1 } else { 1 + draw(round, 60) }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_however_often_the_service_is_killed() {
    let folder = TempDir::new().unwrap();
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let mut callers: Vec<_> = (0..CALLERS).map(|number| Caller::new(number, acknowledged.clone())).collect();
    let (begun, mut slowest) = (Instant::now(), Duration::ZERO);
    for round in 0..kills() {
        let Some(mut binary) = start(folder.path(), point(round), &mut slowest).await else { continue };
        let service = Service::new(binary.url(""));
        let tasks = callers.drain(..).map(|mut caller| {
            let service = service.clone();
            tokio::spawn(async move {
                let stopped = caller.check_and_write(&service, &CancellationToken::new()).await;
                let gone = stopped.is_err() && !service.is_alive().await;
                assert!(gone, "{} got no answer from a running service", caller.call());
                caller
            })
        });
        let tasks: Vec<_> = tasks.collect();
        if point(round).is_some() {
            timeout(PATIENCE, binary.child.wait()).await.expect("it dies").unwrap();
        } else {
            let until = acknowledged.load(Ordering::Relaxed) + draw(round, 12_000) as usize;
            let enough = || async { (acknowledged.load(Ordering::Relaxed) >= until).then_some(()) };
            eventually("enough is acknowledged", enough).await;
            binary.kill().await;
        }
        for task in tasks {
            callers.push(task.await.unwrap());
        }
    }

    // In the end it is left alone, and every call ends.
    let binary = start(folder.path(), None, &mut slowest).await.expect("it stays");
    let (mut recordings, mut found) = (0, 0);
    for caller in &mut callers {
        caller.finish(&Service::new(binary.url(""))).await;
        recordings += caller.recordings;
        found += caller.found;
    }
    assert_eq!(files(&Binary::recordings(folder.path())), recordings, "the files do not match the recordings");
    assert_eq!(found, acknowledged.load(Ordering::Relaxed), "some acknowledged writes were not looked for");
    println!("{} kills in {:?}: {found} acknowledged writes, all found", kills(), begun.elapsed());
    println!("{recordings} recordings; the slowest start took {slowest:?}");
}

/// Starts the service and waits until it is ready; `None` if it crashed at its point before that.
async fn start(folder: &Path, point: Option<(&str, u32)>, slowest: &mut Duration) -> Option<Binary> {
    let mut command = Binary::command(folder);
    if let Some((point, times)) = point {
        command.env("CALLSTORE_CRASH_AT", format!("{point}:{times}"));
    }
    let begun = Instant::now();
    let ready = match Binary::try_start(command).await {
        Ok(binary) if Service::new(binary.url("")).is_ready().await => Ok(binary),
        Ok(_) => Err("it was gone before it was ready".to_owned()),
        Err(said) => Err(said),
    };
    match ready {
        Ok(binary) => {
            let took = begun.elapsed();
            let waited = waited(binary.child.id().unwrap());
            assert!(
                took.saturating_sub(waited) < START_MAX,
                "a start took {took:?}, {waited:?} of it waiting for a processor"
            );
            *slowest = took.max(*slowest);
            Some(binary)
        }
        Err(said) => {
            assert!(point.is_some(), "{said}");
            None
        }
    }
}

/// How long the threads of a process have waited for a processor that other programs used.
fn waited(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    // Per thread: nanoseconds run, nanoseconds waited, and a count. A thread may have ended meanwhile.
    let of_thread = |thread: fs::DirEntry| -> Option<u64> {
        let times = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        times.split_whitespace().nth(1)?.parse().ok()
    };
    Duration::from_nanos(threads.filter_map(|thread| of_thread(thread.unwrap())).sum())
}

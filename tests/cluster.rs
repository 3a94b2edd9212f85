//! Three nodes on one database and one object store behind a balancer, while clients write in every possible way. Every
//! few seconds a node is killed and restarted, and each is stopped once, as in a rolling restart. Afterwards every
//! acknowledged write is there, every call has exactly one recording, correct to the sample, and nothing is left of the
//! nodes that died.
//!
//!
//! This needs a database server, so it only runs on PostgreSQL. For a long run set `CALLSTORE_CALLS=150` (calls of
//! `callstore simulate` per transport) and `CALLSTORE_KILLS=20`. `CALLSTORE_TRANSPORTS=twilio` selects one transport,
//! and `CALLSTORE_SIMULATE` adds options, for machines that cannot carry all of them at once.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use serde_json::Value;
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::interval_at};
use tokio_util::sync::CancellationToken;

use crate::{
    callers::{Caller, Service},
    simulate::simulate,
    support::{Balancer, Binary, Objects, connect, eventually, files, number, on_sqlite, query_strings, told},
};

const NODES: usize = 3;
/// One client per transport.
const CALLERS: u32 = 3;
/// How often a node is stopped or killed.
const END_EVERY: Duration = Duration::from_secs(3);

/// The nodes, and their shared storage.
struct Cluster {
    folder: TempDir,
    objects: Objects,
    nodes: Vec<Binary>,
    balancer: Balancer,
}

impl Cluster {
    async fn start() -> Self {
        let folder = TempDir::new().unwrap();
        let objects = Objects::start(folder.path());
        let nodes = join_all((0..NODES).map(|_| node(folder.path(), &objects))).await;
        let balancer = Balancer::start(nodes.iter().map(Binary::address).collect()).await;
        Self { folder, objects, nodes, balancer }
    }

    /// Ends a node as told, and starts another in its place once a condition was seen to hold without it.
    async fn replace(&mut self, index: usize, end: impl AsyncFnOnce(Binary), meanwhile: impl Future<Output = ()>) {
        end(self.nodes.remove(index)).await;
        meanwhile.await;
        let node = node(self.folder.path(), &self.objects).await;
        self.balancer.replace(index, node.address());
        self.nodes.insert(index, node);
    }

    /// Nothing is half done: all calls are completed, and each recording is an object.
    async fn check(&self, calls: usize, recordings: usize) {
        let database = connect(&self.folder.path().join("data/callstore.db")).await;
        let count = async |of: &str| {
            let found = query_strings(&database, &format!("SELECT CAST(COUNT(*) AS TEXT) FROM {of}")).await;
            found[0].parse::<usize>().unwrap()
        };
        assert_eq!((count("call WHERE status = 'completed'").await, count("call").await), (calls, calls));
        assert_eq!((count("recording").await, files(&self.objects.folder("calls"))), (recordings, recordings));
        let overdue = "lease WHERE until < extract(epoch FROM clock_timestamp()) * 1000";
        eventually("the leases of dead nodes are gone", async || (count(overdue).await == 0).then_some(())).await;
    }
}

/// Starts a node. If several start, the others wait for the migrations of the first.
async fn node(folder: &Path, objects: &Objects) -> Binary {
    let mut command = Binary::local(folder);
    command.env("RECORDING_STORAGE_URL", Objects::url("calls")).envs(objects.environment());
    Binary::start(command).await
}

/// Runs `callstore simulate` with chaos over one transport, comparing every sample. Its calls begin in the first third
/// of the time in which nodes are ended, and end in the last third.
fn load(url: String, transport: &str, calls: u32, ends: u32) -> JoinHandle<Value> {
    let third = (END_EVERY * ends / 3).as_millis();
    let arguments = format!(
        "--transport {transport} --calls {calls} --duration {}ms --ramp {third}ms --chaos --verify samples --json {}",
        2 * third,
        told("CALLSTORE_SIMULATE").unwrap_or_default(),
    );
    tokio::spawn(async move { simulate(&url, &arguments).await.good() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_of_which_one_is_killed_again_and_again_lose_nothing() {
    if on_sqlite() {
        return;
    }
    let (kills, calls) = (number("CALLSTORE_KILLS").unwrap_or(3), number("CALLSTORE_CALLS").unwrap_or(6));
    let ends = kills + NODES as u32;
    let mut cluster = Cluster::start().await;
    let (begun, stop, acknowledged) = (Instant::now(), CancellationToken::new(), Arc::new(AtomicUsize::new(0)));
    let callers = (0..CALLERS).map(|number| {
        let mut caller = Caller::new(number, acknowledged.clone());
        let (service, stop) = (Service::of_nodes(cluster.balancer.url()), stop.clone());
        tokio::spawn(async move {
            while caller.check_and_write(&service, &stop).await.is_err() {}
            caller
        })
    });
    let callers: Vec<_> = callers.collect();
    let transports = told("CALLSTORE_TRANSPORTS").unwrap_or_else(|| "http twilio".to_owned());
    let loads = transports.split_whitespace().map(|transport| load(cluster.balancer.url(), transport, calls, ends));
    let loads: Vec<_> = loads.collect();

    let others_go_on = || {
        let acknowledged = acknowledged.clone();
        async move {
            let before = acknowledged.load(Ordering::Relaxed);
            let more = async || (acknowledged.load(Ordering::Relaxed) > before).then_some(());
            eventually("the other nodes go on", more).await;
        }
    };
    let mut beat = interval_at(tokio::time::Instant::now() + END_EVERY, END_EVERY);
    for kill in 0..kills {
        beat.tick().await;
        cluster.replace(kill as usize % NODES, Binary::kill, others_go_on()).await;
    }
    for index in 0..NODES {
        beat.tick().await;
        let stop = async |node: Binary| {
            node.tell_to_stop().await;
            node.stopped().await;
        };
        cluster.replace(index, stop, others_go_on()).await;
    }
    stop.cancel();

    let (mut all, mut recordings, mut found) = (0, 0, 0);
    let service = Service::of_nodes(cluster.balancer.url());
    for caller in callers {
        let mut caller = caller.await.unwrap();
        caller.finish(&service).await;
        all += caller.ended();
        recordings += caller.recordings;
        found += caller.found;
    }
    assert_eq!(found, acknowledged.load(Ordering::Relaxed), "some acknowledged writes were not looked for");
    println!(
        "{kills} kills and {NODES} stops of {NODES} nodes in {:?}: {found} acknowledged writes, all found",
        begun.elapsed()
    );
    for load in loads {
        let report = load.await.unwrap();
        println!("{report:#}");
        let compared = report["recordings"]["compared"].as_u64().unwrap() as usize;
        assert_eq!(compared, calls as usize);
        all += compared;
        recordings += compared;
    }
    cluster.check(all, recordings).await;
    println!("{all} calls, {recordings} recordings, each as it was sent");
}

//! Connections to a database server and the threads that use them. Several threads answer requests, and one of them
//! ends before the others when the service stops.

use std::{sync::Arc, thread};

use futures_util::future::join_all;
use migration::{Migrator, MigratorTrait};
use sea_orm::ConnectionTrait;
use service::{Database, SystemClock};
use tempfile::TempDir;
use tokio::sync::oneshot;

use crate::support::{connect, database_url, eventually, on_sqlite, query_strings};

/// Number of concurrent readers.
const READERS: usize = 8;

async fn read_all(database: &Database) -> Vec<Result<bool, service::Error>> {
    join_all((0..READERS).map(|_| database.has_usable_key(&SystemClock))).await
}

#[tokio::test]
async fn a_connection_outlives_the_thread_that_needed_it_first() {
    if on_sqlite() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("callstore.db");
    let database = Arc::new(Database::open(&database_url(&file).parse().unwrap()).await.unwrap());
    Migrator::up(database.writer(), None).await.unwrap();

    // A thread with its own runtime reads, so that connections are opened, and continues for a while.
    let (has_read, reads) = oneshot::channel();
    let (end, ended) = oneshot::channel::<()>();
    let other = thread::spawn({
        let database = database.clone();
        move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                has_read.send(read_all(&database).await).unwrap();
                ended.await.unwrap();
            });
        }
    });
    assert!(reads.await.unwrap().into_iter().all(|read| read.is_ok()));

    // While this thread reads through them, the other thread ends.
    let lock = connect(&file).await;
    lock.execute_unprepared("BEGIN; LOCK TABLE api_key IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let reading = tokio::spawn({
        let database = database.clone();
        async move { read_all(&database).await }
    });
    let wait = "SELECT CAST(count(*) AS TEXT) FROM pg_locks WHERE NOT granted AND relation = 'api_key'::regclass";
    eventually("all connections wait", async || {
        (query_strings(&lock, wait).await == [READERS.to_string()]).then_some(())
    })
    .await;
    end.send(()).unwrap();
    other.join().unwrap();
    lock.execute_unprepared("ROLLBACK").await.unwrap();
    for read in reading.await.unwrap() {
        assert!(!read.unwrap());
    }
    database.close().await;
}

//! SQLite: a file with one writer, which therefore knows what it has written. New chunks go into a journal.
//!
//! The file is in WAL mode: readers see the last commit and never wait for the writer. There is one connection that
//! writes, for the writer task; the pool that reads is read-only, so that no query can take the write lock by mistake.
//! A process of the command line may write beside the service, for example to make a key. SQLite then makes one wait
//! for the other, and the service notices that its cache is stale.
//!
//! Who takes which lock:
//!
//! | who | connection | waits for |
//! | --- | --- | --- |
//! | the writer task | the only one that writes | a command that writes, at most the busy timeout |
//! | requests that read | the pool, read-only | nothing |
//! | the thread that makes a recording | one of its own, read-only | nothing |
//! | the task that empties the log after deletions | one of its own | the writer and readers, a tenth of a second |
//! | commands such as `keys create` | their own process | the writer, at most the busy timeout |
//! | commands such as `copy` | their own process, exclusive | refused while a service runs |

mod journal;
mod log;
mod open;
mod script;
mod search;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr, SqliteTransactionMode, Statement,
    TransactionOptions, prelude::async_trait::async_trait, sea_query::SimpleExpr, sqlx,
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    ChunkReader, Connections, Hit, HitsFrom, OpenError, Storage, WriteSet, chunks, free_bytes, storage::LastRow,
};
use crate::{
    calls::{CallRef, CallRow},
    chunks::ChunkRow,
    entries::SearchEntry,
    words::SearchQuery,
};

/// A database file, with one connection for writing and a read-only pool.
#[derive(Debug)]
pub(super) struct Sqlite {
    path: PathBuf,
    writer: Connections,
    readers: Connections,
    outbox_written: Notify,
}

impl Sqlite {
    /// Opens a file, creating it and its folder if they are missing.
    pub(super) async fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self::of(path, open::open(path).await?))
    }

    /// Opens a file for exclusive use, with one connection for writing and reading.
    pub(super) async fn open_alone(path: &Path, create: bool) -> Result<Self, OpenError> {
        Ok(Self::of(path, open::open_alone(path, create).await?))
    }

    fn of(path: &Path, (writer, readers): (DatabaseConnection, DatabaseConnection)) -> Self {
        let (writer, readers) = (Connections::new(writer), Connections::new(readers));
        Self { path: path.to_owned(), writer, readers, outbox_written: Notify::new() }
    }
}

#[async_trait]
impl Storage for Sqlite {
    fn writer(&self) -> &Connections {
        &self.writer
    }

    fn readers(&self) -> &Connections {
        &self.readers
    }

    /// Takes the write lock at once.
    fn write_options(&self) -> TransactionOptions {
        TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        }
    }

    fn read_options(&self) -> TransactionOptions {
        TransactionOptions::default()
    }

    async fn close_writer(&self) -> Result<(), sqlx::Error> {
        self.writer.pool().get_sqlite_connection_pool().acquire().await?.close().await
    }

    async fn lock_schema(&self) -> Result<Option<DatabaseConnection>, DbErr> {
        Ok(None)
    }

    /// After a sync that failed, the kernel may have dropped the pages that it could not write, and says so only once.
    /// A checkpoint at the start writes all of the log into the database and syncs that. So nothing that is
    /// acknowledged from here on follows pages that are not on the disk.
    async fn settle(&self) -> Result<(), DbErr> {
        // Does less if another process reads, such as a backup.
        let checkpoint = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA wal_checkpoint(TRUNCATE)");
        self.writer.query_one_raw(checkpoint).await.map(drop)
    }

    async fn journal_end(&self) -> Result<i64, DbErr> {
        journal::end(&self.readers).await
    }

    async fn empty_log(&self, journal_end: i64) -> Result<bool, DbErr> {
        let path = self.path.clone();
        let emptied = tokio::task::spawn_blocking(move || log::empty(&path, journal_end)).await;
        let emptied = emptied.map_err(|error| DbErr::Custom(error.to_string()))?;
        emptied.map_err(|error| DbErr::Custom(error.to_string()))
    }

    /// SQLite counts this for each connection and leaves out the connection's own commits, which is why the writer's
    /// connection is never replaced while its cache is used.
    async fn version(&self, transaction: &DatabaseTransaction) -> Result<Option<i64>, DbErr> {
        let query = Statement::from_string(DatabaseBackend::Sqlite, "PRAGMA data_version");
        match transaction.query_one_raw(query).await? {
            Some(row) => row.try_get_by_index(0).map(Some),
            None => Ok(None),
        }
    }

    fn has_journal(&self) -> bool {
        true
    }

    async fn journaled(&self, transaction: &DatabaseTransaction) -> Result<Vec<(i64, Vec<ChunkRow>)>, DbErr> {
        journal::read(transaction).await
    }

    /// Reads all pages of the database, which takes as long as reading the file. Only `callstore verify` asks.
    async fn damage(&self) -> Result<Vec<String>, DbErr> {
        let ask = |pragma: &str| Statement::from_string(DatabaseBackend::Sqlite, format!("PRAGMA {pragma}"));
        let mut damage = Vec::new();
        for row in self.readers.query_all_raw(ask("integrity_check")).await? {
            let line: String = row.try_get_by_index(0)?;
            damage.extend(Some(line).filter(|line| line != "ok"));
        }
        for row in self.readers.query_all_raw(ask("foreign_key_check")).await? {
            let (table, parent): (String, String) = (row.try_get_by_index(0)?, row.try_get_by_index(2)?);
            damage.push(format!("a row of {table} refers to a row of {parent} that is missing"));
        }
        Ok(damage)
    }

    /// A failed statement is undone by itself, and the transaction goes on.
    fn needs_savepoints(&self) -> bool {
        false
    }

    /// The disk has to answer, or nothing will.
    fn time_limit(&self) -> Option<Duration> {
        None
    }

    async fn commit(&self, transaction: DatabaseTransaction, set: &mut WriteSet) -> Result<(), DbErr> {
        let told = !set.events.is_empty();
        script::commit(transaction, set).await?;
        if told {
            self.outbox_written.notify_one();
        }
        Ok(())
    }

    /// The signal follows the commit, since a reader that looks earlier finds nothing and would wait a second.
    async fn commit_alone(&self, version: i64, set: &mut WriteSet) -> Result<bool, DbErr> {
        let told = !set.events.is_empty();
        let done = script::commit_alone(&self.writer, version, set).await?;
        if told && done {
            self.outbox_written.notify_one();
        }
        Ok(done)
    }

    fn outbox_written(&self) -> &Notify {
        &self.outbox_written
    }

    async fn listen(&self) -> Result<(), DbErr> {
        Ok(())
    }

    /// A transaction that writes has locked the whole database.
    async fn lock_calls(&self, _: &DatabaseTransaction, _: &[&CallRef]) -> Result<Vec<CallRow>, DbErr> {
        Ok(Vec::new())
    }

    async fn last_rows(&self, _: &DatabaseTransaction, _: &[Uuid]) -> Result<Vec<LastRow>, DbErr> {
        Ok(Vec::new())
    }

    async fn lock_name(&self, _: &DatabaseTransaction, _: &[u8; 32]) -> Result<(), DbErr> {
        Ok(())
    }

    async fn try_lock_name(&self, _: &DatabaseTransaction, _: &[u8; 32]) -> Result<bool, DbErr> {
        Ok(true)
    }

    /// Writes a page without changing any data, so that the commit reaches the disk. A transaction without changes
    /// would not be written.
    async fn check_writable(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        transaction.execute_unprepared("PRAGMA user_version = 0").await.map(drop)
    }

    fn has_other_nodes(&self) -> bool {
        false
    }

    async fn lease(&self, _: &str, _: Uuid, _: Duration) -> Result<bool, DbErr> {
        Ok(true)
    }

    async fn end_lease(&self, _: &str, _: Uuid) -> Result<(), DbErr> {
        Ok(())
    }

    async fn leases(&self) -> Result<Vec<String>, DbErr> {
        Ok(Vec::new())
    }

    fn chunk_reader(&self) -> Result<ChunkReader, DbErr> {
        Ok(ChunkReader::Sqlite(chunks::sqlite::Reader::open(&self.path)?))
    }

    async fn insert_entries(&self, transaction: &DatabaseTransaction, entries: Vec<SearchEntry>) -> Result<(), DbErr> {
        script::insert_entries(transaction, entries).await
    }

    async fn rewrite_small_index(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        search::rewrite_small_index(transaction).await
    }

    async fn hits(
        &self,
        on: &DatabaseTransaction,
        query: &SearchQuery,
        fits: SimpleExpr,
        from: HitsFrom,
        limit: u64,
    ) -> Result<Vec<Hit>, DbErr> {
        search::hits(on, query, fits, from, limit).await
    }

    async fn is_common(&self, on: &DatabaseTransaction, query: &SearchQuery) -> Result<bool, DbErr> {
        search::is_common(on, query).await
    }

    fn has_hit(&self, query: &SearchQuery, is_common: bool) -> SimpleExpr {
        search::has_hit(query, is_common)
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        free_bytes(&self.path).map(Some)
    }

    async fn size_bytes(&self) -> Result<u64, DbErr> {
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || open::file_bytes(&path)).await;
        read.map_or(Err(io::Error::other("not finished")), |read| read)
            .map_err(|error| DbErr::Custom(error.to_string()))
    }
}

//! What differs between SQLite and PostgreSQL. The rest of the crate asks this trait, and not which database it has.
//!
//! Two facts make all the difference:
//!
//! | | SQLite | PostgreSQL |
//! | --- | --- | --- |
//! | who else writes | a shell or a command, rarely; [`version`](Storage::version) shows it | other nodes, always; so every transaction locks and reads |
//! | where rows lie | in order of their key, so a row per chunk costs a page per call; hence the journal | in order of arrival, so a chunk costs its own size |
//!
//! A method that has nothing to do on one of them does nothing there; no caller asks which one it has.

use std::{fmt::Debug, io, time::Duration};

use sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbErr, FromQueryResult, TransactionOptions,
    prelude::async_trait::async_trait, sea_query::SimpleExpr, sqlx,
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{ChunkReader, Connections, Hit, HitsFrom, WriteSet};
use crate::{
    calls::{CallRef, CallRow},
    chunks::ChunkRow,
    entries::SearchEntry,
    words::SearchQuery,
};

/// A kind of database, with its connections.
#[async_trait]
pub(crate) trait Storage: Debug + Send + Sync {
    /// The connection for writing. The service writes through [`Database::begin`](super::Database::begin).
    fn writer(&self) -> &Connections;

    /// The connections for requests that only read.
    fn readers(&self) -> &Connections;

    /// Options of a transaction that writes.
    ///
    /// On SQLite it takes the write lock when it begins, since a transaction that reads first and writes later can be
    /// refused.
    fn write_options(&self) -> TransactionOptions;

    /// Options of a transaction whose reads all see one moment.
    ///
    /// For responses that are read in several queries: between two of them a call may end, and lose its chunks.
    fn read_options(&self) -> TransactionOptions;

    /// Closes the writing connection; its pool then opens a new one.
    ///
    /// Called after a failed transaction. What was uncommitted on it is rolled back by closing it.
    async fn close_writer(&self) -> Result<(), sqlx::Error>;

    /// Takes the lock that keeps other nodes from changing the schema until the returned connection is closed. `None`
    /// if no other node can have the database open.
    async fn lock_schema(&self) -> Result<Option<DatabaseConnection>, DbErr>;

    /// Writes what the log holds into the database once more, and syncs it. A sync that failed in an earlier process
    /// may have left pages that only the kernel's cache has.
    ///
    /// Called once, before anything is served.
    async fn settle(&self) -> Result<(), DbErr>;

    /// The id of the journal's last row; 0 if it has none.
    async fn journal_end(&self) -> Result<i64, DbErr>;

    /// Empties the log, in which deleted data outlives its rows. Returns false if that has to be tried again: while the
    /// journal has a row up to `journal_end`, or a transaction or a reader of another moment needs the log.
    async fn empty_log(&self, journal_end: i64) -> Result<bool, DbErr>;

    /// A number that changes whenever someone else has changed the database. `None` if that cannot be told; then the
    /// writer relies on nothing that it read in an earlier transaction.
    async fn version(&self, transaction: &DatabaseTransaction) -> Result<Option<i64>, DbErr>;

    /// Whether new chunks wait in a journal, where readers do not find them.
    fn has_journal(&self) -> bool;

    /// The chunks in the journal, by the id of their journal row.
    async fn journaled(&self, transaction: &DatabaseTransaction) -> Result<Vec<(i64, Vec<ChunkRow>)>, DbErr>;

    /// What is wrong with the database's own pages, indexes and references. A server checks its own.
    async fn damage(&self) -> Result<Vec<String>, DbErr>;

    /// Whether a failed statement spoils the transaction, so that even a lone write needs a savepoint.
    fn needs_savepoints(&self) -> bool;

    /// How long a transaction of the writer may take; `None` if nobody has to answer it.
    fn time_limit(&self) -> Option<Duration>;

    /// Signalled when events were committed, by this process or, while [`listen`](Self::listen) runs, by another node.
    fn outbox_written(&self) -> &Notify;

    /// Signals [`outbox_written`](Self::outbox_written) for what other nodes commit, until the connection fails.
    /// Returns at once if no other node can write.
    async fn listen(&self) -> Result<(), DbErr>;

    /// Writes the set and commits durably. New chunks that wait in the journal then are left in [`WriteSet::new`].
    async fn commit(&self, transaction: DatabaseTransaction, set: &mut WriteSet) -> Result<(), DbErr>;

    /// Like [`commit`](Self::commit), as a transaction of its own. Writes nothing and returns false if
    /// [`version`](Self::version) is no longer `version`.
    async fn commit_alone(&self, version: i64, set: &mut WriteSet) -> Result<bool, DbErr>;

    /// Locks calls against writes of other nodes until the transaction ends, and returns their locked rows. Returns
    /// none if no other node can write.
    ///
    /// In the order of their ids, so that two nodes that want the same calls wait for each other and never in a circle.
    async fn lock_calls(&self, transaction: &DatabaseTransaction, calls: &[&CallRef]) -> Result<Vec<CallRow>, DbErr>;

    /// The last row of each track of locked calls.
    async fn last_rows(&self, transaction: &DatabaseTransaction, calls: &[Uuid]) -> Result<Vec<LastRow>, DbErr>;

    /// Makes other nodes with the same idempotency name wait until the transaction ends.
    async fn lock_name(&self, transaction: &DatabaseTransaction, name: &[u8; 32]) -> Result<(), DbErr>;

    /// Like [`lock_name`](Self::lock_name), but returns false instead of waiting.
    async fn try_lock_name(&self, transaction: &DatabaseTransaction, name: &[u8; 32]) -> Result<bool, DbErr>;

    /// Fails if the database accepts no writes.
    ///
    /// A read-only disk or a replica answers queries as always; only a write tells.
    async fn check_writable(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr>;

    /// Whether other nodes may work on the same database. If not, every lease is granted.
    fn has_other_nodes(&self) -> bool;

    /// Takes or renews a lease for `span`, by the database's clock. Returns false if another node holds it.
    async fn lease(&self, name: &str, holder: Uuid, span: Duration) -> Result<bool, DbErr>;

    /// Ends a lease.
    async fn end_lease(&self, name: &str, holder: Uuid) -> Result<(), DbErr>;

    /// Deletes expired leases and returns the names of live ones.
    async fn leases(&self) -> Result<Vec<String>, DbErr>;

    /// A reader of chunks for the calling thread. Reading blocks.
    fn chunk_reader(&self) -> Result<ChunkReader, DbErr>;

    /// Inserts entries into the index of full-text search.
    async fn insert_entries(&self, transaction: &DatabaseTransaction, entries: Vec<SearchEntry>) -> Result<(), DbErr>;

    /// Removes deleted words that the index for search keeps in its own index, if that costs little.
    async fn rewrite_small_index(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr>;

    /// The next hits of a query that has a word to find: newest call first, then by descending id. `fits` is a
    /// condition on `search_entry`; hits that do not meet it are returned as well, so that the caller can bound them.
    async fn hits(
        &self,
        on: &DatabaseTransaction,
        query: &SearchQuery,
        fits: SimpleExpr,
        from: HitsFrom,
        limit: u64,
    ) -> Result<Vec<Hit>, DbErr>;

    /// Whether a query has so many hits that [`has_hit`](Self::has_hit) should ask each call.
    async fn is_common(&self, on: &DatabaseTransaction, query: &SearchQuery) -> Result<bool, DbErr>;

    /// The condition that a row of `call` has a hit.
    fn has_hit(&self, query: &SearchQuery, is_common: bool) -> SimpleExpr;

    /// Free bytes on the database's file system; `None` if it is on a server.
    fn free_bytes(&self) -> io::Result<Option<u64>>;

    /// Size of the database in bytes, including the write-ahead log of a file.
    async fn size_bytes(&self) -> Result<u64, DbErr>;
}

/// The last row of a track, without its audio.
#[derive(FromQueryResult)]
pub(crate) struct LastRow {
    pub call_id: Uuid,
    pub track: i16,
    pub last_sequence: i32,
    pub timestamp: Option<i32>,
}

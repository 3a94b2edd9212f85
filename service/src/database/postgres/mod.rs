//! PostgreSQL and compatible databases: other nodes write too, so every transaction locks and reads what it relies on.
//!
//! A transaction of the writer, statement by statement:
//!
//! 1. `BEGIN`, and the locks of all its calls' rows, which are read at the same time.
//!
//! 2. The last rows of the tracks that get audio.
//!
//! 3. What the requests ask and change, each in a savepoint.
//!
//! 4. The gathered rows: one statement for the chunks, a few for the others. Events come last, since they take a lock
//!    that all nodes want.
//!
//! 5. `COMMIT`.
//!
//! The number of round trips does not grow with the number of chunks.

mod open;
mod outbox;
mod search;
mod statements;

use std::{io, time::Duration};

use entity::{audit_entry, transcript};
use sea_orm::{
    AccessMode, ActiveModelTrait, ConnectionTrait, DatabaseBackend, DatabaseConnection, DatabaseTransaction, DbErr,
    EntityTrait, IntoActiveModel, IsolationLevel, TransactionOptions, prelude::async_trait::async_trait,
    sea_query::SimpleExpr, sqlx,
};
use tokio::sync::Notify;
use uuid::Uuid;

use super::{ChunkReader, Connections, Hit, HitsFrom, OpenError, Storage, WriteSet, chunks, storage::LastRow};
use crate::{
    calls::{CallRef, CallRow},
    chunks::{ChunkRow, gather_tracks},
    crash,
    entries::SearchEntry,
    words::SearchQuery,
};

/// Row counts of an `INSERT`. Few distinct sizes keep the number of prepared statements small.
const ROWS: [usize; 5] = [256, 64, 16, 4, 1];
/// Time limit of a transaction of the writer. A server that does not answer is treated as unreachable.
const TRANSACTION_LIMIT: Duration = Duration::from_secs(20);

/// A database on a server, with pools of connections.
#[derive(Debug)]
pub(super) struct Postgres {
    /// The server's address, with user, password and options.
    url: Address,
    writer: Connections,
    readers: Connections,
    outbox_written: Notify,
}

/// An address that `Debug` hides, because it may hold a password.
struct Address(String);

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("postgres://...")
    }
}

impl Postgres {
    /// Opens the pools.
    pub(super) async fn open(url: &str) -> Result<Self, OpenError> {
        Ok(Self::of(url, open::open(url).await?))
    }

    /// Like [`open`](Self::open), but fails if a service has the database open.
    pub(super) async fn open_alone(url: &str) -> Result<Self, OpenError> {
        Ok(Self::of(url, open::open_alone(url).await?))
    }

    fn of(url: &str, (writer, readers): (DatabaseConnection, DatabaseConnection)) -> Self {
        let url = Address(url.to_owned());
        Self {
            url,
            writer: Connections::new(writer),
            readers: Connections::new(readers),
            outbox_written: Notify::new(),
        }
    }
}

/// Inserts rows, many per statement.
///
/// Greedy: as many of the largest statement as fit, then of the next.
async fn insert<A: ActiveModelTrait>(transaction: &DatabaseTransaction, mut rows: Vec<A>) -> Result<(), DbErr> {
    for size in ROWS {
        while rows.len() >= size {
            let rows = rows.drain(..size);
            A::Entity::insert_many(rows).exec_without_returning(transaction).await?;
        }
    }
    Ok(())
}

#[async_trait]
impl Storage for Postgres {
    fn writer(&self) -> &Connections {
        &self.writer
    }

    fn readers(&self) -> &Connections {
        &self.readers
    }

    fn write_options(&self) -> TransactionOptions {
        TransactionOptions::default()
    }

    /// `REPEATABLE READ` is what PostgreSQL calls a snapshot; a transaction that only reads never fails by it.
    fn read_options(&self) -> TransactionOptions {
        TransactionOptions {
            isolation_level: Some(IsolationLevel::RepeatableRead),
            access_mode: Some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        }
    }

    async fn close_writer(&self) -> Result<(), sqlx::Error> {
        self.writer.pool().get_postgres_connection_pool().acquire().await?.close().await
    }

    async fn lock_schema(&self) -> Result<Option<DatabaseConnection>, DbErr> {
        open::lock_schema(&self.url.0).await.map(Some)
    }

    async fn settle(&self) -> Result<(), DbErr> {
        // The server ends itself when a sync fails, and recovers from its log.
        Ok(())
    }

    async fn journal_end(&self) -> Result<i64, DbErr> {
        Ok(0)
    }

    /// The server removes deleted rows from its files by itself.
    async fn empty_log(&self, _: i64) -> Result<bool, DbErr> {
        Ok(true)
    }

    /// Other nodes write at any time, so nothing is remembered.
    async fn version(&self, _: &DatabaseTransaction) -> Result<Option<i64>, DbErr> {
        Ok(None)
    }

    /// Rows lie in the order of their arrival, so that another row costs no extra page, and a journal would gain
    /// nothing.
    fn has_journal(&self) -> bool {
        false
    }

    async fn journaled(&self, _: &DatabaseTransaction) -> Result<Vec<(i64, Vec<ChunkRow>)>, DbErr> {
        Ok(Vec::new())
    }

    async fn damage(&self) -> Result<Vec<String>, DbErr> {
        Ok(Vec::new())
    }

    /// A failed statement ends the whole transaction, unless a savepoint is before it.
    fn needs_savepoints(&self) -> bool {
        true
    }

    /// Longer than the time that the server lets us wait for a lock: normally the server answers first, and says why.
    fn time_limit(&self) -> Option<Duration> {
        Some(TRANSACTION_LIMIT)
    }

    async fn commit(&self, transaction: DatabaseTransaction, set: &mut WriteSet) -> Result<(), DbErr> {
        let chunks = set.moved.drain(..).chain(set.new.drain(..)).collect();
        let chunks = gather_tracks(chunks);
        if !chunks.is_empty() {
            statements::insert_chunks(&transaction, chunks).await?;
        }
        let entries = set.entries();
        let rows = |row: transcript::Model| row.into_active_model().reset_all();
        insert(&transaction, set.transcripts.drain(..).map(rows).collect()).await?;
        search::insert_entries(&transaction, entries).await?;
        insert(&transaction, std::mem::take(&mut set.outcomes)).await?;
        let rows = |row: audit_entry::Model| row.into_active_model().reset_all();
        insert(&transaction, set.audit.drain(..).map(rows).collect()).await?;
        for change in set.take_changes(DatabaseBackend::Postgres) {
            transaction.execute_raw(change).await?;
        }
        let events = std::mem::take(&mut set.events);
        let told = !events.is_empty();
        if told {
            insert(&transaction, outbox::number_events(&transaction, events).await?).await?;
        }
        crash::point("commit.written");
        transaction.commit().await?;
        if told {
            self.outbox_written.notify_one();
        }
        Ok(())
    }

    fn outbox_written(&self) -> &Notify {
        &self.outbox_written
    }

    async fn listen(&self) -> Result<(), DbErr> {
        outbox::listen(&self.url.0, &self.outbox_written).await.map_err(|error| DbErr::Custom(error.to_string()))
    }

    /// Never holds, because there is no [`version`](Storage::version).
    async fn commit_alone(&self, _: i64, _: &mut WriteSet) -> Result<bool, DbErr> {
        Ok(false)
    }

    async fn lock_calls(&self, transaction: &DatabaseTransaction, calls: &[&CallRef]) -> Result<Vec<CallRow>, DbErr> {
        statements::lock_calls(transaction, calls).await
    }

    async fn last_rows(&self, transaction: &DatabaseTransaction, calls: &[Uuid]) -> Result<Vec<LastRow>, DbErr> {
        statements::last_rows(transaction, calls).await
    }

    async fn lock_name(&self, transaction: &DatabaseTransaction, name: &[u8; 32]) -> Result<(), DbErr> {
        statements::lock_name(transaction, name).await
    }

    async fn try_lock_name(&self, transaction: &DatabaseTransaction, name: &[u8; 32]) -> Result<bool, DbErr> {
        statements::try_lock_name(transaction, name).await
    }

    async fn check_writable(&self, transaction: &DatabaseTransaction) -> Result<(), DbErr> {
        statements::check_writable(transaction).await
    }

    fn has_other_nodes(&self) -> bool {
        true
    }

    async fn lease(&self, name: &str, holder: Uuid, span: Duration) -> Result<bool, DbErr> {
        statements::lease(&self.readers, name, holder, span).await
    }

    async fn end_lease(&self, name: &str, holder: Uuid) -> Result<(), DbErr> {
        statements::end_lease(&self.readers, name, holder).await
    }

    async fn leases(&self) -> Result<Vec<String>, DbErr> {
        statements::leases(&self.readers).await
    }

    fn chunk_reader(&self) -> Result<ChunkReader, DbErr> {
        Ok(ChunkReader::Postgres(chunks::postgres::Reader::new(self.readers.clone())))
    }

    async fn insert_entries(&self, transaction: &DatabaseTransaction, entries: Vec<SearchEntry>) -> Result<(), DbErr> {
        search::insert_entries(transaction, entries).await
    }

    async fn rewrite_small_index(&self, _: &DatabaseTransaction) -> Result<(), DbErr> {
        Ok(())
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

    /// The server has statistics, and decides itself.
    async fn is_common(&self, _: &DatabaseTransaction, _: &SearchQuery) -> Result<bool, DbErr> {
        Ok(false)
    }

    fn has_hit(&self, query: &SearchQuery, _: bool) -> SimpleExpr {
        search::has_hit(query)
    }

    fn free_bytes(&self) -> io::Result<Option<u64>> {
        Ok(None)
    }

    async fn size_bytes(&self) -> Result<u64, DbErr> {
        statements::size_bytes(&self.readers).await
    }
}

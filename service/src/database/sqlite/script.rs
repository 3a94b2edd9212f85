//! Writes a set of gathered rows by few multi-statement scripts. Separate statements would each wake the connection's
//! thread, and then the writer. A set that comes without an open transaction, as most do, is one script that is its own
//! transaction.
//!
//! The forms of a transaction, from the most to the least frequent:
//!
//! 1. New chunks only: one `INSERT` into the journal, which is its own transaction.
//!
//! 2. Other rows as well, and nothing to ask: `BEGIN`, the inserts and `COMMIT` in one text.
//!
//! 3. Requests that ask or change something: an open transaction, in which this text comes last.
//!
//! The first two begin from what the writer remembers, so they must not commit if that is stale. They check the data
//! version in the statement that writes, since a check of its own would be another round trip, and would leave a gap.

use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, EntityName, EntityTrait,
    IdenStatic, IntoActiveModel, Iterable, Statement, Value,
};

use super::{journal, search};
use crate::{
    chunks::{ChunkRow, gather_tracks},
    crash,
    database::{Connections, WriteSet, failure::is_null_refused},
    entries::SearchEntry,
};

/// Limits of the number of rows in one `INSERT`. It is rounded up to a power of two, so that few distinct scripts have
/// to be prepared and cached. The rare transaction with more rows runs each of its largest statements as a script of
/// its own, because prepared statements take memory.
const ROOM_MIN: usize = 8;
const ROOM_MAX: usize = 256;
/// Fills the columns of unused row slots.
const NULL: Value = Value::Bytes(None);

/// Writes a set in an open transaction, and commits it.
///
/// If journal rows are deleted, the chunks that leave them are inserted by an earlier statement. The order is a matter
/// of taste within a transaction, but tests crash between the two.
pub(super) async fn commit(transaction: DatabaseTransaction, set: &mut WriteSet) -> Result<(), DbErr> {
    let mut script = Script::new("INSERT INTO");
    if let Some((id, data)) = journal::row(set) {
        script.last.sql += "INSERT INTO chunk_journal (id, data) VALUES (?, ?); ";
        script.last.values.extend([id.into(), data.into()]);
    }
    script.insert_moved(set);
    if set.emptied.is_some() {
        for statement in std::mem::replace(&mut script, Script::new("INSERT INTO")).end() {
            transaction.execute_raw(statement).await?;
        }
        crash::point("commit.moved");
    }
    script.add_rest(set);
    for statement in script.end() {
        transaction.execute_raw(statement).await?;
    }
    crash::point("commit.written");
    transaction.commit().await
}

/// Inserts entries of the index for search.
pub(super) async fn insert_entries(transaction: &DatabaseTransaction, entries: Vec<SearchEntry>) -> Result<(), DbErr> {
    let mut script = Script::new("INSERT INTO");
    script.insert_entries(entries);
    for statement in script.end() {
        transaction.execute_raw(statement).await?;
    }
    Ok(())
}

/// Writes a set as a transaction of its own. Writes nothing and returns false if the data version is no longer
/// `version`.
///
/// The set is emptied as its statements are built. If this returns false, the caller drops its state and does the work
/// again from the database.
///
/// # Errors
/// A failing database; nothing was written then, unless the connection failed after the commit, which nobody can tell.
pub(super) async fn commit_alone(writer: &Connections, version: i64, set: &mut WriteSet) -> Result<bool, DbErr> {
    let added = match journal::row(set) {
        Some((id, data)) if set.has_only_new() => {
            let done = writer.execute_raw(insert_journal(version, id, data)).await;
            done.map(|done| done.rows_affected() > 0)
        }
        journal => run(writer, Script::transaction(version, journal, set)).await,
    };
    match added {
        Err(error) if is_null_refused(&error) => Ok(false),
        added => added,
    }
}

/// Runs a transaction whose last statement returns a row after the commit. A connection thread that ends half-way
/// returns no row and no error, so a missing row is treated as a failure.
async fn run(writer: &Connections, transaction: Vec<Statement>) -> Result<bool, DbErr> {
    let mut answer = None;
    for statement in transaction {
        answer = writer.query_one_raw(statement).await?;
    }
    answer.map(|_| true).ok_or_else(|| DbErr::Custom("the connection has not said that it has committed".to_owned()))
}

/// A single `INSERT` into the journal, which is its own transaction.
fn insert_journal(version: i64, id: i64, data: Vec<u8>) -> Statement {
    let sql = "INSERT INTO chunk_journal (id, data) SELECT ?, ? FROM pragma_data_version WHERE data_version = ?";
    Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, [id.into(), data.into(), version.into()])
}

/// Several statements with their values.
#[derive(Default)]
struct Text {
    sql: String,
    values: Vec<Value>,
}

impl From<Text> for Statement {
    fn from(text: Text) -> Self {
        Self::from_sql_and_values(DatabaseBackend::Sqlite, text.sql, text.values)
    }
}

/// The statements that write a set, as few texts as possible.
struct Script {
    /// How an `INSERT` begins.
    insert: &'static str,
    ended: Vec<Statement>,
    last: Text,
}

impl Script {
    fn new(insert: &'static str) -> Self {
        Self { insert, ended: Vec::new(), last: Text::default() }
    }

    /// Builds a whole transaction. If the data version differs, its first statement tries to insert a row without data,
    /// which SQLite refuses. Every `INSERT` that may be refused rolls back the whole transaction (`OR ROLLBACK`).
    /// SQLite then needs no statement journal, except for foreign key checks.
    fn transaction(version: i64, journal: Option<(i64, Vec<u8>)>, set: &mut WriteSet) -> Vec<Statement> {
        let (sql, values) = match journal {
            Some((id, data)) => (
                "SELECT ?, CASE data_version WHEN ? THEN ? END FROM pragma_data_version; ",
                vec![id.into(), version.into(), data.into()],
            ),
            None => ("SELECT NULL, NULL FROM pragma_data_version WHERE data_version <> ?; ", vec![version.into()]),
        };
        let begin = "BEGIN IMMEDIATE; INSERT OR ROLLBACK INTO chunk_journal (id, data) ";
        let mut script = Self::new("INSERT OR ROLLBACK INTO");
        script.last = Text { sql: [begin, sql].concat(), values };
        script.insert_moved(set);
        script.add_rest(set);
        script.last.sql += "COMMIT; SELECT 1";
        script.end()
    }

    fn insert_moved(&mut self, set: &mut WriteSet) {
        let rows = gather_tracks(std::mem::take(&mut set.moved));
        self.insert(rows.into_iter().map(ChunkRow::into_model));
    }

    /// Appends what is written beside chunks.
    fn add_rest(&mut self, set: &mut WriteSet) {
        if let Some(last) = set.emptied.take() {
            self.last.sql += "DELETE FROM chunk_journal WHERE id <= ?; ";
            self.last.values.push(last.into());
        }
        let entries = set.entries();
        let transcripts = std::mem::take(&mut set.transcripts).into_iter();
        self.insert(transcripts.map(|row| row.into_active_model().reset_all()));
        self.insert_entries(entries);
        self.insert(std::mem::take(&mut set.outcomes).into_iter());
        let audit = std::mem::take(&mut set.audit).into_iter();
        self.insert(audit.map(|row| row.into_active_model().reset_all()));
        self.insert(std::mem::take(&mut set.events).into_iter());
        for change in set.take_changes(DatabaseBackend::Sqlite) {
            self.end_text();
            self.ended.push(change);
        }
    }

    /// Appends statements that insert rows.
    ///
    /// Slots are filled up with rows of NULL, which the statement leaves out: sizes of 8, 16, 32 and so on up to 256
    /// serve every number of rows, so there are few distinct texts to prepare.
    fn insert<A: ActiveModelTrait>(&mut self, mut rows: impl ExactSizeIterator<Item = A>) {
        while rows.len() > ROOM_MAX {
            self.end_text();
            self.insert_slots(&mut rows, ROOM_MAX);
            self.end_text();
        }
        if rows.len() > 0 {
            let room = rows.len().next_power_of_two().max(ROOM_MIN);
            self.insert_slots(&mut rows, room);
        }
    }

    /// Appends an `INSERT` with slots for `room` rows. The first column is never NULL in a real row, so a NULL there
    /// marks an unused slot.
    fn insert_slots<A: ActiveModelTrait>(&mut self, rows: &mut impl Iterator<Item = A>, room: usize) {
        let columns: Vec<_> = <A::Entity as EntityTrait>::Column::iter().collect();
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        self.last.sql += &format!(
            "{} {} ({}) SELECT * FROM (VALUES {}) WHERE column1 IS NOT NULL; ",
            self.insert,
            A::Entity::default().table_name(),
            names.join(", "),
            vec![row; room].join(", ")
        );
        for _ in 0..room {
            let mut row = rows.next();
            let value = |&column| row.as_mut().and_then(|row| row.take(column).into_value()).unwrap_or(NULL);
            self.last.values.extend(columns.iter().map(value));
        }
    }

    /// Appends statements that insert entries of the index for search, with slots as in [`insert`](Self::insert).
    fn insert_entries(&mut self, entries: Vec<SearchEntry>) {
        let mut entries = entries.into_iter();
        while entries.len() > 0 {
            if entries.len() > ROOM_MAX {
                self.end_text();
            }
            let room = entries.len().min(ROOM_MAX).next_power_of_two().max(ROOM_MIN);
            self.last.sql += &search::insert_entries(self.insert, room);
            for _ in 0..room {
                let values = entries.next().map_or([NULL, NULL, NULL], search::entry_values);
                self.last.values.extend(values);
            }
            if entries.len() > 0 {
                self.end_text();
            }
        }
    }

    fn end_text(&mut self) {
        if !self.last.sql.is_empty() {
            self.ended.push(std::mem::take(&mut self.last).into());
        }
    }

    fn end(mut self) -> Vec<Statement> {
        self.end_text();
        self.ended
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests;

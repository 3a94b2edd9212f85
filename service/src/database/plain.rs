//! Transactions that only insert rows, as most do. On SQLite each goes to the connection's thread as one
//! multi-statement script. Separate statements would each wake that thread, and then the writer.

use entity::{audit_entry, transcript};
use sea_orm::{
    ActiveModelTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityName, EntityTrait, IdenStatic, IntoActiveModel,
    Iterable, Statement, Value,
};

use super::{Connections, failure::is_null_refused};
use crate::chunks::ChunkRow;

/// Limits of the number of rows in one `INSERT`. It is rounded up to a power of two, so that few distinct scripts have
/// to be prepared and cached. The rare transaction with more rows runs each of its largest statements as a script of
/// its own, because prepared statements take memory.
const ROOM_MIN: usize = 8;
const ROOM_MAX: usize = 256;
/// Fills the columns of unused row slots.
const NULL: Value = Value::Bytes(None);

/// The rows that such a transaction inserts, and the journal rows it deletes.
#[derive(Default)]
pub(crate) struct Additions {
    /// A new row of the chunk journal: id and data.
    pub journal: Option<(i64, Vec<u8>)>,
    /// Chunks of earlier journal rows, which move to `audio_chunk`.
    pub moved: Vec<ChunkRow>,
    /// The last journal row that has moved entirely. It and all earlier ones are deleted.
    pub journaled: Option<i64>,
    pub transcripts: Vec<transcript::Model>,
    pub audit: Vec<audit_entry::Model>,
}

/// See [`Database::add`](super::Database::add).
pub(super) async fn add(writer: &Connections, version: i64, mut additions: Additions) -> Result<bool, DbErr> {
    let journal = additions.journal.take();
    let added = match journal {
        Some((id, data)) if additions.is_empty() => {
            let done = writer.execute_raw(Text::journal(version, id, data).into()).await;
            done.map(|done| done.rows_affected() > 0)
        }
        journal => commit(writer, Script::transaction(version, journal, additions)).await,
    };
    match added {
        Err(error) if is_null_refused(&error) => Ok(false),
        added => added,
    }
}

/// Runs a transaction whose last statement returns a row after the commit. A connection thread that ends half-way
/// returns no row and no error, so a missing row is treated as a failure.
async fn commit(writer: &Connections, texts: Vec<Text>) -> Result<bool, DbErr> {
    let mut answer = None;
    for text in texts {
        answer = writer.query_one_raw(text.into()).await?;
    }
    answer.map(|_| true).ok_or_else(|| DbErr::Custom("the connection has not said that it has committed".to_owned()))
}

impl Additions {
    fn is_empty(&self) -> bool {
        let Self { journal, moved, journaled, transcripts, audit } = self;
        journal.is_none() && moved.is_empty() && journaled.is_none() && transcripts.is_empty() && audit.is_empty()
    }
}

/// A multi-statement script with the values of all its statements.
#[derive(Default)]
struct Text {
    sql: String,
    values: Vec<Value>,
}

impl Text {
    /// A single `INSERT` into the journal, which is its own transaction.
    fn journal(version: i64, id: i64, data: Vec<u8>) -> Self {
        let sql = "INSERT INTO chunk_journal (id, data) SELECT ?, ? FROM pragma_data_version WHERE data_version = ?";
        Self { sql: sql.to_owned(), values: vec![id.into(), data.into(), version.into()] }
    }

    /// Appends an `INSERT` with slots for `room` rows. The first column is never NULL in a real row, so a NULL there
    /// marks an unused slot.
    fn insert<A: ActiveModelTrait>(&mut self, rows: &mut impl Iterator<Item = A>, room: usize) {
        let columns: Vec<_> = <A::Entity as EntityTrait>::Column::iter().collect();
        let names: Vec<&str> = columns.iter().map(IdenStatic::as_str).collect();
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        self.sql += &format!(
            "INSERT OR ROLLBACK INTO {} ({}) SELECT * FROM (VALUES {}) WHERE column1 IS NOT NULL; ",
            A::Entity::default().table_name(),
            names.join(", "),
            vec![row; room].join(", ")
        );
        for _ in 0..room {
            let mut row = rows.next();
            let value = |&column| row.as_mut().and_then(|row| row.take(column).into_value()).unwrap_or(NULL);
            self.values.extend(columns.iter().map(value));
        }
    }
}

impl From<Text> for Statement {
    fn from(text: Text) -> Self {
        Self::from_sql_and_values(DatabaseBackend::Sqlite, text.sql, text.values)
    }
}

/// The scripts of one transaction.
struct Script {
    texts: Vec<Text>,
    last: Text,
}

impl Script {
    /// Builds a whole transaction. If the data version differs, its first statement tries to insert a row without data,
    /// which SQLite refuses. Every statement that may be refused rolls back the whole transaction (`OR ROLLBACK`).
    /// SQLite then needs no statement journal, except for foreign key checks.
    fn transaction(version: i64, journal: Option<(i64, Vec<u8>)>, additions: Additions) -> Vec<Text> {
        let (sql, values) = match journal {
            Some((id, data)) => (
                "SELECT ?, CASE data_version WHEN ? THEN ? END FROM pragma_data_version; ",
                vec![id.into(), version.into(), data.into()],
            ),
            None => ("SELECT NULL, NULL FROM pragma_data_version WHERE data_version <> ?; ", vec![version.into()]),
        };
        let begin = "BEGIN IMMEDIATE; INSERT OR ROLLBACK INTO chunk_journal (id, data) ";
        let mut script = Self { texts: Vec::new(), last: Text { sql: [begin, sql].concat(), values } };
        script.insert(additions.moved.into_iter().map(ChunkRow::into_model));
        if let Some(last) = additions.journaled {
            script.last.sql += "DELETE FROM chunk_journal WHERE id <= ?; ";
            script.last.values.push(last.into());
        }
        script.insert(additions.transcripts.into_iter().map(|row| row.into_active_model().reset_all()));
        script.insert(additions.audit.into_iter().map(|row| row.into_active_model().reset_all()));
        script.last.sql += "COMMIT; SELECT 1";
        script.texts.push(script.last);
        script.texts
    }

    /// Appends statements that insert rows.
    fn insert<A: ActiveModelTrait>(&mut self, mut rows: impl ExactSizeIterator<Item = A>) {
        while rows.len() > ROOM_MAX {
            self.end_text();
            self.last.insert(&mut rows, ROOM_MAX);
            self.end_text();
        }
        if rows.len() > 0 {
            let room = rows.len().next_power_of_two().max(ROOM_MIN);
            self.last.insert(&mut rows, room);
        }
    }

    fn end_text(&mut self) {
        if !self.last.sql.is_empty() {
            self.texts.push(std::mem::take(&mut self.last));
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests;

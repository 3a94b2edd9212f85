//! Rows of `search_entry`, the index of full-text search. Each transcript has one, stored and changed in the same
//! transaction; it goes with its transcript by a foreign key.

use entity::{
    search_entry::{Column, Entity},
    transcript,
};
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, sea_query::Expr};
use uuid::Uuid;

use crate::words::folded;

/// Bits of an entry's place below the start time of its call.
pub(crate) const NUMBER_BITS: u32 = 21;
/// The latest start time that a place can hold, in the year 2109. Later calls are sorted as if they began then.
pub(crate) const START_MAX: i64 = (1 << 42) - 1;

/// A new row of `search_entry`. The statement that inserts it adds what it reads from the call.
pub(crate) struct SearchEntry {
    pub transcript: Uuid,
    pub call: Uuid,
    /// The folded text.
    pub text: String,
}

impl SearchEntry {
    /// The entry of a transcript.
    pub(crate) fn of(row: &transcript::Model) -> Self {
        Self { transcript: row.id, call: row.call_id, text: folded(row.text.expose()) }
    }
}

/// Changes the entry of a stored transcript whose text has changed. A transcript that is not indexed yet has none, and
/// gets one with its latest text.
pub(crate) async fn change_entry(transaction: &DatabaseTransaction, row: &transcript::Model) -> Result<(), DbErr> {
    let change = Entity::update_many().col_expr(Column::Text, Expr::val(folded(row.text.expose())));
    change.filter(Column::TranscriptId.eq(row.id)).exec(transaction).await.map(drop)
}

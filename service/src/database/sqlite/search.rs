//! Full-text search in SQLite: the FTS5 table `search_text` over the texts of `search_entry`, kept by triggers.
//!
//! An entry's place is the start time of its call and a number, so FTS5 returns the newest calls first from the index,
//! whatever the number of hits. Entries of calls that began in the same millisecond count up from there.
//!
//! `rowid` of the FTS5 table is the entry's place, so the condition `rowid < ?` bounds the lists of the index itself,
//! and `ORDER BY rowid DESC` reads them backwards: the cost of a page is that of its hits and not of all hits.

use entity::search_entry::{Column, Entity};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, FromQueryResult, Order, Statement, Value,
    sea_query::{Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use crate::{
    database::hits::{Hit, HitsFrom},
    entries::{NUMBER_BITS, START_MAX},
    words::{SearchQuery, Term},
};

/// Up to so many hits, the calls of all of them are read; beyond, each call is asked whether it has one.
const FEW: u64 = 10_000;

/// An `INSERT` of entries with `room` slots of transcript, call and text. Unused slots are NULL.
pub(super) fn insert_entries(insert: &str, room: usize) -> String {
    let slots = vec!["(?, ?, ?)"; room].join(", ");
    let numbers = 1_i64 << NUMBER_BITS;
    format!(
        "{insert} search_entry (place, transcript_id, call_id, text) SELECT \
        CASE WHEN next < first + {numbers} THEN next ELSE (SELECT MAX(place) FROM search_entry) + number END, \
        transcript, call, text FROM (SELECT *, start << {NUMBER_BITS} AS first, COALESCE((SELECT MAX(e.place) + 1 \
        FROM search_entry e WHERE e.place >= start << {NUMBER_BITS} AND e.place < (start + 1) << {NUMBER_BITS}), \
        start << {NUMBER_BITS}) + nth - 1 AS next FROM (SELECT column1 AS transcript, column2 AS call, column3 AS text, \
        MIN(start_time, {START_MAX}) AS start, ROW_NUMBER() OVER (ORDER BY column1) AS number, \
        ROW_NUMBER() OVER (PARTITION BY MIN(start_time, {START_MAX}) ORDER BY column1) AS nth \
        FROM (VALUES {slots}) CROSS JOIN call ON call.id = column2 WHERE column1 IS NOT NULL)); "
    )
}

/// A query in FTS5's language. Words are quoted, so that none is an operator.
///
/// Words are folded and hold letters and digits only, so quotes inside quotes cannot occur. A phrase is one quoted
/// string; an asterisk behind it makes its last word a prefix.
fn fts(query: &SearchQuery) -> String {
    fn term(term: &Term) -> String {
        format!("\"{}\"{}", term.words.join(" "), if term.is_prefix { " *" } else { "" })
    }
    let positive: Vec<_> = query.positive().map(term).collect();
    let negative: Vec<_> = query.negative().map(term).collect();
    let positive = positive.join(" AND ");
    if negative.is_empty() { positive } else { format!("({positive}) NOT ({})", negative.join(" OR ")) }
}

/// The entries that match, to be completed. A `CROSS JOIN` makes SQLite read the hits first.
fn matching(query: &SearchQuery) -> SelectStatement {
    Query::select()
        .from("search_text")
        .cross_join(Entity)
        .and_where(Expr::cust("search_entry.place = search_text.rowid"))
        .and_where(Expr::cust_with_values("search_text MATCH ?", [fts(query)]))
        .take()
}

/// The next hits.
pub(super) async fn hits(
    on: &DatabaseTransaction,
    query: &SearchQuery,
    fits: SimpleExpr,
    from: HitsFrom,
    limit: u64,
) -> Result<Vec<Hit>, DbErr> {
    let (end, _) = from.end();
    let select = matching(query)
        .columns([
            (Entity, Column::Id),
            (Entity, Column::Place),
            (Entity, Column::TranscriptId),
            (Entity, Column::CallId),
        ])
        .expr_as(fits, "fits")
        .and_where(Expr::cust_with_values("search_text.rowid < ?", [end]))
        .order_by_expr(Expr::cust("search_text.rowid"), Order::Desc)
        .limit(limit)
        .take();
    Hit::find_by_statement(DatabaseBackend::Sqlite.build(&select)).all(on).await
}

/// Whether a query has so many hits that its calls should not be gathered first.
///
/// Looks for the hit after the 10,000th, so it stops there and costs a millisecond or two for the most common word.
pub(super) async fn is_common(on: &DatabaseTransaction, query: &SearchQuery) -> Result<bool, DbErr> {
    let first = Query::select()
        .expr(Expr::val(1))
        .from("search_text")
        .and_where(Expr::cust_with_values("search_text MATCH ?", [fts(query)]))
        .offset(FEW)
        .limit(1)
        .take();
    Ok(on.query_one_raw(DatabaseBackend::Sqlite.build(&first)).await?.is_some())
}

/// The condition that a call has a hit.
///
/// Two forms, since neither is good for both. A rare word gives a list of calls, which is read once. For a common word
/// that list would be long, and asking a single call is a look into a small range of places: its entries begin at its
/// start.
pub(super) fn has_hit(query: &SearchQuery, is_common: bool) -> SimpleExpr {
    let mut entries = matching(query);
    if is_common {
        let start = format!("MIN(call.start_time, {START_MAX})");
        let range = format!(
            "search_text.rowid >= {start} << {NUMBER_BITS} AND search_text.rowid < ({start} + 1) << {NUMBER_BITS} \
            AND search_entry.call_id = call.id"
        );
        return Expr::exists(entries.expr(Expr::val(1)).and_where(Expr::cust(range)).take());
    }
    let calls = entries.column((Entity, Column::CallId)).take();
    Expr::col((entity::call::Entity, entity::call::Column::Id)).in_subquery(calls)
}

/// The values of entries for [`insert_entries`].
pub(super) fn entry_values(entry: crate::entries::SearchEntry) -> [Value; 3] {
    [entry.transcript.into(), entry.call.into(), entry.text.into()]
}

/// Up to so many pages, about 16 MiB, the index is written anew to remove what deletions leave.
const SMALL: i64 = 4_096;

/// Writes a small index anew. The first words of pages are also in an index of pages, from which FTS5 does not delete.
///
/// FTS5 marks deleted entries and merges them away later, so their words stay in its tables for a while. `optimize`
/// merges all of it at once. A large index is left to the merges that come with every write; SECURITY.md says so.
pub(super) async fn rewrite_small_index(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    let query = Statement::from_string(DatabaseBackend::Sqlite, "SELECT COUNT(*) FROM search_text_data");
    let pages: i64 = match transaction.query_one_raw(query).await? {
        Some(row) => row.try_get_by_index(0)?,
        None => 0,
    };
    if pages <= SMALL {
        transaction.execute_unprepared("INSERT INTO search_text (search_text) VALUES ('optimize')").await?;
    }
    Ok(())
}

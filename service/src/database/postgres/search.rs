//! Full-text search in PostgreSQL: a GIN index over the words of `search_entry`. Phrases are compared with the text of
//! the rows that have their words, so positions, which `tsvector` limits, are not needed.
//!
//! The index returns hits in no order. A common word is therefore looked for in the newest entries, read in order; only
//! if they do not fill the page is the word rare enough for the index.
//!
//! A query asks twice. First the newest 20,000 entries, in order, without the index of words: a word that is said in
//! every tenth utterance fills a page after a few hundred of them. Then, for what is missing, the index of words among
//! all older entries: a word that did not fill the page is rare there, so its hits can be sorted.

use entity::search_entry::{Column, Entity};
use sea_orm::{
    ConnectionTrait, DatabaseBackend, DatabaseTransaction, DbErr, FromQueryResult, Order, Statement, Value,
    sea_query::{ArrayType, Expr, ExprTrait, Query, SelectStatement, SimpleExpr},
};

use crate::{
    database::hits::{Hit, HitsFrom},
    entries::{NUMBER_BITS, START_MAX, SearchEntry},
    words::{SearchQuery, Term},
};
use audio::number::wide;

/// How many of the newest entries are read before the index of words is asked.
const NEWEST: u64 = 20_000;

/// Inserts entries.
pub(super) async fn insert_entries(transaction: &DatabaseTransaction, entries: Vec<SearchEntry>) -> Result<(), DbErr> {
    if entries.is_empty() {
        return Ok(());
    }
    fn array(kind: ArrayType, values: impl Iterator<Item = Value>) -> Value {
        Value::Array(kind, Some(values.collect::<Vec<_>>().into()))
    }
    let columns = [
        array(ArrayType::Uuid, entries.iter().map(|entry| entry.transcript.into())),
        array(ArrayType::Uuid, entries.iter().map(|entry| entry.call.into())),
        array(ArrayType::String, entries.into_iter().map(|entry| entry.text.into())),
        START_MAX.into(),
        NUMBER_BITS.cast_signed().into(),
    ];
    let insert = Statement::from_sql_and_values(
        DatabaseBackend::Postgres,
        "INSERT INTO search_entry (place, transcript_id, call_id, text)
        SELECT LEAST(call.start_time, $4) << $5, row.transcript_id, row.call_id, row.text
        FROM unnest($1::uuid[], $2::uuid[], $3::text[]) AS row(transcript_id, call_id, text)
        JOIN call ON call.id = row.call_id",
        columns,
    );
    transaction.execute_raw(insert).await.map(drop)
}

/// The condition that an entry has the words of a query. Words hold letters and digits alone, so none has a meaning in
/// `tsquery` or `LIKE`.
///
/// A phrase needs its words in the index, which it shares with the query, and then the text itself, compared by `LIKE`
/// with a space on either side. So a phrase costs as much as its words and is never found across the borders of words.
fn matches(query: &SearchQuery) -> SimpleExpr {
    fn words(term: &Term) -> String {
        let last = term.words.len() - 1;
        let lexeme = |(index, word): (usize, &String)| {
            format!("'{word}'{}", if index == last && term.is_prefix { ":*" } else { "" })
        };
        term.words.iter().enumerate().map(lexeme).collect::<Vec<_>>().join(" & ")
    }
    let phrase = |term: &Term| {
        let end = if term.is_prefix { "" } else { " " };
        Expr::cust("' ' || search_entry.text || ' '").like(format!("% {}{end}%", term.words.join(" ")))
    };
    let alone = |term: &&Term| term.words.len() == 1;
    let mut lexemes: Vec<_> = query.positive().map(words).collect();
    lexemes.extend(query.negative().filter(alone).map(|term| format!("!{}", words(term))));
    let vector = "array_to_tsvector(string_to_array(search_entry.text, ' ')) @@ CAST($1 AS tsquery)";
    let mut condition = Expr::cust_with_values(vector, [lexemes.join(" & ")]);
    for term in query.positive().filter(|term| !alone(term)) {
        condition = condition.and(phrase(term));
    }
    for term in query.negative().filter(|term| !alone(term)) {
        condition = condition.and(phrase(term).not());
    }
    condition
}

/// The next hits.
pub(super) async fn hits(
    on: &DatabaseTransaction,
    query: &SearchQuery,
    fits: SimpleExpr,
    from: HitsFrom,
    limit: u64,
) -> Result<Vec<Hit>, DbErr> {
    let (place, id) = from.end();
    let below = |key: &str| {
        let entry = Expr::tuple([Expr::cust(key.to_owned()), Expr::cust("search_entry.id")]);
        entry.lt(Expr::tuple([Expr::val(place), Expr::val(id)]))
    };
    let newest = Query::select()
        .column((Entity, Column::Place))
        .from(Entity)
        .and_where(below("search_entry.place"))
        .order_by_expr(Expr::cust("search_entry.place"), Order::Desc)
        .order_by_expr(Expr::cust("search_entry.id"), Order::Desc)
        .offset(NEWEST)
        .limit(1)
        .take();
    let oldest: Option<i64> = match on.query_one_raw(DatabaseBackend::Postgres.build(&newest)).await? {
        Some(row) => Some(row.try_get_by_index(0)?),
        None => None,
    };
    let mut found = Vec::new();
    if let Some(oldest) = oldest {
        let mut select = select(query, fits.clone(), "search_entry.place", limit);
        select
            .and_where(below("search_entry.place"))
            .and_where(Expr::cust_with_values("search_entry.place > $1", [oldest]));
        found = Hit::find_by_statement(DatabaseBackend::Postgres.build(&select)).all(on).await?;
    }
    let missing = limit.saturating_sub(wide(found.len()));
    if missing > 0 {
        // A sum has no index, so that the rest is not read in order.
        let key = "search_entry.place + 0";
        let mut select = select(query, fits, key, missing);
        select.and_where(below(key));
        if let Some(oldest) = oldest {
            select.and_where(Expr::cust_with_values("search_entry.place + 0 <= $1", [oldest]));
        }
        found.extend(Hit::find_by_statement(DatabaseBackend::Postgres.build(&select)).all(on).await?);
    }
    Ok(found)
}

fn select(query: &SearchQuery, fits: SimpleExpr, key: &'static str, limit: u64) -> SelectStatement {
    Query::select()
        .columns([Column::Id, Column::Place, Column::TranscriptId, Column::CallId].map(|column| (Entity, column)))
        .expr_as(fits, "fits")
        .from(Entity)
        .and_where(matches(query))
        .order_by_expr(Expr::cust(key), Order::Desc)
        .order_by_expr(Expr::cust("search_entry.id"), Order::Desc)
        .limit(limit)
        .take()
}

/// The condition that a call has a hit.
pub(super) fn has_hit(query: &SearchQuery) -> SimpleExpr {
    let entries = Query::select()
        .expr(Expr::val(1))
        .from(Entity)
        .and_where(Expr::cust("search_entry.call_id = call.id"))
        .and_where(matches(query))
        .take();
    Expr::exists(entries)
}

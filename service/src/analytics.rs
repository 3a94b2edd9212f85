//! Analytics: snapshots of a call's figures. Every snapshot is kept.
//!
//! A client sends snapshots as a call goes on; none replaces another, so a list of them is a history. Figures are the
//! client's, and nothing is computed from them.

use std::collections::HashMap;

use entity::{
    analytics::{ActiveModel, Column, Entity, Model},
    call,
};
use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, Order, Query},
};
use serde_json::Value;
use uuid::Uuid;

pub use entity::analytics::Sentiment;

use crate::{
    Author, Error, Idempotency, Page, Slice, Timestamp,
    calls::CallRef,
    core::Core,
    limits::{JSON_MAX_BYTES, check_json},
    outbox::Cause,
};

/// A snapshot of a call's figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Analytics {
    /// UUIDv7, in order of arrival.
    pub id: Uuid,
    /// The call's id.
    pub call_id: Uuid,
    /// The mood of the call.
    pub sentiment: Option<Sentiment>,
    /// Strength of the mood, 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Seconds of speech.
    pub talk_time: Option<f64>,
    /// Seconds of silence.
    pub silence_time: Option<f64>,
    /// How often one speaker interrupted the other.
    pub interruptions: Option<u32>,
    /// The agent's mean response time, in milliseconds.
    pub average_latency_ms: Option<f64>,
    /// Free-form figures, a JSON object.
    pub metrics: Option<Value>,
    /// The moment that the figures describe.
    pub snapshot_time: Timestamp,
    /// When the snapshot was stored.
    pub created_at: Timestamp,
    /// The API key that wrote it, or `token:` and the key that made the call token; `None` without a key.
    pub created_by: Option<String>,
}

impl From<Model> for Analytics {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            call_id: row.call_id,
            sentiment: row.sentiment,
            sentiment_score: row.sentiment_score,
            talk_time: row.talk_time,
            silence_time: row.silence_time,
            interruptions: row.interruptions.map(i32::unsigned_abs),
            average_latency_ms: row.average_latency_ms,
            metrics: row.metrics,
            snapshot_time: row.snapshot_time,
            created_at: row.created_at,
            created_by: row.created_by,
        }
    }
}

/// A new snapshot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewAnalytics {
    /// The mood of the call.
    pub sentiment: Option<Sentiment>,
    /// Strength of the mood, 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Seconds of speech.
    pub talk_time: Option<f64>,
    /// Seconds of silence.
    pub silence_time: Option<f64>,
    /// How often one speaker interrupted the other.
    pub interruptions: Option<u32>,
    /// The agent's mean response time, in milliseconds.
    pub average_latency_ms: Option<f64>,
    /// Free-form figures, a JSON object.
    pub metrics: Option<Value>,
    /// The moment that the figures describe; now by default.
    pub snapshot_time: Option<Timestamp>,
}

/// Operations on analytics.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, CallRef, NewAnalytics, NewCall, Page};
///
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// let call = CallRef::parse(&call.stream_sid).unwrap();
/// for talk_time in [12.5, 31.0] {
///     let new = NewAnalytics { talk_time: Some(talk_time), ..NewAnalytics::default() };
///     callstore.analytics.add(&call, new, Author::default(), None).await?;
/// }
/// // All snapshots are kept.
/// let page = callstore.analytics.list(&call, Page { limit: 1, offset: 0 }).await?;
/// assert_eq!((page.items.len(), page.has_more), (1, true));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct AnalyticsSnapshots {
    core: Core,
}

impl AnalyticsSnapshots {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Stores a snapshot. With `idempotency`, a retry returns the stored outcome.
    ///
    /// # Errors
    /// `CallNotFound`, `Invalid` for metrics that are too large or too deep, `IdempotencyKeyReused`, or a failing
    /// database.
    pub async fn add(
        &self,
        call: &CallRef,
        new: NewAnalytics,
        author: Author,
        idempotency: Option<&Idempotency>,
    ) -> Result<Analytics, Error> {
        check_json("/metrics", new.metrics.as_ref())?;
        let interruptions = new.interruptions.map(i32::try_from).transpose();
        let interruptions = interruptions
            .map_err(|_| Error::invalid("/interruptions", "Expected a whole number from 0 to 2,147,483,647."))?;
        let (core, about, call, idempotency) = (self.core.clone(), call, call.clone(), idempotency.cloned());
        let stored = self.core.write(Some(about), JSON_MAX_BYTES, move |batch| {
            async move {
                if let Some(before) = batch.recall(idempotency.as_ref()).await? {
                    return Ok(before);
                }
                let call_id = batch.call_id(&call).await?;
                let created_at = core.now();
                let row = ActiveModel {
                    id: Set(core.ids.next()),
                    call_id: Set(call_id),
                    sentiment: Set(new.sentiment),
                    sentiment_score: Set(new.sentiment_score),
                    talk_time: Set(new.talk_time),
                    silence_time: Set(new.silence_time),
                    interruptions: Set(interruptions),
                    average_latency_ms: Set(new.average_latency_ms),
                    metrics: Set(new.metrics),
                    snapshot_time: Set(new.snapshot_time.unwrap_or(created_at)),
                    created_at: Set(created_at),
                    created_by: Set(author.created_by()),
                };
                let stored = Entity::insert(row).exec_with_returning(batch.transaction()).await?;
                core.note_write(batch.state(), call_id);
                batch.state().tell(Cause::analytics_added(call_id, stored.id), created_at);
                batch.record(idempotency.as_ref(), Some(call_id), &stored)?;
                Ok(stored)
            }
            .boxed()
        });
        Ok(stored.await?.into())
    }

    /// A call's snapshots, newest first.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn list(&self, call: &CallRef, page: Page) -> Result<Slice<Analytics>, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        Ok(analytics_of(&snapshot, call.id, page).await?)
    }
}

/// A part of a call's snapshots, by the call's id.
pub(crate) async fn analytics_of(
    connection: &impl ConnectionTrait,
    call: Uuid,
    page: Page,
) -> Result<Slice<Analytics>, DbErr> {
    let rows = select(call, page).all(connection).await?;
    Ok(Slice::cut(rows, page.limit))
}

/// The latest snapshot of each of several calls, read in one query. Calls without any are left out.
pub(crate) async fn latest_of_calls(
    connection: &impl ConnectionTrait,
    calls: &[Uuid],
) -> Result<HashMap<Uuid, Analytics>, DbErr> {
    let rows = select_latest(calls).all(connection).await?;
    Ok(rows.into_iter().map(|row| (row.call_id, row.into())).collect())
}

/// Steps into the index once for each call, however many snapshots a call has.
fn select_latest(calls: &[Uuid]) -> sea_orm::Select<Entity> {
    const ONE: &str = "one";
    let newest = Query::select()
        .column((ONE, Column::Id))
        .from_as(Entity, ONE)
        .and_where(Expr::col((ONE, Column::CallId)).equals((call::Entity, call::Column::Id)))
        .order_by((ONE, Column::SnapshotTime), Order::Desc)
        .order_by((ONE, Column::Id), Order::Desc)
        .limit(1)
        .take();
    let of_calls = Query::select()
        .expr(Expr::SubQuery(None, Box::new(newest.into())))
        .from(call::Entity)
        .and_where(Expr::col((call::Entity, call::Column::Id)).is_in(calls.iter().copied()))
        .take();
    Entity::find().filter(Column::Id.in_subquery(of_calls))
}

fn select(call: Uuid, page: Page) -> sea_orm::Select<Entity> {
    Entity::find()
        .filter(Column::CallId.eq(call))
        .order_by_desc(Column::SnapshotTime)
        .order_by_desc(Column::Id)
        .offset(page.offset)
        .limit(page.limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::{database, in_index_order, plan};

    #[tokio::test]
    async fn analytics_are_read_in_the_order_of_an_index() {
        let (database, _folder) = database().await;
        let plan = plan(&database, select(Uuid::nil(), Page { limit: 50, offset: 10 })).await;
        assert!(in_index_order(&plan), "{plan:#?}");
    }

    #[tokio::test]
    async fn the_latest_of_several_calls_are_read_in_the_order_of_an_index() {
        let (database, _folder) = database().await;
        let plan = plan(&database, select_latest(&[Uuid::nil(), Uuid::max()])).await;
        assert!(in_index_order(&plan), "{plan:#?}");
    }
}

//! The operation `getReadyz`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::{Callstore, Health};
use utoipa::ToSchema;

use crate::{
    extract::{NoQuery, Query},
    problem::{Problem, ProblemCode},
    search::model::SearchIndexing,
};

/// What the service depends on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Readyz {
    /// Whether the database responds and is writable.
    database: bool,
    /// Whether the recording store is writable.
    store: bool,
    /// Whether enough disk space is free.
    free_space: bool,
    /// Free bytes on the disk of the database or of the recordings, whichever has less. Null if both are on other
    /// machines.
    #[schema(required)]
    free_bytes: Option<u64>,
    /// How far the transcripts from before search are indexed; null once all are.
    #[schema(required)]
    search_indexing: Option<SearchIndexing>,
}

impl Readyz {
    fn sample() -> Self {
        Self { database: true, store: true, free_space: true, free_bytes: Some(84_123_456_789), search_indexing: None }
    }
}

impl From<Health> for Readyz {
    fn from(health: Health) -> Self {
        let Health { database, store, free_space, free_bytes, indexing } = health;
        Self { database, store, free_space, free_bytes, search_indexing: indexing.map(Into::into) }
    }
}

/// Check readiness
///
/// Checks the database, the recording store and the free disk space.
#[utoipa::path(
    operation_id = "getReadyz",
    tag = "System",
    security(()),
    responses(
        (status = 200, description = "The service is ready.", body = Readyz, example = json!(Readyz::sample())),
        (status = 503, description = "`not_ready`: a check failed; `detail` says which."),
    ),
)]
#[get("/readyz")]
pub(crate) async fn get_readyz(callstore: Data<Callstore>, _: Query<NoQuery>) -> Result<HttpResponse, Problem> {
    let health = callstore.health.check().await;
    if health.ready() {
        return Ok(HttpResponse::Ok().json(Readyz::from(health)));
    }
    let parts = [
        (health.database, "the database does not respond or cannot be written"),
        (health.store, "the recording store cannot be written"),
        (health.free_space, "free space is below --min-free-space"),
    ];
    let missing: Vec<_> = parts.into_iter().filter(|(there, _)| !there).map(|(_, missing)| missing).collect();
    Err(Problem::new(ProblemCode::NotReady, format!("The service is not ready: {}.", missing.join(", "))))
}

//! The operation `getLivez`.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::{NoQuery, Query},
    problem::Problem,
};

/// The process is alive.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Livez {
    /// `ok`
    status: &'static str,
}

impl Livez {
    fn sample() -> Self {
        Self { status: "ok" }
    }
}

/// Check liveness
///
/// Returns 200 as long as the process responds. `getReadyz` also checks what the service depends on.
#[utoipa::path(
    operation_id = "getLivez",
    tag = "System",
    security(()),
    responses((status = 200, description = "The process is alive.", body = Livez, example = json!(Livez::sample()))),
)]
#[get("/livez")]
pub(crate) async fn get_livez(_: Query<NoQuery>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Livez::sample()))
}

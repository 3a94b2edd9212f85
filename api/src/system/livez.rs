//! The operation `getLivez`.

use actix_web::{HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::{NoQuery, Query},
    problem::Problem,
};

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct Livez {
    /// `ok`
    status: &'static str,
}

impl Livez {
    fn sample() -> Self {
        Self { status: "ok" }
    }
}

/// Ask whether the process lives
///
/// Answers as long as the process does, whatever else is wrong; `getReadyz` tells whether it can work.
#[utoipa::path(
    operation_id = "getLivez",
    tag = "System",
    security(()),
    responses((status = 200, description = "The process answers.", body = Livez, example = json!(Livez::sample()))),
)]
#[get("/livez")]
pub async fn get_livez(_: Query<NoQuery>) -> Result<HttpResponse, Problem> {
    Ok(HttpResponse::Ok().json(Livez::sample()))
}

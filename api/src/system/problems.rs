//! The operation `getProblem`.

use actix_web::{HttpRequest, HttpResponse, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    extract::{NoQuery, Query},
    problem::{Problem, ProblemCode, problems},
};

/// A kind of error.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ProblemKind {
    /// The path of this description: the `type` of such errors.
    #[serde(rename = "type")]
    kind: String,
    /// A stable code for programs.
    code: ProblemCode,
    /// The HTTP status of such errors.
    status: u16,
    /// A short title.
    title: &'static str,
    /// What the error means and what to do.
    explanation: &'static str,
}

impl ProblemKind {
    /// The kind of problem with this name in a path.
    fn named(name: &str) -> Option<Self> {
        let path = |code: ProblemCode| code.name().replace('_', "-");
        let (code, status, title, explanation) = *problems().find(|entry| path(entry.0) == name)?;
        Some(Self { kind: format!("/problems/{name}"), code, status: status.as_u16(), title, explanation })
    }

    fn sample() -> Option<Self> {
        Self::named("call-ended")
    }
}

/// Explain an error
///
/// Returns the description that the `type` of an error leads to.
#[utoipa::path(
    operation_id = "getProblem",
    tag = "System",
    security(()),
    responses(
        (status = 200, description = "The kind of error.", body = ProblemKind, example = json!(ProblemKind::sample())),
        (status = 404, description = "`not_found`: no error has this name."),
    ),
)]
#[get("/problems/{name}")]
pub(crate) async fn get_problem(request: HttpRequest, _: Query<NoQuery>) -> Result<HttpResponse, Problem> {
    match ProblemKind::named(request.match_info().query("name")) {
        Some(kind) => Ok(HttpResponse::Ok().json(kind)),
        None => Err(Problem::new(
            ProblemCode::NotFound,
            "No problem has this name. The schema ProblemCode in /openapi.json lists all names.",
        )),
    }
}

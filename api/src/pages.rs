//! Everything served besides the operations: WebSockets, webhooks by `GET`, the dashboard, the OpenAPI document,
//! Swagger UI, their redirects, and the fallback for all other paths.

mod dashboard;

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, ServiceConfig},
};
use utoipa_swagger_ui::SwaggerUi;

use crate::{
    access::paths::{CALL_STREAM, PLATFORM_STREAM, TWILIO_STREAM},
    carriers::open_platform_stream,
    openapi::Document,
    problem::Problem,
    request::{Target, expect_operation},
    stream::open_stream,
    twilio::{twilio_status_by_get, twilio_voice_by_get},
};

/// Registers the pages and the WebSockets.
pub(crate) fn pages(config: &mut ServiceConfig) {
    let to_dashboard = || web::get().to(async || to("/dashboard/"));
    config
        .route(PLATFORM_STREAM, web::get().to(open_platform_stream))
        .route(TWILIO_STREAM, web::get().to(open_platform_stream))
        .route("/twilio/voice", web::get().to(twilio_voice_by_get))
        .route("/twilio/status", web::get().to(twilio_status_by_get))
        .route(CALL_STREAM, web::get().to(open_stream))
        .route("/openapi.json", web::get().to(document))
        .route("/", to_dashboard())
        .route("/dashboard", to_dashboard())
        .route("/dashboard/{file:.*}", web::get().to(dashboard::file))
        .route("/swagger-ui", web::get().to(async || to("/swagger-ui/")))
        // Before the files of Swagger UI, whose place it takes.
        .route("/swagger-ui/swagger-initializer.js", web::get().to(initializer))
        .service(SwaggerUi::new("/swagger-ui/{_:.*}"));
}

/// How Swagger UI is set up. The crate that brings its files can write settings, but no plugins.
const INITIALIZER: &str = include_str!("pages/swagger-initializer.js");

async fn initializer() -> HttpResponse {
    HttpResponse::Ok().content_type("text/javascript; charset=utf-8").body(INITIALIZER)
}

async fn document(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0.clone())
}

fn to(page: &'static str) -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, page)).finish()
}

/// Answers requests that no route matches, with 404 or 405.
pub(crate) async fn fallback(request: HttpRequest) -> Result<HttpResponse, Problem> {
    expect_operation(request.extensions().get::<Target>())?;
    Err(Problem::of_status(StatusCode::NOT_FOUND))
}

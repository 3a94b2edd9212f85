//! Everything served besides the operations: WebSockets, webhooks by `GET`, the OpenAPI document, Swagger UI with its
//! redirects, and the fallback for all other paths.

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
    let redirect = || web::get().to(to_swagger_ui);
    config
        .route(PLATFORM_STREAM, web::get().to(open_platform_stream))
        .route(TWILIO_STREAM, web::get().to(open_platform_stream))
        .route("/twilio/voice", web::get().to(twilio_voice_by_get))
        .route("/twilio/status", web::get().to(twilio_status_by_get))
        .route(CALL_STREAM, web::get().to(open_stream))
        .route("/openapi.json", web::get().to(document))
        .route("/", redirect())
        .route("/swagger-ui", redirect())
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

async fn to_swagger_ui() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, "/swagger-ui/")).finish()
}

/// Answers requests that no route matches, with 404 or 405.
pub(crate) async fn fallback(request: HttpRequest) -> Result<HttpResponse, Problem> {
    expect_operation(request.extensions().get::<Target>())?;
    Err(Problem::of_status(StatusCode::NOT_FOUND))
}

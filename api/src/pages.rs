//! Everything served besides the operations: WebSockets, the OpenAPI document, Swagger UI with its redirects, and the
//! fallback for all other paths.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, ServiceConfig},
};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    access::KnownPaths,
    openapi::Document,
    problem::Problem,
    stream::{self, open_stream},
    twilio::open_twilio_stream,
};

/// Registers the pages and the WebSockets.
pub fn pages(config: &mut ServiceConfig) {
    let redirect = || web::get().to(to_swagger_ui);
    // By default, Swagger UI sends the document's URL to a validator on the Internet.
    let swagger_ui = Config::new(["/openapi.json"]).try_it_out_enabled(true).validator_url("none");
    config
        .route("/twilio/stream", web::get().to(open_twilio_stream))
        .route(stream::PATH, web::get().to(open_stream))
        .route("/openapi.json", web::get().to(document))
        .route("/", redirect())
        .route("/swagger-ui", redirect())
        .service(SwaggerUi::new("/swagger-ui/{_:.*}").config(swagger_ui));
}

async fn document(document: Data<Document>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(document.0.clone())
}

async fn to_swagger_ui() -> HttpResponse {
    HttpResponse::TemporaryRedirect().insert_header((header::LOCATION, "/swagger-ui/")).finish()
}

/// Answers requests that no route matches, with 404 or 405.
pub async fn fallback(request: HttpRequest, known: Data<KnownPaths>) -> Result<HttpResponse, Problem> {
    known.need(request.match_info().as_str(), request.method())?;
    Err(Problem::of_status(StatusCode::NOT_FOUND))
}

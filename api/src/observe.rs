//! Around every request: its id, `HEAD` as `GET`, problem details for whatever failed, a line in the log, and metrics. The
//! log names the route, never the path or the query, which may hold phone numbers.

use std::time::Instant;

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web,
};
use service::Ids;
use tracing::Instrument;

use crate::problem::Problem;

/// The header that names a request.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// A request's id, among its extensions: for handlers whose work goes on after the answer.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// Middleware: see the module.
pub async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let request_id = request_id(&request);
    request.extensions_mut().insert(RequestId(request_id.clone()));
    let method = request.method().clone();
    if method == Method::HEAD {
        // The HTTP library remembers that it was HEAD, and leaves the body out.
        request.head_mut().method = Method::GET;
    }
    let span = tracing::info_span!("request", id = %request_id);
    let response = next.call(request).instrument(span.clone()).await?.map_into_boxed_body();
    let mut response = explain(response, &request_id);
    // It kept the compressor off; on the wire it says nothing (RFC 9110, section 8.4.1).
    let identity = HeaderValue::from_static("identity");
    if response.headers().get(header::CONTENT_ENCODING) == Some(&identity) {
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert(REQUEST_ID, value);
    }

    let route = response.request().match_pattern().unwrap_or_else(|| "unknown".to_owned());
    let (status, elapsed) = (response.status().as_u16(), begun.elapsed());
    // A client may make up a method; it must not make up a label.
    let known = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let label = if known.contains(&method) { method.as_str() } else { "other" };
    let labels = [("method", label.to_owned()), ("route", route.clone()), ("status", status.to_string())];
    metrics::counter!("callstore_http_requests_total", &labels).increment(1);
    metrics::histogram!("callstore_http_request_seconds", "route" => route.clone()).record(elapsed.as_secs_f64());
    let milliseconds = elapsed.as_secs_f64() * 1e3;
    span.in_scope(|| tracing::debug!(%method, route, status, milliseconds, "A request was answered."));
    Ok(response)
}

/// The id that the client gave, if it is a plain one, or a new one.
fn request_id(request: &ServiceRequest) -> String {
    let plain = |id: &&str| !id.is_empty() && id.len() <= 128 && id.bytes().all(|byte| byte.is_ascii_graphic());
    let given = request.headers().get(REQUEST_ID).and_then(|id| id.to_str().ok()).filter(plain);
    match (given, request.app_data::<web::Data<dyn Ids>>()) {
        (Some(id), _) => id.to_owned(),
        (None, Some(ids)) => ids.next().to_string(),
        (None, None) => String::new(),
    }
}

/// Writes problem details into an answer that reports a failure.
fn explain(response: ServiceResponse, request_id: &str) -> ServiceResponse {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let problem = response.response().extensions().get::<Problem>().cloned();
    let problem = problem.unwrap_or_else(|| Problem::of_status(status));
    let (request, old) = response.into_parts();
    let mut new = HttpResponse::build(status);
    for (name, value) in old.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONTENT_ENCODING) {
            new.append_header((name.clone(), value.clone()));
        }
    }
    // A status of the framework's that the table does not know stays as it is; the body tells the nearest kind.
    let details = problem.details(request_id);
    let body = new.content_type("application/problem+json").body(serde_json::to_string(&details).unwrap_or_default());
    ServiceResponse::new(request, body)
}

//! Middleware around every request. It assigns the request id, handles `HEAD` as `GET`, adds problem details to
//! failures, writes the log line, records metrics, and adds the headers of every response.
//!
//! Logs and metrics contain the route, never the path or query, which may hold phone numbers.

use std::{cell::RefCell, hash::BuildHasher, rc::Rc, time::Instant};

use actix_web::{
    Error, HttpMessage, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode,
        header::{self, HeaderValue},
    },
    middleware::Next,
    rt, web,
};
use foldhash::{HashMap, fast::FixedState};
use metrics::{Counter, Histogram};
use service::Ids;
use uuid::Uuid;

use crate::{
    access::{
        audited::Audited,
        headers::{REQUEST_ID, secure},
        paths::{KnownOperation, KnownPath, KnownPaths},
    },
    audit::record::{Audit, is_denied},
    connections::turn::Turn,
    problem::{Problem, ProblemCode},
    request::{AskedHead, RequestId, Target},
};

/// The middleware that this module describes.
pub(crate) async fn observe(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let begun = Instant::now();
    let request_id = id_of(&request);
    let turn = request.conn_data::<Rc<Turn>>().cloned();
    if let Some(turn) = &turn {
        turn.answering();
    }
    let method = request.method().clone();
    if method == Method::HEAD {
        // actix remembers that the request was HEAD and omits the body.
        request.head_mut().method = Method::GET;
        request.extensions_mut().insert(AskedHead);
    }
    let known = request.app_data::<web::Data<KnownPaths>>();
    let target = known.and_then(|known| Target::of(known, request.request()));
    let operation = target.as_ref().and_then(Target::operation);
    if let Some(target) = &target {
        request.extensions_mut().insert(target.clone());
    }
    let entered = operation.is_some_and(is_entered);
    if entered || request.head().upgrade() {
        request.extensions_mut().insert(request_id.clone());
    }
    let answering = next.call(request);
    let answering = async move { answering.await.map(ServiceResponse::map_into_boxed_body) };
    let (mut response, problem) = if entered {
        // The task continues when the client hangs up, so that every change gets its audit entry.
        let answered = rt::spawn(answer_and_enter(answering, target.clone(), request_id.clone())).await;
        answered.map_err(|_| Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR))??
    } else {
        explain(answering.await?, &request_id)
    };
    // `identity` kept the compressor off. It does not belong on the wire (RFC 9110, section 8.4.1).
    if response.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == "identity") {
        response.headers_mut().remove(header::CONTENT_ENCODING);
    }

    // Clients can invent methods. They must not create new label values.
    let label = match method {
        Method::GET | Method::HEAD | Method::POST | Method::PUT | Method::PATCH | Method::DELETE => method.as_str(),
        _ => "other",
    };
    let path = target.as_ref().map(Target::path);
    let is_page = path.is_some_and(KnownPath::is_page);
    let route = path.map_or("unknown", KnownPath::pattern);
    if !entered {
        enter(operation, &response, &request_id).await;
    }
    let (status, elapsed) = (response.status().as_u16(), begun.elapsed());
    if let Some(turn) = turn {
        let is_last = response.response().head().connection_type() == ConnectionType::Close;
        turn.answered(is_last, begun + elapsed);
    }
    if let Some(code) = problem {
        code.count(route);
    }
    if response.request().head().upgrade() && status >= 400 {
        let code = problem.map(ProblemCode::name);
        let (shown, own) = (request_id.text(), request_id.own);
        tracing::warn!(
            request_id = shown,
            server_request_id = %own,
            route,
            status,
            code,
            "A WebSocket was refused."
        );
    }
    let recorders = recorders(label, route, status);
    recorders.requests.increment(1);
    recorders.seconds.record(elapsed.as_secs_f64());
    let milliseconds = elapsed.as_secs_f64() * 1e3;
    tracing::debug!(
        request_id = request_id.text(),
        server_request_id = %request_id.own,
        method = label,
        route,
        status,
        milliseconds,
        "A request was answered."
    );
    secure(response.headers_mut(), is_page);
    response.headers_mut().insert(REQUEST_ID, request_id.shown);
    Ok(response)
}

/// Whether an operation's requests run on to their audit entry even if the client hangs up. Operations that add audio
/// are excluded: few of their requests get an entry, and it is written once they are answered.
fn is_entered(operation: &KnownOperation) -> bool {
    ![Audited::Never, Audited::First].contains(&operation.audited)
}

/// Writes the audit entry of a request, if its operation has one.
async fn enter(operation: Option<&KnownOperation>, response: &ServiceResponse, request_id: &RequestId) {
    if let Some(operation) = operation
        && (operation.audited != Audited::Never || is_denied(response.status()))
        && let Some(audit) = response.request().app_data::<web::Data<Audit>>()
    {
        audit.enter(operation, response, request_id).await;
    }
}

async fn answer_and_enter(
    answering: impl Future<Output = Result<ServiceResponse, Error>>,
    target: Option<Target>,
    request_id: RequestId,
) -> Result<(ServiceResponse, Option<ProblemCode>), Error> {
    let answered = explain(answering.await?, &request_id);
    enter(target.as_ref().and_then(Target::operation), &answered.0, &request_id).await;
    Ok(answered)
}

/// The metrics of requests with the same method, route and status.
struct Recorders {
    requests: Counter,
    seconds: Histogram,
}

/// Returns the metrics from a cache of this thread. Looking them up by their labels would cost more than recording.
fn recorders(method: &str, route: &str, status: u16) -> Rc<Recorders> {
    thread_local! {
        static KNOWN: RefCell<HashMap<u64, Rc<Recorders>>> = RefCell::default();
    }
    let kind = FixedState::default().hash_one((method, route, status));
    let make = || {
        let labels = [("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
        Rc::new(Recorders {
            requests: metrics::counter!("callstore_http_requests_total", &labels),
            seconds: metrics::histogram!("callstore_http_request_seconds", "route" => route.to_owned()),
        })
    };
    KNOWN.with_borrow_mut(|known| known.entry(kind).or_insert_with(make).clone())
}

/// The id that the client sent, if it is valid, and a new one.
fn id_of(request: &ServiceRequest) -> RequestId {
    let own = request.app_data::<web::Data<dyn Ids>>().map(|ids| ids.next()).unwrap_or_default();
    let printable = |id: &&HeaderValue| (1..=128).contains(&id.len()) && id.as_bytes().iter().all(u8::is_ascii_graphic);
    let mut buffer = Uuid::encode_buffer();
    let mut new = || HeaderValue::from_str(own.hyphenated().encode_lower(&mut buffer));
    let given = request.headers().get(REQUEST_ID).filter(printable).cloned();
    RequestId { shown: given.unwrap_or_else(|| new().unwrap_or(HeaderValue::from_static(""))), own }
}

/// Replaces the body of a failed response by problem details, and returns their code.
fn explain(response: ServiceResponse, request_id: &RequestId) -> (ServiceResponse, Option<ProblemCode>) {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return (response, None);
    }
    let problem = response.response().extensions().get::<Problem>().cloned();
    let problem = problem.unwrap_or_else(|| Problem::of_status(status));
    problem.log(request_id.text(), request_id.own);
    let (request, old) = response.into_parts();
    let mut new = HttpResponse::build(status);
    for (name, value) in old.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH | header::CONTENT_ENCODING) {
            new.append_header((name.clone(), value.clone()));
        }
    }
    if problem.code() == ProblemCode::RequestTimeout {
        // The rest of the body will not be read.
        new.force_close();
    }
    // A status of actix that the problem table lacks stays as it is, and the body describes the closest kind.
    let details = problem.details(request_id.text());
    let body = new.content_type("application/problem+json").body(serde_json::to_string(&details).unwrap_or_default());
    (ServiceResponse::new(request, body), Some(problem.code()))
}

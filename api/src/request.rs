//! What the middleware notes on a request, for the handlers and for one another.

use actix_web::{HttpMessage, HttpRequest, dev::ServiceRequest, http::header::HeaderValue, web::Data};
use service::{GrantEnd, KeyGrant};
use uuid::Uuid;

use crate::{
    access::paths::{KnownOperation, KnownPath, KnownPaths},
    problem::{Problem, ProblemCode},
};

/// The ids of a request, for the operations that need them: WebSockets, and those in the audit log.
#[derive(Clone, Debug)]
pub(crate) struct RequestId {
    /// The id that the client sent, and otherwise the service's own. Clients may send one repeatedly.
    pub shown: HeaderValue,
    /// The service's own id, which is unique.
    pub own: Uuid,
}

impl RequestId {
    /// The shown id as text. It is always visible ASCII.
    pub(crate) fn text(&self) -> &str {
        self.shown.to_str().unwrap_or_default()
    }
}

/// Marks a request that was `HEAD` and is handled as `GET`.
pub(crate) struct AskedHead;

/// The path and the operation that a request is for. Looked up once, since the router does not tell what it matched.
#[derive(Clone)]
pub(crate) struct Target {
    known: Data<KnownPaths>,
    path: usize,
    operation: Option<usize>,
}

impl Target {
    /// What a request is for, by its path as the router sees it and its method; `None` for a path that is not served.
    pub(crate) fn of(known: &Data<KnownPaths>, request: &HttpRequest) -> Option<Self> {
        let path = known.find(request.match_info().as_str())?;
        let operation = known.at(path).position(request.method());
        Some(Self { known: known.clone(), path, operation })
    }

    /// The served path.
    pub(crate) fn path(&self) -> &KnownPath {
        self.known.at(self.path)
    }

    /// The operation; `None` if the path does not have the method.
    pub(crate) fn operation(&self) -> Option<&KnownOperation> {
        self.path().operations().get(self.operation?)
    }
}

/// The operation that a request is for.
///
/// # Errors
/// 404 for a path that is not served, 405 for a method that the path does not have.
pub(crate) fn expect_operation(target: Option<&Target>) -> Result<&KnownOperation, Problem> {
    let target = target.ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, "No operation has this path. /swagger-ui/ lists all operations.")
    })?;
    target.operation().ok_or_else(|| target.path().method_not_allowed())
}

/// Whether the answer to a request outlives it, as a WebSocket does: then it has to end with the client's key.
pub(crate) fn is_live(request: &ServiceRequest) -> bool {
    let of_target = |target: &Target| target.operation().is_some_and(|operation| operation.is_live);
    request.head().upgrade() || request.extensions().get::<Target>().is_some_and(of_target)
}

/// Waits until the grant of a live answer ends; forever if it has none.
pub(crate) async fn ended(grant: &mut Option<KeyGrant>) -> GrantEnd {
    match grant {
        Some(grant) => grant.ended().await,
        None => std::future::pending().await,
    }
}

/// Whether the client wants only the head of the response.
pub(crate) fn is_head(request: &HttpRequest) -> bool {
    request.extensions().contains::<AskedHead>()
}

/// The ids of a request for a WebSocket or for an audited operation; empty for all others.
pub(crate) fn request_id(request: &HttpRequest) -> RequestId {
    let none = || RequestId { shown: HeaderValue::from_static(""), own: Uuid::nil() };
    request.extensions().get::<RequestId>().cloned().unwrap_or_else(none)
}

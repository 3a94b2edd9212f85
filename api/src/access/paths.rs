//! All served paths, with their methods and the API keys they require. Operations come from the OpenAPI document, pages
//! and WebSockets from this file. A path that is missing here is answered with 404.

use actix_web::http::{
    Method,
    header::{self, HeaderValue},
};
use matchit::{InsertError, Router};
use utoipa::openapi::{OpenApi, path::Operation};

use super::audited::Audited;
use crate::{
    keys::model::Scope,
    openapi::schemes::{CALL_TOKEN, KEY_SCHEME, SIGNED_BY, operations},
    problem::{Problem, ProblemCode},
    vendors::Vendor,
};

/// Twilio's webhooks. They work by `GET` as by `POST`, and have the same effects. The document describes only `POST`.
pub(crate) const WEBHOOKS: [&str; 2] = ["/twilio/voice", "/twilio/status"];
/// The socket of Callstore's stream protocol.
pub(crate) const CALL_STREAM: &str = "/calls/{call}/stream";
/// The socket of every platform's media streams, and the one that Twilio's webhook leads to, which is the same.
pub(crate) const PLATFORM_STREAM: &str = "/streams";
pub(crate) const TWILIO_STREAM: &str = "/twilio/stream";
/// Operations whose answer goes on for as long as the client listens, as a socket does.
const LIVE: [&str; 2] = ["getCallAudio", "streamEvents"];
/// The operation's name of `CALL_STREAM` in the audit log.
const STREAM: &str = "stream";

/// The scopes of API keys that an operation accepts. Scope `admin` is accepted by every operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// No key is required.
    Nothing,
    /// A key of one of these scopes is required, or a substitute for a key: a signature, or a call token if `tokens`.
    Key { scopes: Vec<Scope>, or: Option<StandIn>, tokens: bool },
}

/// A substitute for an API key. The operation verifies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// The signature of a link.
    Link,
    /// Twilio's signature, if the service verifies those.
    Twilio,
    /// The signature of another platform on its stream's handshake.
    Vendor(Vendor),
}

impl Need {
    /// The requirement that an operation states in the document. An operation that states none requires scope `admin`.
    fn of(operation: &Operation) -> Self {
        let stated = serde_json::to_value(&operation.security).unwrap_or_default();
        let stated = stated.as_array().map(Vec::as_slice).unwrap_or_default();
        let signed_by = operation.extensions.as_ref().and_then(|extensions| extensions.get(SIGNED_BY)?.as_str());
        let open = stated.iter().any(|requirement| requirement.as_object().is_some_and(serde_json::Map::is_empty));
        // An operation that accepts a signature can do without a key, but not without both.
        if open && signed_by.is_none() {
            return Self::Nothing;
        }
        let named = |name: &str| {
            let names = |requirement: &serde_json::Value| {
                requirement[KEY_SCHEME].as_array().is_some_and(|names| names.contains(&name.into()))
            };
            stated.iter().any(names)
        };
        let scopes: Vec<_> = Scope::ALL.into_iter().filter(|scope| named(scope.name())).collect();
        let scopes = if scopes.is_empty() { vec![Scope::Admin] } else { scopes };
        let or = match signed_by {
            Some("link") => Some(StandIn::Link),
            Some("twilio") => Some(StandIn::Twilio),
            _ => None,
        };
        Self::Key { scopes, or, tokens: named(CALL_TOKEN) }
    }

    /// Paths that the document does not describe.
    fn beside_the_document() -> [(&'static str, Self); 9] {
        let ingest = |or, tokens| Self::Key { scopes: vec![Scope::Ingest], or, tokens };
        [
            ("/", Self::Nothing),
            (CALL_STREAM, ingest(None, true)),
            (PLATFORM_STREAM, ingest(None, false)),
            // The files are the same for everyone; what they show comes from operations, which need a key.
            ("/dashboard", Self::Nothing),
            ("/dashboard/{file:.*}", Self::Nothing),
            ("/openapi.json", Self::Nothing),
            ("/swagger-ui", Self::Nothing),
            ("/swagger-ui/{file:.*}", Self::Nothing),
            (TWILIO_STREAM, ingest(None, false)),
        ]
    }
}

/// All served paths.
pub(crate) struct KnownPaths {
    paths: Vec<KnownPath>,
    /// Finds the index of a path in `paths`. The router of the framework does not reveal which pattern it matched.
    router: Router<usize>,
}

/// A served path.
pub(crate) struct KnownPath {
    pattern: String,
    operations: Vec<KnownOperation>,
}

/// An operation: a path with a method.
#[derive(Clone)]
pub(crate) struct KnownOperation {
    /// The method.
    pub method: Method,
    /// The operationId, or the name of a WebSocket.
    pub id: String,
    /// The API keys it accepts.
    pub need: Need,
    /// Which of its requests are written to the audit log.
    pub audited: Audited,
    /// Whether its answer outlives the request, so that it has to end with the key.
    pub is_live: bool,
}

impl KnownPaths {
    /// Collects the paths of the document, the pages and the WebSockets.
    ///
    /// # Errors
    /// When two patterns match the same paths.
    pub(crate) fn of(document: &OpenApi) -> Result<Self, InsertError> {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let known = |(method, operation): (Method, &Operation)| {
                let id = operation.operation_id.clone().unwrap_or_default();
                let audited = Audited::of(&method, path, &id);
                let is_live = LIVE.contains(&id.as_str());
                KnownOperation { method, id, need: Need::of(operation), audited, is_live }
            };
            let mut operations: Vec<_> = operations(item).into_iter().map(known).collect();
            if WEBHOOKS.contains(&path.as_str()) {
                let by_get = |by_post: &KnownOperation| KnownOperation { method: Method::GET, ..by_post.clone() };
                operations.extend(operations.first().map(by_get));
            }
            KnownPath { pattern: path.clone(), operations }
        });
        let pages = Need::beside_the_document().map(|(path, need)| {
            // A platform's socket gets its audit entry when its stream starts. Before that, its call is unknown.
            let (id, audited) = if path == CALL_STREAM { (STREAM, Audited::Always) } else { ("", Audited::Never) };
            let page = KnownOperation { method: Method::GET, id: id.to_owned(), need, audited, is_live: false };
            KnownPath { pattern: path.to_owned(), operations: vec![page] }
        });
        let paths: Vec<_> = paths.chain(pages).collect();
        let mut router = Router::new();
        for (index, path) in paths.iter().enumerate() {
            match path.pattern.strip_suffix("{file:.*}") {
                // The rest of a path may be empty, which `{*file}` does not match.
                Some(folder) => {
                    router.insert(folder, index)?;
                    router.insert(format!("{folder}{{*file}}"), index)?;
                }
                None => router.insert(path.pattern.as_str(), index)?,
            }
        }
        Ok(Self { paths, router })
    }

    /// The index of the served path that matches a request's path, as the router sees it.
    pub(crate) fn find(&self, path: &str) -> Option<usize> {
        self.router.at(path).ok().map(|found| *found.value)
    }

    /// The served path at an index that [`find`](Self::find) returned.
    pub(crate) fn at(&self, index: usize) -> &KnownPath {
        &self.paths[index]
    }
}

impl KnownPath {
    /// The pattern, as in the document.
    pub(crate) fn pattern(&self) -> &str {
        &self.pattern
    }

    /// The operations, one for each method.
    pub(crate) fn operations(&self) -> &[KnownOperation] {
        &self.operations
    }

    /// The index of a method's operation.
    pub(crate) fn position(&self, method: &Method) -> Option<usize> {
        self.operations.iter().position(|operation| operation.method == method)
    }

    /// Whether a browser shows this path as a page.
    pub(crate) fn is_page(&self) -> bool {
        let pages = ["/dashboard", "/swagger-ui"];
        pages.iter().any(|page| self.pattern.starts_with(page))
            || matches!(self.pattern.as_str(), "/" | "/openapi.json")
    }

    /// The 405 for a method that the path does not have.
    pub(crate) fn method_not_allowed(&self) -> Problem {
        let mut methods: Vec<_> = self.operations.iter().map(|operation| operation.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        let allowed = methods.join(", ");
        let problem = Problem::new(ProblemCode::MethodNotAllowed, format!("This path supports {allowed}."));
        match HeaderValue::from_str(&allowed) {
            Ok(allowed) => problem.with_header(header::ALLOW, allowed),
            Err(_) => problem,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::KnownPaths;
    use crate::openapi;

    #[test]
    fn a_path_fits_its_pattern_and_no_other() {
        let known = KnownPaths::of(&openapi::build()).unwrap();
        let found = |path: &str| known.find(path).map(|index| known.at(index).pattern());
        for (path, pattern) in [
            ("/", "/"),
            ("/calls", "/calls"),
            ("/calls/MZ1", "/calls/{call}"),
            ("/calls/MZ1/chunks", "/calls/{call}/chunks"),
            ("/calls/MZ1/chunks/batch", "/calls/{call}/chunks/batch"),
            ("/calls/MZ%201/stream", "/calls/{call}/stream"),
            ("/dashboard", "/dashboard"),
            ("/dashboard/", "/dashboard/{file:.*}"),
            ("/dashboard/vendor/lit-html/lit-html.js", "/dashboard/{file:.*}"),
            ("/swagger-ui", "/swagger-ui"),
            ("/swagger-ui/", "/swagger-ui/{file:.*}"),
            ("/swagger-ui/a/b", "/swagger-ui/{file:.*}"),
        ] {
            assert_eq!(found(path), Some(pattern), "{path}");
        }
        let none =
            ["", "/calls/", "/calls//chunks", "/calls/MZ1/chunk", "/calls/MZ1/chunks/", "/callsign", "/call", "//"];
        for path in none {
            assert_eq!(found(path), None, "{path}");
        }
    }
}

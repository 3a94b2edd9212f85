//! Every path that is served, its methods, and which keys they take: for operations from the document, for pages and
//! WebSockets from here. What is not in this table is not reached.

use actix_web::http::{
    Method,
    header::{self, HeaderValue},
};
use foldhash::HashMap;
use utoipa::openapi::{OpenApi, path::Operation};

use crate::{
    audit::Audited,
    keys::Scope,
    openapi::{KEY_SCHEME, SIGNED_BY, operations},
    problem::{Problem, ProblemCode},
    stream,
};

/// What the audit calls a stream of our own.
const STREAM: &str = "stream";

/// Which keys an operation takes. One of scope `admin` does for every operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// None is needed.
    Nothing,
    /// A key of one of these scopes, or what stands in for one.
    Key { scopes: Vec<Scope>, or: Option<StandIn> },
}

/// What stands in for a key. The operation checks it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandIn {
    /// The signature of a link.
    Link,
    /// Twilio's signature, where it is asked for.
    Twilio,
}

impl Need {
    /// What an operation says. One that says nothing takes no key but an admin's.
    fn of(operation: &Operation) -> Self {
        let stated = serde_json::to_value(&operation.security).unwrap_or_default();
        let stated = stated.as_array().map(Vec::as_slice).unwrap_or_default();
        if stated.iter().any(|requirement| requirement.as_object().is_some_and(serde_json::Map::is_empty)) {
            return Self::Nothing;
        }
        let named = |scope: &Scope| {
            let names = |requirement: &serde_json::Value| {
                requirement[KEY_SCHEME].as_array().is_some_and(|names| names.contains(&scope.name().into()))
            };
            stated.iter().any(names)
        };
        let scopes: Vec<_> = Scope::ALL.into_iter().filter(named).collect();
        let scopes = if scopes.is_empty() { vec![Scope::Admin] } else { scopes };
        let signed_by = operation.extensions.as_ref().and_then(|extensions| extensions.get(SIGNED_BY)?.as_str());
        let or = match signed_by {
            Some("link") => Some(StandIn::Link),
            Some("twilio") => Some(StandIn::Twilio),
            _ => None,
        };
        Self::Key { scopes, or }
    }

    /// What is served beside the document.
    fn beside_the_document() -> [(&'static str, Self); 6] {
        let ingest = |or| Self::Key { scopes: vec![Scope::Ingest], or };
        [
            ("/", Self::Nothing),
            (stream::PATH, ingest(None)),
            ("/openapi.json", Self::Nothing),
            ("/swagger-ui", Self::Nothing),
            ("/swagger-ui/{file:.*}", Self::Nothing),
            ("/twilio/stream", ingest(Some(StandIn::Twilio))),
        ]
    }
}

/// Every path that is served.
pub struct KnownPaths {
    paths: Vec<KnownPath>,
    tree: Branch,
}

/// Where patterns part. A path is looked for more than once in every request: the router has found it, but does not tell.
#[derive(Default)]
struct Branch {
    /// The pattern that ends here.
    end: Option<usize>,
    /// What follows a segment of this name.
    named: HashMap<String, Branch>,
    /// What follows `{name}`, which is any segment.
    any: Option<Box<Branch>>,
    /// The pattern that ends with `{name:.*}`, which is all that follows.
    rest: Option<usize>,
}

/// A path that is served.
pub struct KnownPath {
    pattern: String,
    operations: Vec<KnownOperation>,
}

/// What a path does by a method.
pub struct KnownOperation {
    /// The method.
    pub method: Method,
    /// The operationId, or what a WebSocket is called.
    pub id: String,
    /// Which keys it takes.
    pub need: Need,
    /// Which requests for it are entered in the audit.
    pub audited: Audited,
}

impl KnownPaths {
    /// The paths of the document, and the pages.
    pub fn of(document: &OpenApi) -> Self {
        let paths = document.paths.paths.iter().map(|(path, item)| {
            let known = |(method, operation): (Method, &Operation)| {
                let id = operation.operation_id.clone().unwrap_or_default();
                let audited = Audited::of(&method, path, &id);
                KnownOperation { method, id, need: Need::of(operation), audited }
            };
            KnownPath { pattern: path.clone(), operations: operations(item).into_iter().map(known).collect() }
        });
        let pages = Need::beside_the_document().map(|(path, need)| {
            // Twilio's socket is entered when its stream starts, since only then it is known what call it is of.
            let (id, audited) = if path == stream::PATH { (STREAM, Audited::Always) } else { ("", Audited::Never) };
            let page = KnownOperation { method: Method::GET, id: id.to_owned(), need, audited };
            KnownPath { pattern: path.to_owned(), operations: vec![page] }
        });
        let paths: Vec<_> = paths.chain(pages).collect();
        let tree = Branch::of(paths.iter().map(KnownPath::pattern));
        Self { paths, tree }
    }

    /// The one that a path, as the router reads it, fits.
    pub fn find(&self, path: &str) -> Option<&KnownPath> {
        self.paths.get(self.tree.find(path.strip_prefix('/')?)?)
    }

    /// Which keys a request takes.
    ///
    /// # Errors
    /// 404 for an unknown path, 405 for another method.
    pub fn need(&self, path: &str, method: &Method) -> Result<&Need, Problem> {
        let known = self.find(path).ok_or_else(|| {
            Problem::new(ProblemCode::NotFound, "Nothing has this path; /swagger-ui/ lists what there is.")
        })?;
        known.operation(method).map(|operation| &operation.need).ok_or_else(|| known.method_not_allowed())
    }
}

impl KnownPath {
    /// As the document writes it.
    pub fn pattern(&self) -> &str {
        &self.pattern
    }

    /// What it does by a method.
    pub fn operation(&self, method: &Method) -> Option<&KnownOperation> {
        self.operations.iter().find(|operation| operation.method == method)
    }

    /// Whether it is a page, to be shown by a browser.
    pub fn is_page(&self) -> bool {
        self.pattern.starts_with("/swagger-ui") || matches!(self.pattern.as_str(), "/" | "/openapi.json")
    }

    fn method_not_allowed(&self) -> Problem {
        let mut methods: Vec<_> = self.operations.iter().map(|operation| operation.method.as_str()).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        let allowed = methods.join(", ");
        let problem = Problem::new(ProblemCode::MethodNotAllowed, format!("This path takes {allowed}."));
        match HeaderValue::from_str(&allowed) {
            Ok(allowed) => problem.with_header(header::ALLOW, allowed),
            Err(_) => problem,
        }
    }
}

impl Branch {
    fn of<'a>(patterns: impl Iterator<Item = &'a str>) -> Self {
        let mut root = Self::default();
        for (index, pattern) in patterns.enumerate() {
            root.insert(pattern.trim_start_matches('/'), index);
        }
        root
    }

    fn insert(&mut self, pattern: &str, index: usize) {
        let (segment, rest) = first_segment(pattern);
        if segment.ends_with(":.*}") {
            self.rest = Some(index);
            return;
        }
        let branch = if segment.starts_with('{') {
            self.any.get_or_insert_default()
        } else {
            self.named.entry(segment.to_owned()).or_default()
        };
        match rest {
            Some(rest) => branch.insert(rest, index),
            None => branch.end = Some(index),
        }
    }

    /// The pattern that a path fits. Both are without their first slash.
    fn find(&self, path: &str) -> Option<usize> {
        let (segment, rest) = first_segment(path);
        let follow = |branch: &Self| rest.map_or(branch.end, |rest| branch.find(rest));
        let named = self.named.get(segment).and_then(follow);
        let any = || self.any.as_deref().filter(|_| !segment.is_empty()).and_then(follow);
        named.or_else(any).or(self.rest)
    }
}

/// Up to the next slash, and what follows that.
fn first_segment(path: &str) -> (&str, Option<&str>) {
    let slash = path.bytes().position(|byte| byte == b'/');
    slash.map_or((path, None), |slash| (&path[..slash], Some(&path[slash + 1..])))
}

#[cfg(test)]
mod tests {
    use super::Branch;

    #[test]
    fn a_path_fits_its_pattern_and_no_other() {
        let patterns =
            ["/", "/calls", "/calls/{call}", "/calls/{call}/chunks", "/calls/{call}/chunks/batch", "/ui/{_:.*}"];
        let paths = ["/", "/calls", "/calls/MZ1", "/calls/MZ1/chunks", "/calls/MZ1/chunks/batch", "/ui/a/b"];
        let tree = Branch::of(patterns.into_iter());
        for (index, path) in paths.iter().enumerate() {
            assert_eq!(tree.find(&path[1..]), Some(index), "{path}");
        }
        assert_eq!(tree.find("ui/"), Some(5));
        for path in ["/calls/", "/calls//chunks", "/calls/MZ1/chunk", "/calls/MZ1/chunks/", "/callsign", "/call", "//"]
        {
            assert_eq!(tree.find(&path[1..]), None, "{path}");
        }
    }
}

//! What is served beside the operations: WebSockets, the document, Swagger UI, the way there, and an answer for every other
//! path.

use actix_router::ResourceDef;
use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, HeaderValue},
    },
    web::{self, Data, ServiceConfig},
};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::{
    openapi::Document,
    problem::{Problem, ProblemCode},
    stream::{self, open_stream},
    twilio::open_twilio_stream,
};

/// The pages and WebSockets, which the document does not list.
const PAGES: [&str; 6] = ["/", stream::PATH, "/openapi.json", "/swagger-ui", "/swagger-ui/{file:.*}", "/twilio/stream"];

/// The path that is looked for first.
const MOST_ASKED: &str = "/calls/{call}/chunks";

/// Registers the pages and the WebSockets.
pub fn pages(config: &mut ServiceConfig) {
    let redirect = || web::get().to(to_swagger_ui);
    // Unless told otherwise, Swagger UI sends the document's address to a validator on the Internet.
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

/// Every path that is served, and its methods.
pub struct KnownPaths(Vec<KnownPath>);

struct KnownPath {
    pattern: String,
    resource: ResourceDef,
    methods: Vec<Method>,
}

impl KnownPaths {
    /// The paths of the document, and the pages.
    pub fn of(document: &OpenApi) -> Self {
        let known = |path: &str, methods| {
            let (pattern, resource) = (path.to_owned(), ResourceDef::new(path));
            KnownPath { pattern, resource, methods }
        };
        let operations = document.paths.paths.iter().map(|(path, item)| {
            let methods = crate::openapi::operations(item).into_iter().map(|(method, _)| method);
            known(path, methods.collect())
        });
        let pages = PAGES.map(|path| known(path, vec![Method::GET]));
        let mut all: Vec<_> = operations.chain(pages).collect();
        all.sort_by_key(|known| known.pattern != MOST_ASKED);
        Self(all)
    }

    /// The pattern that a path fits.
    pub fn pattern_of(&self, path: &str) -> Option<&str> {
        // By hand, since it is done for every request: the router has found it, but does not tell.
        let path = path.as_bytes();
        let fits = |known: &&KnownPath| fits(known.pattern.as_bytes(), path);
        self.0.iter().find(fits).map(|known| known.pattern.as_str())
    }

    /// The methods that a path takes.
    fn methods(&self, path: &str) -> Vec<&str> {
        let matching = self.0.iter().filter(|known| known.resource.is_match(path));
        let mut methods: Vec<_> = matching.flat_map(|known| &known.methods).map(Method::as_str).collect();
        if methods.contains(&"GET") {
            methods.push("HEAD");
        }
        methods.sort_unstable();
        methods
    }
}

/// Whether a path fits a pattern: `{name}` is a segment, `{name:.*}` is all the rest.
fn fits(mut pattern: &[u8], mut path: &[u8]) -> bool {
    loop {
        let same = pattern.iter().zip(path).take_while(|(a, b)| a == b && **a != b'{').count();
        (pattern, path) = (&pattern[same..], &path[same..]);
        let Some(end) = pattern.iter().position(|&byte| byte == b'}').filter(|_| pattern[0] == b'{') else {
            return pattern.is_empty() && path.is_empty();
        };
        if pattern[..end].ends_with(b":.*") {
            return true;
        }
        let segment = path.iter().position(|&byte| byte == b'/').unwrap_or(path.len());
        if segment == 0 {
            return false;
        }
        (pattern, path) = (&pattern[end + 1..], &path[segment..]);
    }
}

/// Answers what no route has taken: 405 where the path takes other methods, else 404.
pub async fn fallback(request: HttpRequest, known: Data<KnownPaths>) -> Result<HttpResponse, Problem> {
    let allowed = known.methods(request.path()).join(", ");
    if allowed.is_empty() {
        return Err(Problem::new(ProblemCode::NotFound, "Nothing has this path; /swagger-ui/ lists what there is."));
    }
    let problem = Problem::new(ProblemCode::MethodNotAllowed, format!("This path takes {allowed}."));
    Err(HeaderValue::from_str(&allowed).map_or(problem.clone(), |allowed| problem.with_header(header::ALLOW, allowed)))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn a_path_fits_its_pattern_and_no_other() {
        let patterns =
            ["/", "/calls", "/calls/{call}", "/calls/{call}/chunks", "/calls/{call}/chunks/batch", "/ui/{_:.*}"];
        let paths = ["/", "/calls", "/calls/MZ1", "/calls/MZ1/chunks", "/calls/MZ1/chunks/batch", "/ui/a/b"];
        for (index, path) in paths.iter().enumerate() {
            let fitting: Vec<_> = patterns.iter().filter(|pattern| fits(pattern.as_bytes(), path.as_bytes())).collect();
            assert_eq!(fitting, [&patterns[index]], "{path}");
        }
        for path in ["", "/calls/", "/calls//chunks", "/calls/MZ1/chunk", "/calls/MZ1/chunks/", "/callsign", "/call"] {
            assert!(patterns.iter().all(|pattern| !fits(pattern.as_bytes(), path.as_bytes())), "{path}");
        }
    }
}

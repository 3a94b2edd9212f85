//! What is served beside the operations: the document, Swagger UI, the way there, and an answer for every other path.

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
};

/// The pages, which the document does not list.
const PAGES: [&str; 4] = ["/", "/openapi.json", "/swagger-ui", "/swagger-ui/{file:.*}"];

/// Registers the pages.
pub fn pages(config: &mut ServiceConfig) {
    let redirect = || web::get().to(to_swagger_ui);
    // Unless told otherwise, Swagger UI sends the document's address to a validator on the Internet.
    let swagger_ui = Config::new(["/openapi.json"]).try_it_out_enabled(true).validator_url("none");
    config
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
        Self(operations.chain(pages).collect())
    }

    /// The pattern that a path fits. Patterns are compared segment by segment, which is cheap enough for every request.
    pub fn route(&self, path: &str) -> Option<&str> {
        let fits = |pattern: &str| {
            let (mut segments, mut parts) = (path.split('/'), pattern.split('/'));
            loop {
                match (segments.next(), parts.next()) {
                    (None, None) => return true,
                    (Some(_), Some(part)) if part.ends_with(":.*}") => return true,
                    (Some(segment), Some(part))
                        if segment == part || (part.starts_with('{') && !segment.is_empty()) => {}
                    _ => return false,
                }
            }
        };
        self.0.iter().map(|known| known.pattern.as_str()).find(|pattern| fits(pattern))
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

/// Answers what no route has taken: 405 where the path takes other methods, else 404.
pub async fn fallback(request: HttpRequest, known: Data<KnownPaths>) -> Result<HttpResponse, Problem> {
    let allowed = known.methods(request.path()).join(", ");
    if allowed.is_empty() {
        return Err(Problem::new(ProblemCode::NotFound, "Nothing has this path; /swagger-ui/ lists what there is."));
    }
    let problem = Problem::new(ProblemCode::MethodNotAllowed, format!("This path takes {allowed}."));
    Err(HeaderValue::from_str(&allowed).map_or(problem.clone(), |allowed| problem.with_header(header::ALLOW, allowed)))
}

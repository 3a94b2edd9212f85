//! The files of the dashboard. They lie in `dashboard/` and are part of the binary; a debug build reads them from that
//! folder instead, so that a change of a script needs no build.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web::Path,
};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    extract::has,
    problem::{Problem, ProblemCode},
};

/// What the dashboard may load and run: its own files, the service's answers, and recordings. Text cannot become markup
/// except through the templates of lit-html, whose policy is the only one that may be made.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types lit-html",
);
/// Browsers ask whether their copy is current, so that a new version of the service shows at once.
const CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// The folder, without what only contributors read.
#[derive(RustEmbed)]
#[folder = "../dashboard"]
#[exclude = "*.md"]
struct Files;

/// A file of the dashboard; the page itself for the folder's own path.
///
/// # Errors
/// 404 if there is no such file.
pub(super) async fn file(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, Problem> {
    let name = if path.is_empty() { "index.html" } else { path.as_str() };
    let file = Files::get(name).ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, "The dashboard has no such file. Its page is /dashboard/.")
    })?;
    let etag = etag(&file);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::CACHE_CONTROL, CACHE))
        // Weak, since the same file has other bytes when it is compressed.
        .insert_header((header::ETAG, format!("W/{etag}")));
    if has(request.headers(), &etag) {
        return Ok(response.status(actix_web::http::StatusCode::NOT_MODIFIED).finish());
    }
    Ok(response.content_type(media_type(name)).body(file.data.into_owned()))
}

/// A file's hash as a strong ETag.
fn etag(file: &EmbeddedFile) -> String {
    let hash: String = file.metadata.sha256_hash().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("\"{hash}\"")
}

/// The media type of a file by its name. Licences have no ending.
fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

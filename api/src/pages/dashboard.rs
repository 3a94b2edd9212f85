//! The files of the dashboard. They lie in `dashboard/` and are part of the binary; a debug build reads them from that
//! folder instead, so that a change of a script needs no build.

use std::{
    collections::HashMap,
    io::{self, Write},
    sync::{Mutex, PoisonError},
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, AcceptEncoding, ContentEncoding, Encoding, Header, HeaderValue},
    },
    web::{Bytes, Data, Path},
};
use flate2::{Compression, write::GzEncoder};
use rust_embed::{EmbeddedFile, RustEmbed};

use crate::{
    extract::has,
    problem::{Problem, ProblemCode},
    recordings::download::MediaRedirect,
};

/// What the dashboard may load and run: its own files, the service's answers, and recordings. Text becomes markup only
/// in the templates of lit-html, whose policy of Trusted Types is the only one that may be made.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types lit-html",
);
/// The same where downloads are redirected to the object store, whose host may change with each URL.
const POLICY_OF_REDIRECTS: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    media-src 'self' blob: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
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
pub(super) async fn file(
    request: HttpRequest,
    redirect: Data<MediaRedirect>,
    path: Path<String>,
) -> Result<HttpResponse, Problem> {
    let name = if path.is_empty() { "index.html" } else { path.as_str() };
    let file = Files::get(name).ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, "The dashboard has no such file. Its page is /dashboard/.")
    })?;
    let etag = etag(&file);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::CONTENT_SECURITY_POLICY, if redirect.0 { POLICY_OF_REDIRECTS } else { POLICY }))
        .insert_header((header::CACHE_CONTROL, CACHE))
        // Weak, since the same file has other bytes when it is compressed.
        .insert_header((header::ETAG, format!("W/{etag}")));
    if has(request.headers(), &etag) {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    response.content_type(media_type(name)).insert_header((header::VARY, HeaderValue::from_static("accept-encoding")));
    match takes_gzip(&request).then(|| packed(&file)) {
        // With the header set, the server's own compressor leaves the body alone.
        Some(Ok(packed)) => Ok(response.insert_header(ContentEncoding::Gzip).body(packed)),
        None | Some(Err(_)) => Ok(response.body(file.data.into_owned())),
    }
}

/// Whether a client prefers gzip to plain bytes.
fn takes_gzip(request: &HttpRequest) -> bool {
    let known = [Encoding::gzip(), Encoding::identity()];
    AcceptEncoding::parse(request).ok().and_then(|accepted| accepted.negotiate(known.iter())) == Some(Encoding::gzip())
}

/// A file as gzip, as small as that gets. The server's compressor is made for answers that differ each time, and leaves
/// a third more. Each file is packed once, when it is first asked for.
fn packed(file: &EmbeddedFile) -> io::Result<Bytes> {
    static PACKED: Mutex<Option<HashMap<[u8; 32], Bytes>>> = Mutex::new(None);
    let mut all = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let all = all.get_or_insert_default();
    let hash = file.metadata.sha256_hash();
    if let Some(known) = all.get(&hash) {
        return Ok(known.clone());
    }
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&file.data)?;
    let packed = Bytes::from(encoder.finish()?);
    all.insert(hash, packed.clone());
    Ok(packed)
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

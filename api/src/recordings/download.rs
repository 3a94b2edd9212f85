//! `downloadRecording`.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    get,
    http::{
        StatusCode,
        header::{self, ContentEncoding, HeaderValue},
    },
    web::Data,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use service::{Callstore, Error, Private};
use utoipa::IntoParams;
use validator::Validate;

use super::range::{Wanted, wanted};
use crate::{
    access::Access,
    extract::{IdPath, Query},
    problem::{Problem, ProblemCode},
    request::is_head,
    wire::RawBytes,
};

/// What `filename*` escapes (RFC 8187).
const EXTENDED_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'!');

/// Whether who downloads is sent to the object store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaRedirect(pub bool);

/// The signature of a link.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LinkQuery {
    /// Part of a link made by `createRecordingLink`.
    expires: Option<String>,
    /// Part of a link made by `createRecordingLink`.
    #[param(value_type = Option<String>)]
    signature: Option<Private>,
}

impl LinkQuery {
    /// The link's parts; none where the address is not one.
    fn link(&self) -> Result<Option<(&str, &str)>, Error> {
        match (&self.expires, &self.signature) {
            (None, None) => Ok(None),
            (Some(expires), Some(signature)) => Ok(Some((expires, signature.expose()))),
            (Some(_), None) | (None, Some(_)) => Err(Error::LinkInvalid),
        }
    }
}

/// Download a recording
///
/// Returns the WAV file: 16-bit PCM at 16 kHz. Players can seek with `Range`; the `ETag` is the file's SHA-256. A link
/// made by `createRecordingLink` needs no key.
///
/// The service compares each block of 128 KiB with its hash before it sends it. If a later block is damaged, it cuts
/// the connection.
///
/// With an object store and `--media-redirect`, the response is a 307 redirect to a URL of that store, which works for
/// five minutes.
#[utoipa::path(
    operation_id = "downloadRecording",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    extensions(("x-signed-by" = json!("link"))),
    params(
        LinkQuery,
        ("Range" = Option<String>, Header, description = "One range of bytes, such as `bytes=0-1023`. Several ranges return the whole file."),
        ("If-Range" = Option<String>, Header, description = "Apply `Range` only if this ETag is current; else return the whole file."),
        ("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current."),
    ),
    responses(
        (status = 200, description = "The whole file.", content((RawBytes = "audio/wav")), headers(
            ("ETag" = String, description = "The file's SHA-256, in quotes."),
            ("Accept-Ranges" = String, description = "`bytes`"),
            ("Content-Disposition" = String, description = "`inline`, with the call's `streamSid` as the file name."))),
        (status = 206, description = "The requested part.", content((RawBytes = "audio/wav")), headers(
            ("Content-Range" = String, description = "The part and the size of the file."))),
        (status = 304, description = "The client's copy is current."),
        (status = 307, description = "The file is at a URL of the object store. It works for five minutes.",
            headers(("Location" = String, description = "The URL."))),
        (status = 403, description = "`link_invalid`, `link_expired`: the link's signature is wrong, or the link has expired."),
        (status = 404, description = "`recording_not_found`: no recording has this id."),
        (status = 410, description = "`recording_missing`: the file is gone."),
        (status = 500, description = "`recording_damaged`: the file is not what was recorded. `internal_error`: the service failed."),
        (status = 503, description = "`storage_unavailable`: the object store does not respond.",
            headers(("Retry-After" = u32, description = "In how many seconds to retry."))),
        (status = 416, description = "`range_not_satisfiable`: the range is beyond the end of the file.", headers(
            ("Content-Range" = String, description = "The size of the file."))),
    ),
)]
#[get("/recordings/{id}/audio")]
pub(crate) async fn download_recording(
    callstore: Data<Callstore>,
    request: HttpRequest,
    redirect: Data<MediaRedirect>,
    id: IdPath,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, Problem> {
    let link = query.link()?;
    if let Some((expires, signature)) = link {
        callstore.recordings.check_link(id.0, expires, signature).await?;
    }
    let (file, name) = callstore.recordings.get_named(id.0).await?;
    let recording = file.recording;
    let etag = format!("\"{}\"", recording.sha256);
    let size = recording.size_bytes;
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, etag.as_str()))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_DISPOSITION, inline(&name)))
        // Audio does not shrink, and a compressed part would have another length: keep the compressor off.
        .insert_header(ContentEncoding::Identity)
        .content_type("audio/wav");
    share(&mut response, &request, link);
    let part = match wanted(request.headers(), &etag, size) {
        Wanted::NotModified => return Ok(response.status(StatusCode::NOT_MODIFIED).finish()),
        Wanted::Whole => 0..size,
        Wanted::Part(part) => {
            let place = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            response.status(StatusCode::PARTIAL_CONTENT).insert_header((header::CONTENT_RANGE, place));
            part
        }
        Wanted::NotSatisfiable => {
            let detail = format!("The range starts beyond the end. The recording has {size} bytes.");
            let problem = Problem::new(ProblemCode::RangeNotSatisfiable, detail);
            let place = HeaderValue::from_str(&format!("bytes */{size}"));
            return Err(place.map_or(problem.clone(), |place| problem.with_header(header::CONTENT_RANGE, place)));
        }
    };
    let head = is_head(&request);
    if redirect.0
        && let Some(address) = callstore.recordings.signed_url(&recording, head).await?
    {
        let mut elsewhere = HttpResponse::TemporaryRedirect();
        share(&mut elsewhere, &request, link);
        return Ok(elsewhere.insert_header((header::LOCATION, address.expose().as_str())).finish());
    }
    let length = part.end - part.start;
    let audio = callstore.recordings.read(&recording, part, head).await?;
    Ok(response.body(SizedStream::new(length, audio)))
}

/// Shown in the browser, and saved as `NAME.wav` (RFC 6266). Characters that mean something in a path or in the header
/// itself are escaped in `filename*`; clients that do not read it get underscores in their place.
fn inline(name: &str) -> String {
    let needs_no_escape = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-@=+{}~!".contains(&byte);
    if name.bytes().all(needs_no_escape) {
        return format!("inline; filename=\"{name}.wav\"");
    }
    let simple: String =
        name.chars().map(|char| if u8::try_from(char).is_ok_and(needs_no_escape) { char } else { '_' }).collect();
    let escaped = utf8_percent_encode(name, EXTENDED_VALUE);
    format!("inline; filename=\"{simple}.wav\"; filename*=UTF-8''{escaped}.wav")
}

/// Lets pages of other origins embed the audio: any page by a link, and every page once `--cors-origins` lists one.
fn share(response: &mut HttpResponseBuilder, request: &HttpRequest, link: Option<(&str, &str)>) {
    let shares = request.app_data::<Data<Access>>().is_some_and(|access| access.shares());
    if link.is_some() || shares {
        response.insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
    }
}

#[cfg(test)]
mod tests {
    use super::inline;

    #[test]
    fn a_file_is_named_after_its_call_whatever_the_name_has() {
        for (name, wanted) in [
            ("MZ1", "inline; filename=\"MZ1.wav\""),
            ("a@b=c+{d}~!:1", "inline; filename=\"a@b=c+{d}~!:1.wav\""),
            ("a/b%20", "inline; filename=\"a_b_20.wav\"; filename*=UTF-8''a%2Fb%2520.wav"),
            ("a\"\\\r\n", "inline; filename=\"a____.wav\"; filename*=UTF-8''a%22%5C%0D%0A.wav"),
            ("é", "inline; filename=\"_.wav\"; filename*=UTF-8''%C3%A9.wav"),
        ] {
            assert_eq!(inline(name), wanted);
        }
    }
}

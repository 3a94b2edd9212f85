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
    chunks::RawBytes,
    extract::{IdPath, Query},
    observe::is_head,
    problem::{Problem, ProblemCode},
};

/// What `filename*` escapes (RFC 8187).
const EXTENDED_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'!');

/// Whether who downloads is sent to the object store.
#[derive(Clone, Copy, Debug)]
pub struct MediaRedirect(pub bool);

/// What makes the address a link.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LinkQuery {
    /// When the link expires, as `createRecordingLink` has written it.
    expires: Option<String>,
    /// The link's signature.
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
/// The WAV file: PCM 16 bit at 16 kHz. Parts of it can be asked for with `Range`, so that players can seek; the `ETag` is
/// the file's SHA-256. With `expires` and `signature`, as `createRecordingLink` makes them, no key is needed.
///
/// A service that keeps recordings in an object store may be set to send who downloads there: 307, with an address that works
/// for five minutes, for the same method and `Range`.
#[utoipa::path(
    operation_id = "downloadRecording",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    extensions(("x-signed-by" = json!("link"))),
    params(
        LinkQuery,
        ("Range" = Option<String>, Header, description = "One range of bytes, such as `bytes=0-1023`. Several ranges return the whole file."),
        ("If-Range" = Option<String>, Header, description = "Send the part only of the file with this ETag, else the whole."),
        ("If-None-Match" = Option<String>, Header, description = "Send nothing if the file has this ETag."),
    ),
    responses(
        (status = 200, description = "The whole file.", content((RawBytes = "audio/wav")), headers(
            ("ETag" = String, description = "The file's SHA-256, in quotes."),
            ("Accept-Ranges" = String, description = "`bytes`"),
            ("Content-Disposition" = String, description = "`inline`, with the call's `streamSid` as the file name."))),
        (status = 206, description = "The part that was asked for.", content((RawBytes = "audio/wav")), headers(
            ("Content-Range" = String, description = "Which part of how many bytes."))),
        (status = 304, description = "The client has the file."),
        (status = 307, description = "The object store has the file, at an address that anyone can use for five minutes.",
            headers(("Location" = String, description = "The address."))),
        (status = 403, description = "`link_invalid`, `link_expired`: the address is a link that does not hold, or no longer."),
        (status = 404, description = "`recording_not_found`: no recording has this id."),
        (status = 503, description = "`storage_unavailable`: the object store that has it does not answer, or has it no longer.",
            headers(("Retry-After" = u32, description = "After how many seconds to try again."))),
        (status = 416, description = "`range_not_satisfiable`: the range lies beyond the file's end.", headers(
            ("Content-Range" = String, description = "How many bytes the file has."))),
    ),
)]
#[get("/recordings/{id}/audio")]
pub async fn download_recording(
    callstore: Data<Callstore>,
    request: HttpRequest,
    redirect: Data<MediaRedirect>,
    id: IdPath,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, Problem> {
    let link = query.link()?;
    if let Some((expires, signature)) = link {
        callstore.check_link(id.0, expires, signature).await?;
    }
    let (file, name) = callstore.get_named_recording(id.0).await?;
    let recording = file.recording;
    let etag = format!("\"{}\"", recording.sha256);
    let size = recording.size_bytes.unsigned_abs();
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, etag.as_str()))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_DISPOSITION, inline(&name)))
        // Audio does not shrink, and a compressed part would have another length: keep the compressor off.
        .insert_header(ContentEncoding::Identity)
        .content_type("audio/wav");
    share(&mut response, link);
    let part = match wanted(request.headers(), &etag, size) {
        Wanted::NotModified => return Ok(response.status(StatusCode::NOT_MODIFIED).finish()),
        Wanted::Whole => 0..size,
        Wanted::Part(part) => {
            let place = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            response.status(StatusCode::PARTIAL_CONTENT).insert_header((header::CONTENT_RANGE, place));
            part
        }
        Wanted::NotSatisfiable => {
            let detail = format!("The recording has {size} bytes.");
            let problem = Problem::new(ProblemCode::RangeNotSatisfiable, detail);
            let place = HeaderValue::from_str(&format!("bytes */{size}"));
            return Err(place.map_or(problem.clone(), |place| problem.with_header(header::CONTENT_RANGE, place)));
        }
    };
    let head = is_head(&request);
    if redirect.0
        && let Some(address) = callstore.signed_url(&recording, head).await?
    {
        let mut elsewhere = HttpResponse::TemporaryRedirect();
        share(&mut elsewhere, link);
        return Ok(elsewhere.insert_header((header::LOCATION, address.expose().as_str())).finish());
    }
    let length = part.end - part.start;
    let audio = callstore.read_recording(&recording, part, head).await?;
    Ok(response.body(SizedStream::new(length, audio)))
}

/// Shown in the browser, and saved as `NAME.wav` (RFC 6266). Characters that mean something in a path or in the header itself
/// are escaped in `filename*`; clients that do not read it get underscores in their place.
fn inline(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-@=+{}~!".contains(&byte);
    if name.bytes().all(plain) {
        return format!("inline; filename=\"{name}.wav\"");
    }
    let simple: String =
        name.chars().map(|char| if u8::try_from(char).is_ok_and(plain) { char } else { '_' }).collect();
    let escaped = utf8_percent_encode(name, EXTENDED_VALUE);
    format!("inline; filename=\"{simple}.wav\"; filename*=UTF-8''{escaped}.wav")
}

/// Lets whoever has a link show it in a page of any origin.
fn share(response: &mut HttpResponseBuilder, link: Option<(&str, &str)>) {
    if link.is_some() {
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

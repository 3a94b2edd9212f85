//! Sends a recording, or a part of it: whole or in ranges, with its ETag.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::SizedStream,
    http::{
        StatusCode,
        header::{self, ContentEncoding, HeaderValue},
    },
    web::Data,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use service::{Callstore, Cut, Recording};

use super::range::{Wanted, wanted};
use crate::{
    access::Access,
    problem::{Problem, ProblemCode},
    request::is_head,
};

/// What `filename*` escapes (RFC 8187).
const EXTENDED_VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'!');

/// What to send.
pub(crate) struct Served {
    pub recording: Recording,
    /// The name under which a listener saves it.
    pub name: String,
    /// The part; `None` for the file as it is.
    pub cut: Option<Cut>,
    /// Whether a link was used in place of a key.
    pub by_link: bool,
}

impl Served {
    /// The response. With `redirect`, that of a whole recording in an object store leads there.
    pub(crate) async fn respond(
        self,
        callstore: &Callstore,
        request: &HttpRequest,
        redirect: bool,
    ) -> Result<HttpResponse, Problem> {
        let Self { recording, name, cut, by_link } = self;
        let slice = match cut {
            Some(cut) => Some(callstore.listening.slice(recording.clone(), cut).await?),
            None => None,
        };
        let etag = format!("\"{}\"", slice.as_ref().map_or(&recording.sha256, |slice| &slice.version));
        let size = slice.as_ref().map_or(recording.size_bytes, service::RecordingSlice::size_bytes);
        let mut response = HttpResponse::Ok();
        response.insert_header((header::ETAG, etag.as_str()));
        describe(&mut response, &name);
        share(&mut response, request, by_link);
        let part = match wanted(request.headers(), &etag, size) {
            Wanted::NotModified => return Ok(response.status(StatusCode::NOT_MODIFIED).finish()),
            Wanted::Whole => 0..size,
            Wanted::Part(part) => {
                let place = format!("bytes {}-{}/{size}", part.start, part.end - 1);
                response.status(StatusCode::PARTIAL_CONTENT).insert_header((header::CONTENT_RANGE, place));
                part
            }
            Wanted::NotSatisfiable => return Err(beyond(size)),
        };
        let head = is_head(request);
        if redirect
            && slice.is_none()
            && let Some(address) = callstore.recordings.signed_url(&recording, head).await?
        {
            let mut elsewhere = HttpResponse::TemporaryRedirect();
            share(&mut elsewhere, request, by_link);
            return Ok(elsewhere.insert_header((header::LOCATION, address.expose().as_str())).finish());
        }
        let length = part.end - part.start;
        let audio = match &slice {
            Some(slice) => callstore.listening.read_slice(slice, part, head).await?,
            None => callstore.recordings.read(&recording, part, head).await?,
        };
        Ok(response.body(SizedStream::new(length, audio)))
    }
}

/// The headers of audio that has ranges.
pub(super) fn describe(response: &mut HttpResponseBuilder, name: &str) {
    response
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_DISPOSITION, inline(name)))
        // Audio does not shrink, and a compressed part would have another length: keep the compressor off.
        .insert_header(ContentEncoding::Identity)
        .content_type("audio/wav");
}

/// The problem of a range that starts beyond the end.
pub(super) fn beyond(size: u64) -> Problem {
    let detail = format!("The range starts beyond the end. The recording has {size} bytes.");
    let problem = Problem::new(ProblemCode::RangeNotSatisfiable, detail);
    let place = HeaderValue::from_str(&format!("bytes */{size}"));
    place.map_or(problem.clone(), |place| problem.with_header(header::CONTENT_RANGE, place))
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
pub(super) fn share(response: &mut HttpResponseBuilder, request: &HttpRequest, by_link: bool) {
    let shares = request.app_data::<Data<Access>>().is_some_and(|access| access.shares());
    if by_link || shares {
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

//! `downloadRecording`.

use std::{io::SeekFrom, ops::Range, path::Path};

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
use serde::Deserialize;
use service::{Callstore, Error, Private, RecordingFile};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;
use validator::Validate;

use super::range::{Wanted, wanted};
use crate::{
    chunks::RawBytes,
    extract::{IdPath, Query},
    problem::{Problem, ProblemCode},
};

/// How much of a file is read at a time.
const READ_BYTES: usize = 128 * 1024;

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
#[utoipa::path(
    operation_id = "downloadRecording",
    tag = "Recordings",
    security(("apiKey" = ["read"]), ("link" = [])),
    params(
        LinkQuery,
        ("Range" = Option<String>, Header, description = "A part of the file; several parts get the whole.", example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, description = "Send the part only of the file with this ETag, else the whole."),
        ("If-None-Match" = Option<String>, Header, description = "Send nothing if the file has this ETag."),
    ),
    responses(
        (status = 200, description = "The whole file.", content((RawBytes = "audio/wav")), headers(
            ("ETag" = String, description = "The file's SHA-256, in quotes."),
            ("Accept-Ranges" = String, description = "`bytes`"))),
        (status = 206, description = "The part that was asked for.", content((RawBytes = "audio/wav")), headers(
            ("Content-Range" = String, description = "Which part of how many bytes."))),
        (status = 304, description = "The client has the file."),
        (status = 403, description = "`link_invalid`, `link_expired`: the address is a link that does not hold, or no longer."),
        (status = 404, description = "`recording_not_found`: no recording has this id."),
        (status = 416, description = "`range_not_satisfiable`: the range lies beyond the file's end.", headers(
            ("Content-Range" = String, description = "How many bytes the file has."))),
    ),
)]
#[get("/recordings/{id}/audio")]
pub async fn download_recording(
    callstore: Data<Callstore>,
    request: HttpRequest,
    id: IdPath,
    Query(query): Query<LinkQuery>,
) -> Result<HttpResponse, Problem> {
    let link = query.link()?;
    if let Some((expires, signature)) = link {
        callstore.check_link(id.0, expires, signature).await?;
    }
    let RecordingFile { recording, path } = callstore.recording_file(id.0).await?;
    let etag = format!("\"{}\"", recording.sha256);
    let size = recording.size_bytes.unsigned_abs();
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, etag.as_str()))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        // Audio does not shrink, and a compressed part would have another length: keep the compressor off.
        .insert_header(ContentEncoding::Identity)
        .content_type("audio/wav");
    if link.is_some() {
        // Whoever has the link may show it in a page of any origin.
        response.insert_header((header::CROSS_ORIGIN_RESOURCE_POLICY, "cross-origin"));
    }
    match wanted(request.headers(), &etag, size) {
        Wanted::NotModified => Ok(response.status(StatusCode::NOT_MODIFIED).finish()),
        Wanted::Whole => send(response, &path, 0..size).await,
        Wanted::Part(part) => {
            let place = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            response.status(StatusCode::PARTIAL_CONTENT).insert_header((header::CONTENT_RANGE, place));
            send(response, &path, part).await
        }
        Wanted::NotSatisfiable => {
            let detail = format!("The recording has {size} bytes.");
            let problem = Problem::new(ProblemCode::RangeNotSatisfiable, detail);
            let place = HeaderValue::from_str(&format!("bytes */{size}"));
            Err(place.map_or(problem.clone(), |place| problem.with_header(header::CONTENT_RANGE, place)))
        }
    }
}

/// Sends a part of a file as it is read.
async fn send(mut response: HttpResponseBuilder, path: &Path, part: Range<u64>) -> Result<HttpResponse, Problem> {
    let mut file = File::open(path).await.map_err(Error::Store)?;
    file.seek(SeekFrom::Start(part.start)).await.map_err(Error::Store)?;
    let length = part.end - part.start;
    let stream = ReaderStream::with_capacity(file.take(length), READ_BYTES);
    Ok(response.body(SizedStream::new(length, stream)))
}

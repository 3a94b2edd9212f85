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
use service::{Callstore, Error, RecordingFile};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
};
use tokio_util::io::ReaderStream;

use super::range::{Wanted, wanted};
use crate::{
    chunks::RawBytes,
    extract::{IdPath, NoQuery, Query},
    problem::{Problem, ProblemCode},
};

/// How much of a file is read at a time.
const READ_BYTES: usize = 128 * 1024;

/// Download a recording
///
/// The WAV file: PCM 16 bit at 16 kHz. Parts of it can be asked for with `Range`, so that players can seek; the `ETag` is
/// the file's SHA-256.
#[utoipa::path(
    operation_id = "downloadRecording",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    params(
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
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
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

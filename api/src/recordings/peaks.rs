//! `getPeaks` and `getCallPeaks`, which differ in what they name alone.

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    get,
    http::{
        StatusCode,
        header::{self, ContentEncoding},
    },
    web::Data,
};
use serde::{Deserialize, Serialize};
use service::{CallAudio, Callstore, Peaks, PeaksFormat, Recording, Resolution};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use crate::{
    extract::{CallPath, IdPath, Query, accepted, has},
    problem::{Problem, ProblemCode},
    request::is_head,
    wire::{RawBytes, number},
};

/// Pixels per second unless given.
const PIXELS_PER_SECOND: u32 = 20;

/// The formats with their media types.
const FORMATS: [(PeaksFormat, &[&str]); 2] =
    [(PeaksFormat::Json, &["application/json"]), (PeaksFormat::Dat, &["application/octet-stream"])];

/// How fine peaks are.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeaksQuery {
    /// Pixels per second. A pixel has whole samples, rounded down; `samples_per_pixel` is exact.
    #[serde(default, deserialize_with = "number::pixels_parameter")]
    #[param(minimum = 1, maximum = 200, default = 20)]
    pixels_per_second: Option<u32>,
    /// Bits of a value.
    #[param(inline)]
    #[serde(default)]
    bits: Bits,
}

/// Bits of a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
enum Bits {
    #[default]
    #[serde(rename = "8")]
    Eight,
    #[serde(rename = "16")]
    Sixteen,
}

impl PeaksQuery {
    fn resolution(&self) -> Resolution {
        Resolution {
            pixels_per_second: self.pixels_per_second.unwrap_or(PIXELS_PER_SECOND),
            eight_bits: self.bits == Bits::Eight,
        }
    }
}

/// Peaks, as audiowaveform writes them.
#[derive(Debug, Serialize, ToSchema)]
struct Waveform {
    /// The version of the format.
    version: u32,
    /// 2: the caller first and the agent second; 1: only one of them had audio.
    channels: u32,
    /// Samples per second of the recording.
    sample_rate: u32,
    /// Samples of a pixel.
    samples_per_pixel: u32,
    /// Bits of a value.
    bits: u32,
    /// Number of pixels.
    length: u64,
    /// For each pixel and channel, the lowest and the highest sample.
    data: Vec<i16>,
}

impl Waveform {
    fn sample() -> Self {
        let data = vec![-3, 4, 0, 0, -55, 61, -2, 1];
        Self { version: 2, channels: 2, sample_rate: 16_000, samples_per_pixel: 800, bits: 8, length: 2, data }
    }
}

/// Get the peaks of a recording
///
/// What a waveform is drawn from, in the format of audiowaveform: JSON, or by `Accept: application/octet-stream` its
/// `.dat`, whose values begin at byte 24. 1, 2, 4, 5, 10, 20, 25, 50 and 100 pixels per second are read from kept
/// peaks; others are found in the whole recording.
#[utoipa::path(
    operation_id = "getPeaks",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    params(
        PeaksQuery,
        ("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current."),
    ),
    responses(
        (status = 200, description = "The peaks.", content(
            (Waveform = "application/json", example = json!(Waveform::sample())),
            (RawBytes = "application/octet-stream")), headers(("ETag" = String, description = "Of these peaks."))),
        (status = 304, description = "The client's copy is current."),
        (status = 404, description = "`recording_not_found`: no recording has this id."),
        (status = 406, description = "`not_acceptable`: `Accept` allows none of the formats."),
        (status = 410, description = "`recording_missing`: the file is gone."),
        (status = 500, description = "`recording_damaged`: the file is not what was recorded. `internal_error`: the service failed."),
        (status = 503, description = "`storage_unavailable`: the object store does not respond.",
            headers(("Retry-After" = u32, description = "In how many seconds to retry."))),
    ),
)]
#[get("/recordings/{id}/peaks")]
pub(crate) async fn get_peaks(
    callstore: Data<Callstore>,
    request: HttpRequest,
    id: IdPath,
    Query(query): Query<PeaksQuery>,
) -> Result<HttpResponse, Problem> {
    let format = format(&request)?;
    let recording = callstore.recordings.get(id.0).await?.recording;
    of_recording(&callstore, &request, &recording, query.resolution(), format).await
}

/// Get the peaks of a call
///
/// Those of its recording, as `getPeaks` returns them; while it has none, those of what is stored so far.
#[utoipa::path(
    operation_id = "getCallPeaks",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    params(
        PeaksQuery,
        ("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current."),
    ),
    responses(
        (status = 200, description = "The peaks.", content(
            (Waveform = "application/json", example = json!(Waveform::sample())),
            (RawBytes = "application/octet-stream")), headers(("ETag" = String, description = "Of these peaks."))),
        (status = 304, description = "The client's copy is current."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `recording_not_found`: it has no recording."),
        (status = 406, description = "`not_acceptable`: `Accept` allows none of the formats."),
        (status = 410, description = "`recording_missing`: the file is gone."),
        (status = 500, description = "`recording_damaged`: the file is not what was recorded. `internal_error`: the service failed."),
        (status = 503, description = "`storage_unavailable`: the object store does not respond.",
            headers(("Retry-After" = u32, description = "In how many seconds to retry."))),
    ),
)]
#[get("/calls/{call}/peaks")]
pub(crate) async fn get_call_peaks(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    Query(query): Query<PeaksQuery>,
) -> Result<HttpResponse, Problem> {
    let format = format(&request)?;
    match callstore.listening.call_audio(&call.0).await? {
        CallAudio::Recorded(recording, _) => {
            of_recording(&callstore, &request, &recording, query.resolution(), format).await
        }
        CallAudio::Stored(live, _) => {
            let peaks = live.peaks(query.resolution(), format, is_head(&request));
            let mut response = HttpResponse::Ok();
            response.insert_header((header::CACHE_CONTROL, "no-store")).append_header((header::VARY, "accept"));
            Ok(sent(response, peaks, format))
        }
    }
}

/// The format that the request accepts.
fn format(request: &HttpRequest) -> Result<PeaksFormat, Problem> {
    accepted(request, &FORMATS).ok_or_else(|| {
        let detail = "No media type in Accept is available. Peaks are available as application/json and \
            application/octet-stream. Accept one of these.";
        Problem::new(ProblemCode::NotAcceptable, detail)
    })
}

async fn of_recording(
    callstore: &Callstore,
    request: &HttpRequest,
    recording: &Recording,
    resolution: Resolution,
    format: PeaksFormat,
) -> Result<HttpResponse, Problem> {
    let Resolution { pixels_per_second, eight_bits } = resolution;
    let (bits, kind) = (if eight_bits { 8 } else { 16 }, if format == PeaksFormat::Json { "json" } else { "dat" });
    let etag = format!("\"{}-{pixels_per_second}-{bits}-{kind}\"", recording.sha256);
    let not_modified = has(request.headers(), &etag);
    let mut response = HttpResponse::Ok();
    response.insert_header((header::ETAG, etag)).append_header((header::VARY, "accept"));
    if not_modified {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    let peaks = callstore.listening.peaks(recording, resolution, format, is_head(request)).await?;
    Ok(sent(response, peaks, format))
}

/// The response with peaks. JSON is compressed like any other; values of 8 or 16 bits do not shrink much.
fn sent(mut response: actix_web::HttpResponseBuilder, peaks: Peaks, format: PeaksFormat) -> HttpResponse {
    match format {
        PeaksFormat::Json => response.content_type("application/json"),
        PeaksFormat::Dat => response.content_type("application/octet-stream").insert_header(ContentEncoding::Identity),
    };
    match peaks.length {
        Some(length) => response.body(SizedStream::new(length, peaks.bytes)),
        None => response.streaming(peaks.bytes),
    }
}

//! `getCallAudio`.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    body::SizedStream,
    get,
    http::{StatusCode, header},
    web::Data,
};
use futures_util::StreamExt;
use serde::Deserialize;
use service::{CallAudio, CallRef, Callstore, KeyGrant, LiveAudio};
use utoipa::IntoParams;
use validator::Validate;

use super::{
    download::MediaRedirect,
    range::{Wanted, wanted},
    serve::{Served, beyond, describe, share},
};
use crate::{
    extract::{CallPath, Query},
    problem::Problem,
    request::{ended, is_head},
    wire::{RawBytes, real},
};

/// Whether to go on.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallAudioQuery {
    /// Go on until the call ends.
    #[serde(default)]
    #[param(default = false)]
    follow: bool,
    /// With `follow`: where to begin, in seconds. Defaults to the end of what is stored.
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    from: Option<f64>,
}

/// Listen to a call
///
/// A call with a recording returns it, as `downloadRecording` does. Before that, the response is a WAV file of what is
/// stored so far, without the last 20 ms of a live call.
///
/// `follow=true` returns a WAV file of two channels, the caller left and the agent right, that goes on until the call
/// ends. Its header has the sizes 0xFFFFFFFF, which players read as unknown. Audio is sent within a second of its
/// storage; a party that lags by 0.4 s is silent. While nothing is stored, nothing is sent.
#[utoipa::path(
    operation_id = "getCallAudio",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    params(
        CallAudioQuery,
        ("Range" = Option<String>, Header, description = "One range of bytes, such as `bytes=0-1023`. Several ranges return the whole file."),
        ("If-Range" = Option<String>, Header, description = "Apply `Range` only if this ETag is current; else return the whole file."),
        ("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current."),
    ),
    responses(
        (status = 200, description = "The whole file.", content((RawBytes = "audio/wav")), headers(
            ("ETag" = String, description = "The recording's SHA-256, in quotes. A call without a recording has none."))),
        (status = 206, description = "The requested part.", content((RawBytes = "audio/wav")), headers(
            ("Content-Range" = String, description = "The part and the size of the file."))),
        (status = 304, description = "The client's copy is current."),
        (status = 307, description = "The file is at a URL of the object store. It works for five minutes.",
            headers(("Location" = String, description = "The URL."))),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `recording_not_found`: it has no recording."),
        (status = 410, description = "`recording_missing`: the file is gone."),
        (status = 416, description = "`range_not_satisfiable`: the range is beyond the end of the file.", headers(
            ("Content-Range" = String, description = "The size of the file."))),
        (status = 500, description = "`recording_damaged`: the file is not what was recorded. `internal_error`: the service failed."),
        (status = 503, description = "`storage_unavailable`: the object store does not respond.",
            headers(("Retry-After" = u32, description = "In how many seconds to retry."))),
    ),
)]
#[get("/calls/{call}/audio")]
pub(crate) async fn get_call_audio(
    callstore: Data<Callstore>,
    request: HttpRequest,
    redirect: Data<MediaRedirect>,
    call: CallPath,
    Query(query): Query<CallAudioQuery>,
) -> Result<HttpResponse, Problem> {
    if query.follow {
        return follow(&callstore, &request, &call.0, query.from).await;
    }
    if query.from.is_some() {
        return Err(Problem::invalid_field("/from", "Only with follow=true. A recording has start and end instead."));
    }
    match callstore.listening.call_audio(&call.0).await? {
        CallAudio::Recorded(recording, name) => {
            let served = Served { recording, name, cut: None, by_link: false };
            served.respond(&callstore, &request, redirect.0).await
        }
        CallAudio::Stored(live, name) => stored(&request, &live, &name),
    }
}

/// Sends what is stored so far.
fn stored(request: &HttpRequest, live: &LiveAudio, name: &str) -> Result<HttpResponse, Problem> {
    let size = live.size_bytes();
    let mut response = HttpResponse::Ok();
    describe(&mut response, name);
    share(&mut response, request, false);
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    // It has no tag, so no `If-Range` fits.
    let part = match wanted(request.headers(), "", size) {
        Wanted::NotModified | Wanted::Whole => 0..size,
        Wanted::Part(part) => {
            let place = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            response.status(StatusCode::PARTIAL_CONTENT).insert_header((header::CONTENT_RANGE, place));
            part
        }
        Wanted::NotSatisfiable => return Err(beyond(size)),
    };
    let length = part.end - part.start;
    Ok(response.body(SizedStream::new(length, live.read(part))))
}

/// Sends a call as it goes on, until it ends, the client goes, or its key ends.
async fn follow(
    callstore: &Callstore,
    request: &HttpRequest,
    call: &CallRef,
    from: Option<f64>,
) -> Result<HttpResponse, Problem> {
    let (audio, name) = callstore.listening.follow(call, from).await?;
    let mut response = HttpResponse::Ok();
    describe(&mut response, &name);
    share(&mut response, request, false);
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::ACCEPT_RANGES, "none"))
        // nginx would otherwise collect the audio.
        .insert_header(("X-Accel-Buffering", "no"));
    if is_head(request) {
        return Ok(response.finish());
    }
    let mut grant = request.extensions_mut().remove::<KeyGrant>();
    let until_key_ends = audio.take_until(Box::pin(async move {
        let _ = ended(&mut grant).await;
    }));
    Ok(response.streaming(until_key_ends))
}

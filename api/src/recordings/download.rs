//! `downloadRecording`.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, Cut, Error, Private};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::serve::Served;
use crate::{
    extract::{IdPath, Query},
    problem::Problem,
    wire::{RawBytes, real},
};

/// Whether who downloads is sent to the object store.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MediaRedirect(pub bool);

/// Whom to hear.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Channel {
    Inbound,
    Outbound,
    Mix,
}

impl From<Channel> for service::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Inbound => Self::Inbound,
            Channel::Outbound => Self::Outbound,
            Channel::Mix => Self::Mix,
        }
    }
}

/// The part to download, and the signature of a link.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DownloadQuery {
    /// Where the part begins, in seconds. Rounded to the nearest sample.
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    start: Option<f64>,
    /// Where the part ends, in seconds. Later than the recording: at its end.
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    end: Option<f64>,
    /// One channel: the caller (`inbound`), the agent (`outbound`), or half the sum of both (`mix`).
    #[param(inline)]
    channel: Option<Channel>,
    /// Part of a link made by `createRecordingLink`.
    expires: Option<String>,
    /// Part of a link made by `createRecordingLink`.
    #[param(value_type = Option<String>)]
    signature: Option<Private>,
}

impl DownloadQuery {
    /// The part to download; `None` for the recording as it is.
    fn cut(&self) -> Option<Cut> {
        let cut = Cut { start: self.start, end: self.end, channel: self.channel.map(Into::into) };
        (cut != Cut::default()).then_some(cut)
    }

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
/// made by `createRecordingLink` needs no key; add `start`, `end` and `channel` to it as you like.
///
/// With one of those, the response is a complete WAV file of that part, with an `ETag` and ranges of its own. A party
/// without audio is silent.
///
/// The service compares each block of 128 KiB with its hash before it sends it. If a later block is damaged, it cuts
/// the connection.
///
/// With an object store and `--media-redirect`, the response for a whole recording is a 307 redirect to a URL of that
/// store, which works for five minutes.
#[utoipa::path(
    operation_id = "downloadRecording",
    tag = "Recordings",
    security(("apiKey" = ["read"])),
    extensions(("x-signed-by" = json!("link"))),
    params(
        DownloadQuery,
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
    Query(query): Query<DownloadQuery>,
) -> Result<HttpResponse, Problem> {
    let link = query.link()?;
    if let Some((expires, signature)) = link {
        callstore.recordings.check_link(id.0, expires, signature).await?;
    }
    let (file, name) = callstore.recordings.get_named(id.0).await?;
    let cut = query.cut();
    let served = Served { recording: file.recording, name, cut, by_link: link.is_some() };
    served.respond(&callstore, &request, redirect.0).await
}

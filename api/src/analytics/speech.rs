//! `listSpeech`.

use actix_web::{HttpResponse, get, web::Data};
use serde::Serialize;
use service::{
    Callstore,
    computed::{CallSpeech, TrackSpeech},
};
use utoipa::ToSchema;

use super::units::seconds;
use crate::{
    chunks::model::Track,
    extract::{CallPath, NoQuery, Query},
    problem::Problem,
};

/// When the parties of a call speak.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct Speech {
    /// The tracks with audio.
    tracks: Vec<SpeechOfTrack>,
}

/// When one party speaks.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(super) struct SpeechOfTrack {
    track: Track,
    /// Start and end of each segment, in order.
    segments: Vec<[f64; 2]>,
}

impl From<CallSpeech> for Speech {
    fn from(speech: CallSpeech) -> Self {
        Self { tracks: speech.tracks.into_iter().map(Into::into).collect() }
    }
}

impl From<TrackSpeech> for SpeechOfTrack {
    fn from(speech: TrackSpeech) -> Self {
        let segments = speech.segments.iter().map(|segment| [seconds(segment.start), seconds(segment.end)]);
        Self { segments: segments.collect(), track: speech.track.into() }
    }
}

impl Speech {
    fn sample() -> Self {
        let inbound = SpeechOfTrack { track: Track::Inbound, segments: vec![[4.5, 9.82], [14.12, 16.56]] };
        Self { tracks: vec![inbound, SpeechOfTrack { track: Track::Outbound, segments: vec![[0.72, 3.4]] }] }
    }
}

/// List when the parties speak
///
/// The segments of speech in the recording, in seconds from its start. All computed analytics follow from them.
#[utoipa::path(
    operation_id = "listSpeech",
    tag = "Analytics",
    security(("apiKey" = ["read"])),
    responses(
        (status = 200, description = "The segments.", body = Speech, example = json!(Speech::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid. `not_computed`: it has no recording, or \
            one that was never analyzed."),
        (status = 409, description = "`call_not_finalized`: the recording is still to be made."),
    ),
)]
#[get("/calls/{call}/speech")]
pub(crate) async fn list_speech(
    callstore: Data<Callstore>,
    call: CallPath,
    _: Query<NoQuery>,
) -> Result<HttpResponse, Problem> {
    let shown = Speech::from(callstore.computed.speech(&call.0).await?);
    Ok(HttpResponse::Ok().json(shown))
}

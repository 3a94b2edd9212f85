//! `listTranscripts`.

use actix_web::{HttpRequest, HttpResponse, get, http::header, web::Data};
use serde::{Deserialize, Serialize};
use service::{CallRef, Callstore, ListTranscripts, Page, Private, limits::PAGE_MAX};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::{
    captions::Captions,
    format::TranscriptFormat,
    model::{Transcript, TranscriptKind},
};
use crate::{
    chunks::model::Track,
    extract::{CallPath, Limit, Offset, Query},
    problem::Problem,
    wire::PageInfo,
};

/// Filter and page of a list of transcripts.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListTranscriptsQuery {
    /// The page size. Values over 500 count as 500. Formats other than JSON have all transcripts by default, as of one
    /// moment.
    #[param(inline)]
    limit: Option<Limit>,
    /// How many transcripts to skip.
    #[param(inline)]
    #[serde(default)]
    offset: Offset,
    /// Only transcripts of this speaker.
    #[param(value_type = Option<String>)]
    speaker: Option<Private>,
    /// Only transcripts of this track.
    #[param(inline)]
    track: Option<Track>,
    /// Only transcripts of this kind.
    #[param(inline)]
    kind: Option<TranscriptKind>,
    /// Only final (`true`) or only interim (`false`) transcripts.
    #[serde(rename = "final")]
    #[param(rename = "final")]
    is_final: Option<bool>,
    /// The format of the response. Wins over `Accept`.
    #[param(inline)]
    format: Option<TranscriptFormat>,
}

/// A page of a call's transcripts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TranscriptPage {
    /// The transcripts.
    items: Vec<Transcript>,
    /// The position of the page in the list.
    page: PageInfo,
}

impl TranscriptPage {
    fn sample() -> Self {
        Self { items: vec![Transcript::sample()], page: PageInfo::sample() }
    }
}

/// List a call's transcripts
///
/// Sorted by `startTime`; transcripts without one come last, in order of arrival. `format` or `Accept` chooses JSON,
/// WebVTT, SubRip or plain text. WebVTT and SubRip have the transcripts with a start and an end, and each cue lasts 1
/// ms or longer. Plain text has a line for each transcript.
#[utoipa::path(
    operation_id = "listTranscripts",
    tag = "Transcripts",
    security(("apiKey" = ["read"])),
    params(ListTranscriptsQuery),
    responses(
        (status = 200, description = "The transcripts.", content(
            (TranscriptPage = "application/json", example = json!(TranscriptPage::sample())),
            (String = "text/vtt", example = "WEBVTT\n\n00:00:00.500 --> 00:00:03.770\n<v agent>Welcome to Luigi's.\n"),
            (String = "application/x-subrip",
                example = "1\n00:00:00,500 --> 00:00:03,770\nagent: Welcome to Luigi's.\n\n"),
            (String = "text/plain", example = "[00:00:00.500] agent: Welcome to Luigi's.\n"))),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 406, description = "`not_acceptable`: `Accept` allows none of the formats."),
    ),
)]
#[get("/calls/{call}/transcripts")]
pub(crate) async fn list_transcripts(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    Query(query): Query<ListTranscriptsQuery>,
) -> Result<HttpResponse, Problem> {
    let format = TranscriptFormat::of(query.format, &request)?;
    let is_text = format != TranscriptFormat::Json;
    let limit = match query.limit {
        Some(limit) => limit.0,
        None if is_text => PAGE_MAX,
        None => Limit::default().0,
    };
    let page = Page { limit, offset: query.offset.clamped() };
    let list = ListTranscripts {
        page,
        speaker: query.speaker,
        track: query.track.map(Into::into),
        kind: query.kind.map(Into::into),
        is_final: query.is_final,
    };
    if is_text {
        return write_text(&callstore, &call.0, list, format, query.limit.is_some()).await;
    }
    let found = callstore.transcripts.list(&call.0, &list).await?;
    Ok(HttpResponse::Ok().append_header(VARY_ACCEPT).json(TranscriptPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}

/// Caches keep the two forms apart.
const VARY_ACCEPT: (header::HeaderName, &str) = (header::VARY, "accept");

/// The largest response in another format than JSON, in bytes.
const TEXT_MAX_BYTES: usize = 64 * 1024 * 1024;

/// Writes captions or text. All of it is read before any is sent, so that it is of one moment however slowly the client
/// reads.
async fn write_text(
    callstore: &Callstore,
    call: &CallRef,
    list: ListTranscripts,
    format: TranscriptFormat,
    one_page: bool,
) -> Result<HttpResponse, Problem> {
    let mut captions = Captions::new(format);
    let mut text = captions.header().to_owned();
    if one_page {
        let found = callstore.transcripts.list(call, &list).await?;
        text.extend(found.items.iter().map(|transcript| captions.write(transcript)));
    } else {
        let write = |transcript: &_| {
            text.push_str(&captions.write(transcript));
            text.len() <= TEXT_MAX_BYTES
        };
        callstore.transcripts.each(call, list, write).await?;
        if text.len() > TEXT_MAX_BYTES {
            let detail = "The transcripts exceed 64 MiB in this format. Get them in parts, with limit and offset.";
            return Err(Problem::invalid_field("/limit", detail));
        }
    }
    let mut response = HttpResponse::Ok();
    response.append_header(VARY_ACCEPT);
    Ok(response.insert_header((header::CONTENT_TYPE, format.content_type())).body(text))
}

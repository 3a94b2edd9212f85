//! `listTranscripts`.

use actix_web::{
    HttpRequest, HttpResponse,
    body::BodyStream,
    get,
    http::header::{self, Accept, Header},
    web::Data,
};
use bytes::Bytes;
use futures_util::stream;
use serde::{Deserialize, Serialize};
use service::{CallRef, Callstore, ListTranscripts, Page, Private, limits::PAGE_MAX};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::{Transcript, vtt};
use crate::{
    extract::{CallPath, Limit, Offset, Query},
    problem::Problem,
    wire::PageInfo,
};

/// Filter and page of a list of transcripts.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ListTranscriptsQuery {
    /// The page size. Values over 500 count as 500. WebVTT returns all transcripts by default.
    #[param(inline)]
    limit: Option<Limit>,
    /// How many transcripts to skip.
    #[param(inline)]
    #[serde(default)]
    offset: Offset,
    /// Only transcripts of this speaker.
    #[param(value_type = Option<String>)]
    speaker: Option<Private>,
}

/// A page of a call's transcripts.
#[derive(Debug, Serialize, ToSchema)]
pub struct TranscriptPage {
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
/// Sorted by `startTime`; transcripts without one come last, in order of arrival. `Accept: text/vtt` returns those with
/// both times as WebVTT.
#[utoipa::path(
    operation_id = "listTranscripts",
    tag = "Transcripts",
    security(("apiKey" = ["read"])),
    params(ListTranscriptsQuery),
    responses(
        (status = 200, description = "The transcripts.", content(
            (TranscriptPage = "application/json", example = json!(TranscriptPage::sample())),
            (String = "text/vtt", example = "WEBVTT\n\n00:00:00.500 --> 00:00:03.770\n<v agent>Welcome to Luigi's.\n"))),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}/transcripts")]
pub async fn list_transcripts(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    Query(query): Query<ListTranscriptsQuery>,
) -> Result<HttpResponse, Problem> {
    let as_vtt = wants_vtt(&request);
    let limit = match query.limit {
        Some(limit) => limit.0,
        None if as_vtt => PAGE_MAX,
        None => Limit::default().0,
    };
    let page = Page { limit, offset: query.offset.clamped() };
    let list = ListTranscripts { page, speaker: query.speaker };
    if as_vtt {
        return write_vtt(callstore, call.0, list, query.limit.is_some()).await;
    }
    let found = callstore.list_transcripts(&call.0, &list).await?;
    Ok(HttpResponse::Ok().append_header(VARY_ACCEPT).json(TranscriptPage {
        items: found.items.into_iter().map(Into::into).collect(),
        page: PageInfo::of(page, found.has_more),
    }))
}

/// Caches keep the two forms apart.
const VARY_ACCEPT: (header::HeaderName, &str) = (header::VARY, "accept");

/// Whether WebVTT is what the client would rather have.
fn wants_vtt(request: &HttpRequest) -> bool {
    let Ok(accept) = Accept::parse(request) else { return false };
    let preferred = accept.ranked().into_iter().find(|kind| {
        let kind = kind.essence_str();
        ["text/vtt", "text/*", "application/json", "application/*", "*/*"].contains(&kind)
    });
    preferred.is_some_and(|kind| kind.type_() == "text")
}

/// Writes cues page by page, so that a long call is never in memory as a whole.
async fn write_vtt(
    callstore: Data<Callstore>,
    call: CallRef,
    mut list: ListTranscripts,
    one_page: bool,
) -> Result<HttpResponse, Problem> {
    let first = callstore.list_transcripts(&call, &list).await?;
    let pages = stream::unfold(Some((first, true)), move |state| {
        let (callstore, call) = (callstore.clone(), call.clone());
        list.page.offset += list.page.limit;
        let next = list.clone();
        async move {
            let (found, is_first) = state?;
            let mut text = if is_first { vtt::HEADER.to_owned() } else { String::new() };
            text.extend(found.items.iter().map(vtt::cue));
            if !found.has_more || one_page {
                return Some((Ok(Bytes::from(text)), None));
            }
            match callstore.list_transcripts(&call, &next).await {
                Ok(following) => Some((Ok(Bytes::from(text)), Some((following, false)))),
                Err(error) => Some((Err(error), None)),
            }
        }
    });
    let mut response = HttpResponse::Ok();
    response.append_header(VARY_ACCEPT);
    Ok(response.insert_header((header::CONTENT_TYPE, "text/vtt; charset=utf-8")).body(BodyStream::new(pages)))
}

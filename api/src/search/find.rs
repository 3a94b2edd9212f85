//! `searchTranscripts`.

use actix_web::{HttpRequest, HttpResponse, get, http::header, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, Private, SearchQuery, SearchSort, SearchTranscripts};
use utoipa::{IntoParams, ToSchema};
use validator::Validate;

use super::model::{SearchHit, SearchIndexing};
use crate::{
    calls::{
        filter::{CallFilterQuery, Filtered},
        list::next_page,
    },
    chunks::model::Track,
    extract::Limit,
    problem::Problem,
    transcripts::model::TranscriptKind,
    wire::{PageInfo, query_length},
};

/// What to search for, and the page of hits.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchTranscriptsQuery {
    /// Words that must all occur in a transcript, in any order; `"a phrase"`; `-not`; `prefix*`. No other character has
    /// a meaning, and case and accents do not count.
    #[param(value_type = String, min_length = 1, max_length = 500)]
    #[validate(custom(function = "query_length"))]
    q: Private,
    /// Only what this speaker says.
    #[param(value_type = Option<String>)]
    speaker: Option<Private>,
    /// Only this track.
    #[param(inline)]
    track: Option<Track>,
    /// Only this kind.
    #[param(inline)]
    kind: Option<TranscriptKind>,
    /// `-startTime`: newest call first, then as said in the call. `relevance`: the 1,000 newest hits, best first.
    #[param(inline)]
    #[serde(default)]
    sort: Sort,
    /// The page size. Values over 500 count as 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// The `page.nextCursor` of the previous page. Send everything else unchanged with it.
    #[param(pattern = "^[A-Za-z0-9_-]+$")]
    cursor: Option<String>,
}

/// The order of hits.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
enum Sort {
    #[default]
    #[serde(rename = "-startTime")]
    StartTime,
    #[serde(rename = "relevance")]
    Relevance,
}

/// A page of hits.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SearchPage {
    /// The hits.
    items: Vec<SearchHit>,
    /// The position of the page in the list.
    page: PageInfo,
    /// While transcripts of a version without search are being indexed: how far that is. Older hits may be missing
    /// until then. Null once all are indexed.
    #[schema(required)]
    indexing: Option<SearchIndexing>,
}

impl SearchPage {
    fn sample() -> Self {
        Self { items: vec![SearchHit::sample()], page: PageInfo::sample(), indexing: None }
    }
}

/// Search transcripts
///
/// Finds transcripts by their words, in calls that match all filters of `listCalls`. A hit has its call, a snippet and
/// the place in the recording. Every text is a valid query; one without a word to find, such as `-not` alone, finds
/// nothing. Changes are found as soon as they are answered. Page with `page.nextCursor` or the `Link` header.
#[utoipa::path(
    operation_id = "searchTranscripts",
    tag = "Transcripts",
    security(("apiKey" = ["read"])),
    params(SearchTranscriptsQuery, CallFilterQuery),
    responses(
        (status = 200, description = "A page of hits.", body = SearchPage,
            headers(("Link" = String, description = "The URL of the next page, as `rel=next`, if there is one.")),
            example = json!(SearchPage::sample())),
        (status = 400, description = "`invalid_cursor`: the cursor belongs to another search."),
    ),
)]
#[get("/search")]
pub(crate) async fn search_transcripts(
    callstore: Data<Callstore>,
    request: HttpRequest,
    Filtered { query, filter }: Filtered<SearchTranscriptsQuery>,
) -> Result<HttpResponse, Problem> {
    let search = SearchTranscripts {
        query: SearchQuery::parse(query.q.expose()),
        filter,
        speaker: query.speaker,
        track: query.track.map(Into::into),
        kind: query.kind.map(Into::into),
        sort: query.sort.into(),
        limit: query.limit.0,
        cursor: query.cursor,
    };
    let (limit, offset) = (search.limit, search.cursor.is_none().then_some(0));
    let found = callstore.search.transcripts(&search).await?;
    let mut response = HttpResponse::Ok();
    if let Some(cursor) = &found.next_cursor {
        let next = next_page("/search", request.query_string(), cursor);
        response.insert_header((header::LINK, format!("<{next}>; rel=\"next\"")));
    }
    let has_more = found.next_cursor.is_some();
    let page = PageInfo { limit, offset, has_more, next_cursor: found.next_cursor, total: None };
    let items = found.items.into_iter().map(SearchHit::new).collect::<Result<_, _>>()?;
    Ok(response.json(SearchPage { items, page, indexing: found.indexing.map(Into::into) }))
}

impl From<Sort> for SearchSort {
    fn from(sort: Sort) -> Self {
        match sort {
            Sort::StartTime => Self::StartTime,
            Sort::Relevance => Self::Relevance,
        }
    }
}

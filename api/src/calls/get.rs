//! `getCall`.

use actix_web::{HttpRequest, HttpResponse, get, web::Data};
use serde::{Deserialize, Deserializer, de};
use service::{Callstore, Part};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type},
};
use validator::Validate;

use super::model::Call;
use crate::{
    extract::{CallPath, Query, etag, etag_with_parts, fresh},
    problem::Problem,
};

/// What to return with the call.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct GetCallQuery {
    /// The parts to return with the call: `include=recordings,metadata`, or `include` repeated for each part.
    #[param(inline, style = Form, explode = false)]
    #[serde(default)]
    include: Include,
}

/// Parts of a call.
#[derive(Debug, Default)]
struct Include(Vec<Part>);

const PARTS: [(&str, Part); 4] = [
    ("recordings", Part::Recordings),
    ("transcripts", Part::Transcripts),
    ("analytics", Part::Analytics),
    ("metadata", Part::Metadata),
];

impl<'de> Deserialize<'de> for Include {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let part = |name| PARTS.iter().find(|(known, _)| *known == name).map(|(_, part)| *part);
        let parts = text.split(',').map(part).collect::<Option<_>>();
        let expected = "Expected one or more of recordings, transcripts, analytics and metadata, separated by commas or with `include` repeated.";
        parts.map(Self).ok_or_else(|| de::Error::custom(expected))
    }
}

impl PartialSchema for Include {
    fn schema() -> RefOr<Schema> {
        let names = PARTS.map(|(name, _)| name);
        let part = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
        ArrayBuilder::new().items(part).into()
    }
}

impl ToSchema for Include {}

/// Get a call
///
/// Returns the call and, on request, its parts: the first 500 items of each. The lists of the parts have the rest.
#[utoipa::path(
    operation_id = "getCall",
    tag = "Calls",
    security(("apiKey" = ["read"])),
    params(
        GetCallQuery,
        ("If-None-Match" = Option<String>, Header, description = "Return 304 if one of these ETags is current."),
    ),
    responses(
        (status = 200, description = "The call.", body = Call, example = json!(Call::sample_completed())),
        (status = 304, description = "The client's copy is current."),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[get("/calls/{call}")]
pub(crate) async fn get_call(
    callstore: Data<Callstore>,
    request: HttpRequest,
    call: CallPath,
    Query(query): Query<GetCallQuery>,
) -> Result<HttpResponse, Problem> {
    let (call, parts) = callstore.calls.get(&call.0, &query.include.0).await?;
    let shown = Call::with_parts(call.clone(), parts)?;
    let etag = if query.include.0.is_empty() { etag(&call) } else { etag_with_parts(&call, &shown) };
    Ok(fresh(&request, etag, &shown))
}

//! `updateCall`.

use actix_web::{HttpResponse, http::header, patch, web::Data};
use serde::{Deserialize, Serialize};
use service::{CallChange, Callstore, Private};
use utoipa::ToSchema;
use validator::{Validate, ValidationError};

use super::model::{Call, Direction, sid};
use crate::{
    extract::{By, CallPath, Condition, Json, JsonBody, NoQuery, Query, etag},
    problem::Problem,
    wire::{double_option, name},
};

/// Changes to a call. Absent fields stay; null removes a value.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[validate(schema(function = "keeps_a_caller", skip_on_field_errors = false))]
pub(crate) struct UpdateCall {
    /// The agent that handles the call.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name"))]
    pub agent: Option<Option<Private>>,
    /// The carrier's id of the phone call.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9_.:@=/+{}~%!-]+$")]
    #[validate(custom(function = "sid"))]
    pub call_sid: Option<Option<String>>,
    /// The caller. It cannot be removed.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, nullable = false, min_length = 1, max_length = 128, pattern = r"^[^\u0000]*$")]
    #[validate(custom(function = "name"))]
    pub caller: Option<Option<Private>>,
    /// Who placed the call.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    pub direction: Option<Option<Direction>>,
}

fn keeps_a_caller(change: &UpdateCall) -> Result<(), ValidationError> {
    match change.caller {
        Some(None) => {
            Err(ValidationError::new("caller").with_message("Must not be null: every call has a caller.".into()))
        }
        _ => Ok(()),
    }
}

impl JsonBody for UpdateCall {
    const TYPES: &'static [&'static str] = &["application/json", "application/merge-patch+json"];
}

impl UpdateCall {
    fn sample() -> Self {
        Self { agent: Some(Some("billing-agent".into())), ..Self::default() }
    }
}

/// Update a call
///
/// A JSON merge patch (RFC 7396): absent fields stay; null removes a value. After the end of the call, only a key of
/// scope `admin` changes `caller`, `agent` and `direction`. A key of scope `read` gets the call back if the patch
/// changes nothing.
#[utoipa::path(
    operation_id = "updateCall",
    tag = "Calls",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["read"])),
    params(
        ("If-Match" = Option<String>, Header, description = "Apply the change only if one of these ETags is current; `*`: only if it exists."),
    ),
    request_body(
        content((UpdateCall = "application/json", example = json!(UpdateCall::sample())),
            (UpdateCall = "application/merge-patch+json", example = json!(UpdateCall::sample()))),
        description = "The fields to change."),
    responses(
        (status = 200, description = "The updated call.", body = Call, example = json!(Call::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 409, description = "`call_sid_conflict`: another call has this `callSid`."),
        (status = 412, description = "`precondition_failed`: it has changed (ETag mismatch). Fetch it and retry."),
    ),
)]
#[patch("/calls/{call}")]
pub(crate) async fn update_call(
    callstore: Data<Callstore>,
    call: CallPath,
    By(author): By,
    _: Query<NoQuery>,
    Condition(condition): Condition,
    Json(body): Json<UpdateCall>,
) -> Result<HttpResponse, Problem> {
    let change = CallChange {
        agent: body.agent,
        call_sid: body.call_sid,
        caller: body.caller.flatten(),
        direction: body.direction.map(|direction| direction.map(Into::into)),
    };
    let call = callstore.calls.update(&call.0, change, author, condition).await?;
    Ok(HttpResponse::Ok().insert_header((header::ETAG, etag(&call))).json(Call::new(call)?))
}

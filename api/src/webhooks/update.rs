//! `updateWebhook`.

use actix_web::{HttpResponse, patch, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, Private, WebhookChange};
use utoipa::ToSchema;
use validator::Validate;

use super::model::Webhook;
use crate::{
    extract::{Json, JsonBody, NoQuery, Query, WebhookPath},
    problem::Problem,
    wire::double_option,
};

/// Changes to a webhook. Absent fields stay.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateWebhook {
    /// Where events are posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    url: Option<Private>,
    /// The types of events. Null for all.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_items = 1, max_items = 32)]
    types: Option<Option<Vec<String>>>,
    /// What the endpoint is for. Null removes it.
    #[serde(default, deserialize_with = "double_option", skip_serializing_if = "Option::is_none")]
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 256))]
    description: Option<Option<String>>,
    /// Whether events are delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    /// Whether bodies carry personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    include_data: Option<bool>,
}

impl JsonBody for UpdateWebhook {
    const TYPES: &'static [&'static str] = &["application/json", "application/merge-patch+json"];
}

impl UpdateWebhook {
    fn sample() -> Self {
        Self { description: Some(Some("CRM of the sales team".to_owned())), enabled: Some(true), ..Self::default() }
    }
}

/// Update a webhook
///
/// A JSON merge patch (RFC 7396). A webhook that is enabled again gets what happens from now on, and what was pending.
/// `replayWebhook` sends what happened in between.
#[utoipa::path(
    operation_id = "updateWebhook",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    request_body(
        content((UpdateWebhook = "application/json", example = json!(UpdateWebhook::sample())),
            (UpdateWebhook = "application/merge-patch+json", example = json!(UpdateWebhook::sample()))),
        description = "The fields to change."),
    responses(
        (status = 200, description = "The updated webhook.", body = Webhook, example = json!(Webhook::sample())),
        (status = 404, description = "`webhook_not_found`: no webhook has this id."),
    ),
)]
#[patch("/webhooks/{id}")]
pub(crate) async fn update_webhook(
    callstore: Data<Callstore>,
    webhook: WebhookPath,
    _: Query<NoQuery>,
    Json(body): Json<UpdateWebhook>,
) -> Result<HttpResponse, Problem> {
    let change = WebhookChange {
        url: body.url,
        description: body.description,
        types: body.types,
        include_data: body.include_data,
        enabled: body.enabled,
    };
    Ok(HttpResponse::Ok().json(Webhook::from(callstore.webhooks.update(webhook.0, change).await?)))
}

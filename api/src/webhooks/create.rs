//! `createWebhook`.

use actix_web::{HttpResponse, http::header, post, web::Data};
use serde::{Deserialize, Serialize};
use service::{Callstore, NewWebhook, Private};
use utoipa::ToSchema;
use validator::Validate;

use super::model::WebhookWithSecret;
use crate::{
    extract::{IdempotencyKey, Json, JsonBody, NoQuery, Query},
    problem::Problem,
};

/// A new webhook.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CreateWebhook {
    /// Where events are posted: `https`, to a public address. `--webhook-allow` admits other networks, and `http`
    /// there.
    #[schema(value_type = String)]
    url: Private,
    /// The types of events, such as `recording.ready`, or `call.*` for a group. By default all.
    #[schema(min_items = 1, max_items = 32)]
    types: Option<Vec<String>>,
    /// What the endpoint is for.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\u0000]*$")]
    #[validate(length(min = 1, max = 256))]
    description: Option<String>,
    /// Whether events are delivered. By default they are.
    enabled: Option<bool>,
    /// Whether bodies carry personal data of the event's subject, such as a transcript's text. By default they do not.
    include_data: Option<bool>,
}

impl JsonBody for CreateWebhook {}

impl CreateWebhook {
    fn sample() -> Self {
        Self {
            url: "https://crm.example.com/hooks/callstore".into(),
            types: Some(vec!["call.*".to_owned(), "recording.ready".to_owned()]),
            description: Some("CRM".to_owned()),
            enabled: None,
            include_data: None,
        }
    }
}

/// Create a webhook
///
/// The endpoint is sent what happens from now on, by Standard Webhooks: signed, at least once, the events of one call
/// in order. A delivery succeeds with a 2xx status within 15 seconds. Otherwise it is retried over three days. The
/// response has the secret, which the service never shows again.
#[utoipa::path(
    operation_id = "createWebhook",
    tag = "Webhooks",
    security(("apiKey" = ["admin"])),
    request_body(content = CreateWebhook, description = "The webhook.", example = json!(CreateWebhook::sample())),
    responses(
        (status = 201, description = "The webhook is created.", body = WebhookWithSecret,
            headers(("Location" = String, description = "The path of the webhook.")),
            example = json!(WebhookWithSecret::sample())),
        (status = 409, description = "`too_many_webhooks`: there are 100 already."),
    ),
)]
#[post("/webhooks")]
pub(crate) async fn create_webhook(
    callstore: Data<Callstore>,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    Json(body): Json<CreateWebhook>,
) -> Result<HttpResponse, Problem> {
    let new = NewWebhook {
        url: body.url,
        description: body.description,
        types: body.types,
        include_data: body.include_data.unwrap_or(false),
        enabled: body.enabled.unwrap_or(true),
    };
    let made = callstore.webhooks.create(new, idempotency.key()).await?;
    let path = format!("/webhooks/{}", made.webhook.id);
    let mut response = HttpResponse::Created();
    Ok(idempotency.answer(response.insert_header((header::LOCATION, path)).json(WebhookWithSecret::from(made))))
}

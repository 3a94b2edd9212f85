//! `addAnalytics`.

use actix_web::{HttpResponse, post, web::Data};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use service::{Callstore, NewAnalytics};
use utoipa::ToSchema;
use validator::Validate;

use super::model::{Analytics, Metrics, Sentiment};
use crate::{
    extract::{By, CallPath, IdempotencyKey, Json, JsonBody, NoQuery, Query},
    problem::Problem,
    wire::{Time, any_case, number, real},
};

/// A new analytics snapshot.
#[derive(Debug, Deserialize, Serialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddAnalytics {
    /// The sentiment, in upper or lower case.
    #[serde(default, deserialize_with = "any_case")]
    pub sentiment: Option<Sentiment>,
    /// The strength of the sentiment, 0 to 1.
    #[serde(default, deserialize_with = "real::share")]
    #[schema(minimum = 0, maximum = 1)]
    #[validate(range(min = 0.0, max = 1.0))]
    pub sentiment_score: Option<f64>,
    /// Seconds of speech.
    #[serde(default, deserialize_with = "real::amount")]
    #[schema(minimum = 0)]
    #[validate(range(min = 0.0))]
    pub talk_time: Option<f64>,
    /// Seconds of silence.
    #[serde(default, deserialize_with = "real::amount")]
    #[schema(minimum = 0)]
    #[validate(range(min = 0.0))]
    pub silence_time: Option<f64>,
    /// How often one side interrupted the other.
    #[serde(default, deserialize_with = "number::count")]
    #[schema(minimum = 0, maximum = 2_147_483_647)]
    #[validate(range(max = 2_147_483_647))]
    pub interruptions: Option<u32>,
    /// The agent's mean response time in milliseconds.
    #[serde(default, deserialize_with = "real::amount")]
    #[schema(minimum = 0)]
    #[validate(range(min = 0.0))]
    pub average_latency: Option<f64>,
    /// A JSON object with your own figures.
    #[schema(value_type = Option<Metrics>)]
    pub metrics: Option<Map<String, Value>>,
    /// The time that the figures describe. Defaults to now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub snapshot_time: Option<Time>,
}

impl JsonBody for AddAnalytics {}

impl AddAnalytics {
    fn sample() -> Self {
        let sample = Analytics::sample();
        Self {
            sentiment: sample.sentiment,
            sentiment_score: sample.sentiment_score,
            talk_time: sample.talk_time,
            silence_time: sample.silence_time,
            interruptions: sample.interruptions,
            average_latency: sample.average_latency,
            metrics: sample.metrics,
            snapshot_time: None,
        }
    }
}

impl From<AddAnalytics> for NewAnalytics {
    fn from(body: AddAnalytics) -> Self {
        Self {
            sentiment: body.sentiment.map(Into::into),
            sentiment_score: body.sentiment_score,
            talk_time: body.talk_time,
            silence_time: body.silence_time,
            interruptions: body.interruptions,
            average_latency_ms: body.average_latency,
            metrics: body.metrics.map(Value::Object),
            snapshot_time: body.snapshot_time.map(|Time(time)| time),
        }
    }
}

/// Add an analytics snapshot
///
/// Each request adds a snapshot, during the call or after its end.
#[utoipa::path(
    operation_id = "addAnalytics",
    tag = "Analytics",
    security(("apiKey" = ["ingest"]), ("apiKey" = ["call"])),
    request_body(content = AddAnalytics, description = "The figures.", example = json!(AddAnalytics::sample())),
    responses(
        (status = 201, description = "The snapshot is stored.", body = Analytics, example = json!(Analytics::sample())),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
    ),
)]
#[post("/calls/{call}/analytics")]
pub(crate) async fn add_analytics(
    callstore: Data<Callstore>,
    call: CallPath,
    By(author): By,
    _: Query<NoQuery>,
    idempotency: IdempotencyKey,
    Json(body): Json<AddAnalytics>,
) -> Result<HttpResponse, Problem> {
    let stored = callstore.analytics.add(&call.0, body.into(), author, idempotency.key()).await?;
    Ok(idempotency.answer(HttpResponse::Created().json(Analytics::from(stored))))
}

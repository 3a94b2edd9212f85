//! The filters of lists of calls, which several operations share: their parameters, and how a query is divided into
//! them and an operation's own.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};
use service::{
    CallFilter, CustomValue, Private,
    limits::{CUSTOM_FILTERS_MAX, FILTER_VALUES_MAX},
};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use validator::{Validate, ValidationError};

use super::model::{Direction, EndReason, Status};
use crate::{
    extract::query::{Names, parse, read_fields, readable},
    problem::Problem,
    wire::{Time, moment_or_day, real},
};

/// Filters of calls; all that are given must hold.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CallFilterQuery {
    /// Only calls with this status; repeated, with any of them.
    #[param(value_type = Option<Vec<Status>>, max_items = 20)]
    #[serde(default)]
    #[validate(custom(function = "few"))]
    status: Vec<Status>,
    /// Only calls of this caller. A leading plus need not be escaped.
    #[param(value_type = Option<String>)]
    caller: Option<Private>,
    /// Only calls whose caller begins so, such as `+4930`. A leading plus need not be escaped.
    #[param(value_type = Option<String>, min_length = 1)]
    #[validate(custom(function = "not_empty"))]
    caller_prefix: Option<Private>,
    /// Only calls of this agent; repeated, of any of them.
    #[param(value_type = Option<Vec<String>>, max_items = 20)]
    #[serde(default)]
    #[validate(custom(function = "few"))]
    agent: Vec<Private>,
    /// Only calls in this direction.
    direction: Option<Direction>,
    /// Only calls that this ended; repeated, that any of them ended.
    #[param(value_type = Option<Vec<EndReason>>, max_items = 20)]
    #[serde(default)]
    #[validate(custom(function = "few"))]
    end_reason: Vec<EndReason>,
    /// Only the call with this `streamSid`.
    stream_sid: Option<String>,
    /// Only the call with this `callSid`.
    call_sid: Option<String>,
    /// Only calls that began at this time or later. A date alone is the start of that day in UTC.
    #[serde(default, deserialize_with = "moment_or_day")]
    started_after: Option<Time>,
    /// Only calls that began before this time. A date alone is the start of that day in UTC.
    #[serde(default, deserialize_with = "moment_or_day")]
    started_before: Option<Time>,
    /// Only calls of at least this many seconds.
    #[param(minimum = 0)]
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    min_duration: Option<f64>,
    /// Only calls of at most this many seconds.
    #[param(minimum = 0)]
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    max_duration: Option<f64>,
    /// Only calls whose metadata has this `language`.
    language: Option<String>,
    /// Only calls whose metadata has this `region`.
    region: Option<String>,
    /// Only calls whose metadata has this `deviceType`.
    device_type: Option<String>,
    /// Only calls with a recording, or only calls without one.
    #[serde(default, deserialize_with = "flag")]
    has_recording: Option<bool>,
    /// Only calls whose metadata has this value in `customData`: `customData.order.id=A-17`. Up to 10.
    #[param(style = Form, explode = true, value_type = Option<CustomFilters>, inline)]
    #[serde(default, deserialize_with = "no_path")]
    #[expect(dead_code, reason = "its parameters have names of their own")]
    custom_data: (),
    /// Only calls with at least this many seconds of speech, both parties together, as computed from the recording.
    #[param(minimum = 0)]
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    min_talk_time: Option<f64>,
    /// Only calls whose agent answers within this many seconds in the median, as computed from the recording.
    #[param(minimum = 0)]
    #[serde(default, deserialize_with = "real::duration_parameter")]
    #[validate(range(min = 0.0, max = 1e12, message = "Must be 0 to 1,000,000,000,000 seconds."))]
    max_response_latency: Option<f64>,
}

/// Parameters that may be repeated.
const REPEATED: [&str; 3] = ["status", "agent", "endReason"];
/// What the names of filters by custom data begin with.
const CUSTOM: &str = "customData.";

/// The schema of the filters by custom data.
struct CustomFilters;

impl PartialSchema for CustomFilters {
    fn schema() -> RefOr<Schema> {
        let value = ObjectBuilder::new().schema_type(Type::String);
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(value))
            .description(Some("Names are `customData.` and a path; a dot leads into an object."))
            .examples([serde_json::json!({ "customData.order.id": "A-17" })])
            .into()
    }
}

impl ToSchema for CustomFilters {}

fn few<T>(values: &[T]) -> Result<(), ValidationError> {
    if values.len() <= FILTER_VALUES_MAX {
        return Ok(());
    }
    let message = format!("May be repeated at most {FILTER_VALUES_MAX} times. Send several requests.");
    Err(ValidationError::new("length").with_message(message.into()))
}

fn not_empty(text: &Private) -> Result<(), ValidationError> {
    if text.expose().is_empty() {
        return Err(ValidationError::new("length").with_message("Must not be empty.".into()));
    }
    Ok(())
}

/// Reads a truth value, which a query writes as text.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map(Some).map_err(|_| de::Error::custom("Must be true or false."))
}

/// Refuses `customData` without a path.
fn no_path<'de, D: Deserializer<'de>>(_: D) -> Result<(), D::Error> {
    Err(de::Error::custom("Needs the path of a field, like customData.order.id=A-17."))
}

/// A query with the filters of calls and parameters of its own.
#[derive(Debug)]
pub(crate) struct Filtered<T> {
    /// The operation's own parameters.
    pub query: T,
    /// The calls that it is about.
    pub filter: CallFilter,
}

impl<T: de::DeserializeOwned + Validate + IntoParams> FromRequest for Filtered<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::parse(request.query_string()))
    }
}

impl<T: de::DeserializeOwned + Validate + IntoParams> Filtered<T> {
    /// Divides a query's parameters and reads both parts.
    ///
    /// # Errors
    /// A parameter that is unknown, repeated or invalid.
    pub(crate) fn parse(query: &str) -> Result<Self, Problem> {
        readable(query)?;
        let (filters, own_names) = (Names::of::<CallFilterQuery>(), Names::of::<T>());
        let (mut fields, mut custom) = (Map::new(), Vec::new());
        let mut own = form_urlencoded::Serializer::new(String::new());
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if let Some(path) = name.strip_prefix(CUSTOM) {
                custom.push(custom_value(&name, path, &value)?);
            } else if filters.has(&name) {
                add(&mut fields, &name, value.into_owned())?;
            } else if own_names.has(&name) {
                own.append_pair(&name, &value);
            } else {
                return Err(own_names.and(&filters).refuse(&name));
            }
        }
        if custom.len() > CUSTOM_FILTERS_MAX {
            let detail = format!("At most {CUSTOM_FILTERS_MAX} values of customData can be asked for. Send fewer.");
            return Err(Problem::invalid_field("/customData", detail));
        }
        let filter: CallFilterQuery = read_fields(fields)?;
        Ok(Self { query: parse(&own.finish())?, filter: CallFilter { custom_data: custom, ..filter.into() } })
    }
}

fn custom_value(name: &str, path: &str, value: &str) -> Result<CustomValue, Problem> {
    CustomValue::parse(path, value).ok_or_else(|| {
        let detail = "Expected the names of 1 to 16 fields, separated by dots, of 256 characters together, without \
            quotes, backslashes and control characters.";
        Problem::invalid_field(format!("/{name}"), detail)
    })
}

/// Adds a parameter to the fields that are read.
fn add(fields: &mut Map<String, Value>, name: &str, value: String) -> Result<(), Problem> {
    let is_repeated = REPEATED.contains(&name);
    match fields.get_mut(name) {
        Some(Value::Array(values)) => values.push(value.into()),
        Some(_) => {
            return Err(Problem::invalid_field(format!("/{name}"), format!("`{name}` is given twice; send it once.")));
        }
        None if is_repeated => drop(fields.insert(name.to_owned(), Value::Array(vec![value.into()]))),
        None => drop(fields.insert(name.to_owned(), value.into())),
    }
    Ok(())
}

/// Undoes what a query makes of an unescaped plus at the start of a number.
fn with_plus(number: Private) -> Private {
    match number.expose().strip_prefix(' ') {
        Some(rest) => format!("+{rest}").into(),
        None => number,
    }
}

/// Values without repetitions.
fn each_once<T, V: From<T> + PartialEq>(values: Vec<T>) -> Vec<V> {
    let mut once = Vec::new();
    for value in values.into_iter().map(V::from) {
        if !once.contains(&value) {
            once.push(value);
        }
    }
    once
}

impl From<CallFilterQuery> for CallFilter {
    fn from(query: CallFilterQuery) -> Self {
        // Stored durations are whole milliseconds: the least is rounded up and the most down.
        #[expect(clippy::as_conversions, reason = "the number has no fraction, and is cut to what a column holds")]
        let milliseconds = |seconds: f64, round: fn(f64) -> f64| round(seconds * 1e3) as i64;
        let mut agent = query.agent;
        agent.sort_by(|one, other| one.expose().cmp(other.expose()));
        agent.dedup();
        Self {
            status: each_once(query.status),
            caller: query.caller.map(with_plus),
            caller_prefix: query.caller_prefix.map(with_plus),
            agent,
            direction: query.direction.map(Into::into),
            end_reason: each_once(query.end_reason),
            stream_sid: query.stream_sid,
            call_sid: query.call_sid,
            started_after: query.started_after.map(|Time(time)| time),
            started_before: query.started_before.map(|Time(time)| time),
            min_duration_ms: query.min_duration.map(|least| milliseconds(least, f64::ceil)),
            max_duration_ms: query.max_duration.map(|most| milliseconds(most, f64::floor)),
            language: query.language,
            region: query.region,
            device_type: query.device_type,
            has_recording: query.has_recording,
            custom_data: Vec::new(),
            min_talk_time_ms: query.min_talk_time.map(|least| milliseconds(least, f64::ceil)),
            q: None,
            max_response_latency_ms: query.max_response_latency.map(|most| milliseconds(most, f64::floor)),
        }
    }
}

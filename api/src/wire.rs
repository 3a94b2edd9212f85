//! Small types that several resources share on the wire: times, pages, whole numbers, and what tells null from absent.

pub(crate) mod number;
pub(crate) mod real;

use std::{fmt, marker::PhantomData};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Map, Value};
use service::{
    Private, Timestamp,
    limits::{BATCH_MAX, TIME_END_MS},
};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        ObjectBuilder, RefOr, Schema, SchemaFormat,
        schema::{AdditionalProperties, KnownFormat, Type},
    },
};
use validator::{ValidateLength, ValidationError};

/// A moment: RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time(pub Timestamp);

impl Time {
    /// 2026-01-02T03:04:05.678Z.
    pub const SAMPLE: Self = Self(Timestamp(1_767_323_045_678));

    /// So many seconds after the sample.
    #[must_use]
    pub fn sample_after(seconds: i64) -> Self {
        Self(Timestamp(Self::SAMPLE.0.0 + seconds * 1_000))
    }

    /// Reads a time.
    ///
    /// # Errors
    /// What was expected.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let moment = DateTime::parse_from_rfc3339(text)
            .map_err(|_| "a time as RFC 3339 writes it, like 2026-01-02T03:04:05.678Z")?;
        let milliseconds = moment.timestamp_millis();
        if (0..TIME_END_MS).contains(&milliseconds) {
            Ok(Self(Timestamp(milliseconds)))
        } else {
            Err("a time from the years 1970 to 2999")
        }
    }
}

/// Reads a time of a filter, for which a date alone is the start of that day in UTC.
pub(crate) fn moment_or_day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Time>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let day = (text.len() == 10).then(|| NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok()).flatten();
    let text = day.map_or(text.replace(' ', "+"), |day| day.and_time(NaiveTime::MIN).and_utc().to_rfc3339());
    let read = Time::parse(&text).map(Some);
    read.map_err(|expected| de::Error::custom(format!("Expected {expected}, or a date like 2026-01-02 (in UTC).")))
}

impl fmt::Display for Time {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = DateTime::<Utc>::from_timestamp_millis(self.0.0).unwrap_or_default();
        formatter.write_str(&moment.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // In a query, an unescaped plus of the offset arrives as a space.
        Self::parse(&text.replace(' ', "+")).map_err(|expected| de::Error::custom(format!("Expected {expected}.")))
    }
}

impl PartialSchema for Time {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A time in RFC 3339, between the years 1970 and 2999, with millisecond precision."))
            .examples([serde_json::json!(Self::SAMPLE)])
            .into()
    }
}

impl ToSchema for Time {}

/// A JSON column that only ever holds objects.
pub(crate) fn object(value: Option<Value>) -> Option<Map<String, Value>> {
    match value {
        Some(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}

/// The schema of an object whose fields are the client's own.
pub(crate) fn free_form(description: &str, example: Value) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(description))
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .examples([example])
        .into()
}

/// Raw bytes.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(crate) struct RawBytes(#[expect(dead_code, reason = "only its schema is used")] Vec<u8>);

/// The position of a page in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    /// The page size.
    pub limit: u64,
    /// How many items were skipped. Null if a cursor was used.
    #[schema(required)]
    pub offset: Option<u64>,
    /// The cursor of the next page. Null on the last page, and in lists inside a call.
    #[schema(required)]
    pub next_cursor: Option<String>,
    /// Whether there are more items.
    pub has_more: bool,
    /// The number of all matching items. Null unless requested.
    #[schema(required)]
    pub total: Option<u64>,
}

impl PageInfo {
    /// The page of a list that has no cursors.
    #[must_use]
    pub(crate) fn of(page: service::Page, has_more: bool) -> Self {
        Self { limit: page.limit, offset: Some(page.offset), next_cursor: None, has_more, total: None }
    }

    /// An only page.
    #[must_use]
    pub(crate) fn sample() -> Self {
        Self { limit: 50, offset: Some(0), next_cursor: None, has_more: false, total: None }
    }
}

/// A struct that is written as an object. A derived `Deserialize` alone would take an array of its fields as well.
pub(crate) struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> de::Visitor<'de> for Visitor<T> {
            type Value = Object<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(de::value::MapAccessDeserializer::new(map)).map(Object)
            }
        }

        deserializer.deserialize_map(Visitor(PhantomData))
    }
}

/// Reads a field that holds an object, null or nothing.
pub(crate) fn optional_object<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let object = Option::<Object<T>>::deserialize(deserializer)?;
    Ok(object.map(|Object(value)| value))
}

/// Reads a field that holds an array of objects.
pub(crate) fn objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

/// Reads a field that holds an array of objects, null or nothing.
pub(crate) fn optional_objects<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Vec<T>>, D::Error> {
    let objects = Option::<Vec<Object<T>>>::deserialize(deserializer)?;
    Ok(objects.map(|objects| objects.into_iter().map(|Object(value)| value).collect()))
}

/// Refuses a batch that is empty or too large.
pub(crate) fn check_batch(field: &'static str, items: usize) -> Result<(), ValidationError> {
    if (1..=BATCH_MAX).contains(&items) {
        return Ok(());
    }
    Err(ValidationError::new(field).with_message(format!("Must have 1 to {BATCH_MAX} items.").into()))
}

/// Refuses a name, or a phone number, that is empty or too long.
pub(crate) fn name(name: &Private) -> Result<(), ValidationError> {
    check_length(name, 128)
}

/// Refuses a name, or a phone number, that is too long.
pub(crate) fn name_or_empty(name: &Private) -> Result<(), ValidationError> {
    check_between(name, 0, 128)
}

/// Refuses a search query that is empty or too long.
pub(crate) fn query_length(text: &Private) -> Result<(), ValidationError> {
    check_length(text, 500)
}

/// Refuses a text that is empty or has more than `max` characters.
pub(crate) fn check_length(text: &Private, max: u64) -> Result<(), ValidationError> {
    check_between(text, 1, max)
}

fn check_between(text: &Private, min: u64, max: u64) -> Result<(), ValidationError> {
    if text.expose().validate_length(Some(min), Some(max), None) {
        return Ok(());
    }
    let mut error = ValidationError::new("length");
    if min > 0 {
        error.add_param("min".into(), &min);
    }
    error.add_param("max".into(), &max);
    Err(error)
}

/// Reads one of some names, in capitals as well.
pub(crate) fn any_case<'de, T: de::DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    T::deserialize(de::value::StringDeserializer::new(text.to_lowercase())).map(Some)
}

/// Reads a field of a PATCH: absent is `None`, null is `Some(None)`.
pub(crate) fn double_option<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Reads a field of a PATCH that cannot be removed: absent is `None`, null is refused.
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Conversions between an enum on the wire and its twin in `service`, whose variants have the same names.
macro_rules! same_variants {
    ($wire:ident, $domain:path, [$($variant:ident),+]) => {
        impl From<$domain> for $wire {
            fn from(value: $domain) -> Self {
                match value { $(<$domain>::$variant => Self::$variant),+ }
            }
        }
        impl From<$wire> for $domain {
            fn from(value: $wire) -> Self {
                match value { $($wire::$variant => Self::$variant),+ }
            }
        }
    };
}
pub(crate) use same_variants;

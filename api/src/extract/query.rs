//! Query strings. Unknown parameters are rejected, so that a mistyped filter does not silently match everything.

use std::{
    borrow::Cow,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Deserializer, de};
use serde_json::{Map, Value};
use service::audio::number::real;
use service::{
    Page,
    limits::{OFFSET_MAX, PAGE_DEFAULT, PAGE_MAX},
};
use utoipa::{
    IntoParams, PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};
use validator::Validate;

use super::{json::field_errors, wording::sentence};
use crate::problem::Problem;

/// The parameters of a query string.
#[derive(Debug)]
pub(crate) struct Query<T>(pub T);

/// A query string without parameters.
#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoQuery {}

impl<T: de::DeserializeOwned + Validate> FromRequest for Query<T> {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

impl<T: de::DeserializeOwned + Validate> Query<T> {
    /// Parses the parameters of a request, for operations that read them after the body.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, Problem> {
        parse(request.query_string()).map(Self)
    }
}

/// Parses the pairs of a query string or form.
pub(crate) fn parse<T: de::DeserializeOwned + Validate>(query: &str) -> Result<T, Problem> {
    readable(query)?;
    let joined = joined(query);
    let pairs = form_urlencoded::parse(joined.as_bytes());
    deserialized(serde_urlencoded::Deserializer::new(pairs))
}

/// Refuses a query that is no text.
pub(crate) fn readable(query: &str) -> Result<(), Problem> {
    if percent_decode_str(query).decode_utf8().is_err() {
        return Err(Problem::invalid_field(
            "",
            "The query is not valid UTF-8. Percent-encode its characters as UTF-8.",
        ));
    }
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    if let Some((name, _)) = pairs.find(|(name, value)| name.contains('\0') || value.contains('\0')) {
        let pointer = format!("/{}", name.replace('\0', ""));
        return Err(Problem::invalid_field(pointer, "The character NUL (U+0000) is not allowed."));
    }
    Ok(())
}

/// Reads parameters that were gathered by name, each a text or several.
pub(crate) fn read_fields<T: de::DeserializeOwned + Validate>(fields: Map<String, Value>) -> Result<T, Problem> {
    deserialized(Value::Object(fields))
}

fn deserialized<'de, T: de::DeserializeOwned + Validate, D: Deserializer<'de>>(from: D) -> Result<T, Problem> {
    let value: T = serde_path_to_error::deserialize(from).map_err(|error| {
        let field = error.path().to_string();
        let message = error.into_inner().to_string();
        let named = message.split('`').nth(1).filter(|_| message.contains(" field `"));
        let field = named.unwrap_or(if field == "." { "" } else { &field });
        // Which of several values it was, no pointer into a query can say.
        let field = field.split('[').next().unwrap_or_default();
        Problem::invalid_field(format!("/{field}"), sentence(&message))
    })?;
    value.validate().map_err(|errors| Problem::invalid(field_errors("", &errors)))?;
    Ok(value)
}

/// The names of parameters.
pub(crate) struct Names(Vec<String>);

impl Names {
    /// Those of a type.
    pub(crate) fn of<T: IntoParams>() -> Self {
        Self(T::into_params(|| None).into_iter().map(|parameter| parameter.name).collect())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|known| known == name)
    }

    /// These and others.
    pub(crate) fn and(&self, others: &Self) -> Self {
        Self(self.0.iter().chain(&others.0).cloned().collect())
    }

    /// The problem of a name that is not one of these.
    pub(crate) fn refuse(&self, name: &str) -> Problem {
        let known = format!("`{}`", self.0.join("`, `"));
        Problem::invalid_field(
            format!("/{name}"),
            sentence(&format!("unknown field `{name}`, expected one of {known}")),
        )
    }
}

/// Parameters that are lists. Clients write them as `include=a,b` or as `include=a&include=b`.
const LISTS: [&str; 2] = ["include", "types"];

/// The query with each list written once, its values separated by commas.
fn joined(query: &str) -> Cow<'_, str> {
    let occurrences = |list| form_urlencoded::parse(query.as_bytes()).filter(move |(name, _)| name == list).count();
    if LISTS.iter().all(|list| !query.contains(list) || occurrences(list) < 2) {
        return query.into();
    }
    let mut pairs: Vec<(Cow<'_, str>, Cow<'_, str>)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match pairs.iter_mut().find(|(known, _)| *known == name && LISTS.contains(&&*name)) {
            Some((_, values)) => *values = format!("{values},{value}").into(),
            None => pairs.push((name, value)),
        }
    }
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish().into()
}

/// The page size, at least 1. Larger values are lowered to the maximum.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit(pub u64);

impl Default for Limit {
    fn default() -> Self {
        Self(PAGE_DEFAULT)
    }
}

/// The number of items to skip.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Offset(pub u64);

/// The page of a list that has no filters.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageQuery {
    /// The page size. Values over 500 count as 500.
    #[param(inline)]
    #[serde(default)]
    limit: Limit,
    /// How many items to skip.
    #[param(inline)]
    #[serde(default)]
    offset: Offset,
}

impl PageQuery {
    /// The page that the query selects.
    #[must_use]
    pub(crate) fn page(&self) -> Page {
        Page { limit: self.limit.0, offset: self.offset.clamped() }
    }
}

/// Parses decimal digits. Numbers beyond 64 bits become `u64::MAX`.
fn digits<'de, D: Deserializer<'de>>(deserializer: D, least: u64, expected: &str) -> Result<u64, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refuse = || de::Error::custom(expected);
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refuse());
    }
    let number = text.parse().unwrap_or(u64::MAX);
    if number < least { Err(refuse()) } else { Ok(number) }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = format!("Expected a whole number from 1 to {PAGE_MAX}. Larger ones count as {PAGE_MAX}.");
        let limit = digits(deserializer, 1, &expected)?;
        Ok(Self(limit.min(PAGE_MAX)))
    }
}

impl<'de> Deserialize<'de> for Offset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        digits(deserializer, 0, "Expected a whole number, 0 or larger.").map(Self)
    }
}

impl Offset {
    /// The offset, limited to what the database can represent.
    #[must_use]
    pub(crate) fn clamped(self) -> u64 {
        self.0.min(i64::MAX.unsigned_abs())
    }
}

/// The number of calls to skip. Beyond the limit, clients use cursors.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CallOffset(pub u64);

impl<'de> Deserialize<'de> for CallOffset {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let expected = "Expected a whole number from 0 to 100,000. Beyond that, page by cursor (page.nextCursor).";
        let offset = digits(deserializer, 0, expected)?;
        if offset > OFFSET_MAX { Err(de::Error::custom(expected)) } else { Ok(Self(offset)) }
    }
}

impl PartialSchema for CallOffset {
    fn schema() -> RefOr<Schema> {
        let schema = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(real(OFFSET_MAX)));
        schema.default(Some(0.into())).into()
    }
}

impl ToSchema for CallOffset {}

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        let description = format!("The page size. Values over {PAGE_MAX} count as {PAGE_MAX}.");
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .default(Some(PAGE_DEFAULT.into()))
            .description(Some(description))
            .into()
    }
}

impl ToSchema for Limit {}

impl PartialSchema for Offset {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).default(Some(0.into())).into()
    }
}

impl ToSchema for Offset {}

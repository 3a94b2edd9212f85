//! The filters that both operations share: types and call.

use serde::{Deserialize, Deserializer, de};
use service::{CallRef, Callstore, Error, EventFilter, EventId};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type},
};
use uuid::Uuid;

use super::model::StoreEventType;
use crate::problem::Problem;

/// Types of events; none means all.
#[derive(Debug, Default)]
pub(super) struct Types(Vec<StoreEventType>);

/// The types of a name: one, or all of a group such as `call.*`.
fn named(name: &str) -> Option<Vec<StoreEventType>> {
    let is_named = |known: &str| match name.strip_suffix('*') {
        Some(group) if group.ends_with('.') => known.starts_with(group),
        _ => known == name,
    };
    let types = StoreEventType::ALL.iter().filter(|(_, known)| is_named(known)).map(|(known, _)| *known);
    Some(types.collect()).filter(|types: &Vec<_>| !types.is_empty())
}

impl<'de> Deserialize<'de> for Types {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let types: Option<Vec<_>> = text.split(',').map(named).collect();
        let types = types.map(|types| Self(types.concat()));
        types.ok_or_else(|| {
            let names = StoreEventType::ALL.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", ");
            de::Error::custom(format!(
                "Expected types of events, separated by commas: {names}, or groups of them such as call.*."
            ))
        })
    }
}

impl PartialSchema for Types {
    fn schema() -> RefOr<Schema> {
        let name = ObjectBuilder::new().schema_type(Type::String).examples(["call.*"]);
        ArrayBuilder::new().items(name).into()
    }
}

impl ToSchema for Types {}

/// The filter that a query asks for.
///
/// # Errors
/// `CallNotFound`, or a failing database.
pub(super) async fn filter(callstore: &Callstore, types: Types, call: Option<&str>) -> Result<EventFilter, Problem> {
    let kinds = types.0.into_iter().map(Into::into).collect();
    let call = match call {
        Some(call) => Some(callstore.outbox.call(&CallRef::parse(call).ok_or(Error::CallNotFound)?).await?),
        None => None,
    };
    Ok(EventFilter { kinds, call })
}

/// The event that a client has seen last.
///
/// # Errors
/// `EventExpired` for an id that is no event's.
pub(super) fn seen(id: Option<Uuid>) -> Result<Option<EventId>, Problem> {
    Ok(id.map(|id| EventId::of(id).ok_or(Error::EventExpired)).transpose()?)
}

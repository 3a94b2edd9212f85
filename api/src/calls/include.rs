//! `include`: the parts to return with a call.

use serde::{Deserialize, Deserializer, de};
use service::{ListPart, Part};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ArrayBuilder, ObjectBuilder, RefOr, Schema, schema::Type},
};

/// Something that can be included, by its names.
pub(crate) trait Includable: Copy + 'static {
    /// All parts.
    const PARTS: &'static [(&'static str, Self)];
}

impl Includable for Part {
    const PARTS: &'static [(&'static str, Self)] = &[
        ("recordings", Self::Recordings),
        ("transcripts", Self::Transcripts),
        ("analytics", Self::Analytics),
        ("metadata", Self::Metadata),
    ];
}

impl Includable for ListPart {
    const PARTS: &'static [(&'static str, Self)] = &[
        ("recordings", Self::Recordings),
        ("metadata", Self::Metadata),
        ("analytics", Self::Analytics),
        ("computed", Self::Computed),
    ];
}

/// Parts of a call: `include=recordings,metadata`, or `include` repeated for each part.
#[derive(Debug)]
pub(crate) struct Include<P>(pub Vec<P>);

impl<P> Default for Include<P> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, P: Includable> Deserialize<'de> for Include<P> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let part = |name| P::PARTS.iter().find(|(known, _)| *known == name).map(|(_, part)| *part);
        let parts = text.split(',').map(part).collect::<Option<_>>();
        parts.map(Self).ok_or_else(|| {
            let names: Vec<_> = P::PARTS.iter().map(|(name, _)| *name).collect();
            let (last, others) = names.split_last().unwrap_or((&"", &[]));
            let named = format!("{} and {last}", others.join(", "));
            de::Error::custom(format!(
                "Expected one or more of {named}, separated by commas or with `include` repeated."
            ))
        })
    }
}

/// The schema of a call's parts.
pub(crate) struct CallPartNames;

impl PartialSchema for CallPartNames {
    fn schema() -> RefOr<Schema> {
        names::<Part>()
    }
}

impl ToSchema for CallPartNames {}

/// The schema of the parts of a list's calls.
pub(crate) struct ListPartNames;

impl PartialSchema for ListPartNames {
    fn schema() -> RefOr<Schema> {
        names::<ListPart>()
    }
}

impl ToSchema for ListPartNames {}

fn names<P: Includable>() -> RefOr<Schema> {
    let names = P::PARTS.iter().map(|(name, _)| *name);
    let part = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    ArrayBuilder::new().items(part).into()
}

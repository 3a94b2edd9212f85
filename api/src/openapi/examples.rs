//! Examples: their fields in the order of their schemas, and those of a form beside its fields.

use std::collections::BTreeMap;

use serde_json::{Deserializer, Value};
use utoipa::openapi::{
    OpenApi, RefOr, Schema,
    schema::{ArrayItems, Object},
};

use super::schemes::operations_mut;

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Where the name of a schema begins, in compact JSON.
const SCHEMA: &str = "\"schema\":{\"$ref\":\"#/components/schemas/";
/// What follows the name if the next thing is an example that is an object.
const EXAMPLE: &str = "\"},\"example\":{";
const FORM: &str = "application/x-www-form-urlencoded";

/// Orders the fields of all examples in the text of a document. A JSON value of this program has them sorted by name,
/// which `ETag`s depend on.
pub(super) fn in_order(json: &str, document: &OpenApi) -> String {
    let Some(components) = &document.components else { return json.to_owned() };
    let mut text = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(at) = rest.find(EXAMPLE) {
        let (before, after) = rest.split_at(at + EXAMPLE.len() - 1);
        text.push_str(before);
        let name = before[..at].rsplit_once(SCHEMA).map_or("", |(_, name)| name);
        let mut values = Deserializer::from_str(after).into_iter();
        let (Some(schema), Some(Ok(example))) = (components.schemas.get(name), values.next()) else {
            rest = after;
            continue;
        };
        write(&mut text, &example, Some(schema), &components.schemas);
        rest = &after[values.byte_offset()..];
    }
    text + rest
}

fn write(text: &mut String, value: &Value, schema: Option<&RefOr<Schema>>, schemas: &Schemas) {
    match value {
        Value::Object(members) => {
            let known = schema.map(|schema| fields(schema, schemas)).unwrap_or_default();
            let place = |name: &str| known.iter().position(|(field, _)| *field == name).unwrap_or(known.len());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| place(name));
            text.push('{');
            for (index, (name, member)) in members.into_iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                write(text, member, known.get(place(name)).map(|(_, schema)| *schema), schemas);
            }
            text.push('}');
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "" } else { "," });
                write(text, item, schema.and_then(|schema| item_of(schema, schemas)), schemas);
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => text.push_str(&value.to_string()),
    }
}

/// What a schema consists of: itself, what it refers to, or the schemas that it combines.
fn parts<'a>(schema: &'a RefOr<Schema>, schemas: &'a Schemas) -> Vec<&'a Schema> {
    let all = |items: &'a [RefOr<Schema>]| items.iter().flat_map(|item| parts(item, schemas)).collect();
    match schema {
        RefOr::Ref(reference) => {
            let name = reference.ref_location.rsplit('/').next().unwrap_or_default();
            schemas.get(name).map(|schema| parts(schema, schemas)).unwrap_or_default()
        }
        RefOr::T(Schema::OneOf(choice)) => all(&choice.items),
        RefOr::T(Schema::AllOf(whole)) => all(&whole.items),
        RefOr::T(Schema::AnyOf(choice)) => all(&choice.items),
        RefOr::T(schema) => vec![schema],
    }
}

fn fields<'a>(schema: &'a RefOr<Schema>, schemas: &'a Schemas) -> Vec<(&'a String, &'a RefOr<Schema>)> {
    let objects = parts(schema, schemas).into_iter().filter_map(as_object);
    objects.flat_map(|object| object.properties.iter()).collect()
}

fn as_object(schema: &Schema) -> Option<&Object> {
    if let Schema::Object(object) = schema { Some(object) } else { None }
}

fn item_of<'a>(schema: &'a RefOr<Schema>, schemas: &'a Schemas) -> Option<&'a RefOr<Schema>> {
    parts(schema, schemas).into_iter().find_map(|schema| {
        let Schema::Array(array) = schema else { return None };
        match &array.items {
            ArrayItems::RefOrSchema(item) => Some(&**item),
            ArrayItems::False => None,
        }
    })
}

/// Gives each field of a form its example. Swagger UI fills a form in from these, not from the example of the whole.
pub(super) fn fill_in_forms(document: &mut OpenApi) {
    let mut examples = Vec::new();
    for (_, operation) in document.paths.paths.values_mut().flat_map(operations_mut) {
        let Some(RefOr::T(body)) = &operation.request_body else { continue };
        if let Some(RefOr::T(form)) = body.content.get(FORM)
            && let Some(RefOr::Ref(schema)) = &form.schema
            && let Some(Value::Object(example)) = &form.example
        {
            examples.push((schema.ref_location.clone(), example.clone()));
        }
    }
    let Some(components) = &mut document.components else { return };
    for (location, example) in examples {
        let name = location.rsplit('/').next().unwrap_or_default();
        let Some(RefOr::T(Schema::Object(form))) = components.schemas.get_mut(name) else { continue };
        for (field, value) in example.into_iter().filter(|(_, value)| !value.is_null()) {
            if let Some(RefOr::T(Schema::Object(field))) = form.properties.get_mut(&field) {
                field.example = Some(value);
            }
        }
    }
}

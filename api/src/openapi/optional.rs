//! Optional parameters and bodies. The code has them as `Option`s, whose schemas allow null; over HTTP they are left
//! out. Clients that are generated from a schema with null send `null`, or a body of nothing with a type.

use utoipa::openapi::{
    RefOr, Schema,
    path::Operation,
    schema::{SchemaType, Type},
};

/// Removes null from the schemas of an operation's parameters and body.
pub(super) fn leave_out(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && let Some(RefOr::T(schema)) = &mut parameter.schema
        {
            without_null(schema);
        }
    }
    let Some(RefOr::T(body)) = &mut operation.request_body else { return };
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(choice))) = &mut content.schema else { continue };
        choice.items.retain(|item| !is_null(item));
        if let [only] = choice.items.as_slice() {
            content.schema = Some(only.clone());
        }
    }
}

fn is_null(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.schema_type == SchemaType::Type(Type::Null))
}

fn without_null(schema: &mut Schema) {
    let Schema::Object(object) = schema else { return };
    if let SchemaType::Array(types) = &mut object.schema_type {
        types.retain(|kind| *kind != Type::Null);
        if let [only] = types.as_slice() {
            object.schema_type = SchemaType::Type(only.clone());
        }
    }
}

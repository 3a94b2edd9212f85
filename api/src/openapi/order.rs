//! The order of a schema's fields: as the code has them, those that are always there first.

use utoipa::openapi::{Object, OpenApi, RefOr, Schema};

/// Orders the fields of every named schema.
pub(super) fn required_first(document: &mut OpenApi) {
    for schema in document.components.iter_mut().flat_map(|components| components.schemas.values_mut()) {
        if let RefOr::T(Schema::Object(object)) = schema {
            order(object);
        }
    }
}

fn order(object: &mut Object) {
    let place = |name: &String| object.required.iter().position(|required| required == name);
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for (name, field) in std::mem::take(&mut object.properties) {
        if place(&name).is_some() { first.push((name, field)) } else { rest.push((name, field)) }
    }
    object.properties = first.into_iter().chain(rest).collect();
    // The list of required fields is in the same order.
    let required = std::mem::take(&mut object.required);
    let names = object.properties.keys().filter(|name| required.contains(name));
    object.required = names.cloned().collect();
}

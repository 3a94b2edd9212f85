//! What many operations share stands once, under `components`: parameters, headers, examples of problems, and whole
//! error responses.

use std::collections::BTreeMap;

use utoipa::openapi::{
    Header, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Response,
    example::{Example, ExampleBuilder},
    path::Parameter,
    schema::Type,
};

use super::schemes::operations_mut;
use crate::problem::{ProblemCode, ProblemDetails, problems};

/// The headers of responses, with their types and descriptions.
const HEADERS: [(&str, Type, &str); 8] = [
    ("ETag", Type::String, "The version of the resource, for `If-Match` and `If-None-Match`."),
    ("Idempotent-Replayed", Type::String, "`true` if this is the stored response to an earlier request."),
    ("Link", Type::String, "The URL of the next page, as `rel=\"next\"`, if there is one."),
    ("RateLimit", Type::String, "How many requests are left, and in how many seconds the limit is full again."),
    ("RateLimit-Policy", Type::String, "How many requests a burst may have, and in how many seconds it is refilled."),
    ("Retry-After", Type::Integer, "In how many seconds to retry."),
    ("WWW-Authenticate", Type::String, "`Bearer`"),
    ("X-Request-Id", Type::String, "The request's id: the client's own if it sent one, else a new one."),
];

/// A reference to a shared header.
pub(super) fn header(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// A reference to the example of a problem.
pub(super) fn example(code: &str) -> RefOr<Example> {
    RefOr::Ref(Ref::new(format!("#/components/examples/{code}")))
}

/// Adds the shared headers and examples, and moves parameters and error responses that several operations have to one
/// place.
pub(super) fn add(document: &mut OpenApi) {
    let parameters = parameters(document);
    let shared = responses(document);
    let mut used = serde_json::to_string(&document.paths).unwrap_or_default();
    used += &serde_json::to_string(&shared).unwrap_or_default();
    let components = document.components.get_or_insert_default();
    for (name, kind, description) in HEADERS {
        let header = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind)));
        let header = header.description(Some(description)).build();
        components.headers.insert(name.to_owned(), RefOr::T(header));
    }
    // The request pipeline has problems that no operation lists.
    let is_used = |code| used.contains(&format!("#/components/examples/{}\"", ProblemCode::name(code)));
    for &(code, ..) in problems().filter(|problem| is_used(problem.0)) {
        let sample = serde_json::to_value(ProblemDetails::sample(code)).ok();
        let example = ExampleBuilder::new().value(sample).build();
        components.examples.insert(ProblemCode::name(code), RefOr::T(example));
    }
    components.responses.extend(shared);
    components.parameters.extend(parameters);
}

/// Replaces each parameter that occurs more than once by a reference; returns the parameters by name. Where parameters
/// of one name differ, only the first that recurs is shared.
fn parameters(document: &mut OpenApi) -> BTreeMap<String, RefOr<Parameter>> {
    let mut all: Vec<Parameter> = Vec::new();
    let mut shared: BTreeMap<String, Parameter> = BTreeMap::new();
    let mut slots: Vec<_> = document.paths.paths.values_mut().flat_map(operations_mut).collect();
    let slots = slots.iter_mut().flat_map(|(_, operation)| operation.parameters.iter_mut().flatten());
    let slots: Vec<_> = slots.collect();
    for slot in &slots {
        let RefOr::T(parameter) = &**slot else { continue };
        if all.contains(parameter) {
            shared.entry(parameter.name.clone()).or_insert_with(|| parameter.clone());
        }
        all.push(parameter.clone());
    }
    for slot in slots {
        if let RefOr::T(parameter) = slot
            && shared.get(&parameter.name) == Some(parameter)
        {
            let reference = format!("#/components/parameters/{}", parameter.name);
            *slot = RefOr::Ref(Ref::new(reference));
        }
    }
    shared.into_iter().map(|(name, parameter)| (name, RefOr::T(parameter))).collect()
}

/// Replaces each error response that occurs more than once by a reference; returns the responses by name.
fn responses(document: &mut OpenApi) -> BTreeMap<String, RefOr<Response>> {
    let mut counts = BTreeMap::<String, usize>::new();
    let mut shared = BTreeMap::new();
    let key = |status: &str, response: &Response| {
        let error = status.starts_with(['4', '5']).then(|| serde_json::to_string(response).ok());
        error.flatten().map(|json| format!("{status} {json}"))
    };
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            for (status, response) in &operation.responses.responses {
                if let RefOr::T(response) = response
                    && let Some(key) = key(status, response)
                {
                    *counts.entry(key).or_default() += 1;
                }
            }
        }
    }
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations_mut(item) {
            for (status, slot) in &mut operation.responses.responses {
                let RefOr::T(response) = &*slot else { continue };
                if key(status, response).and_then(|key| counts.get(&key)).is_none_or(|count| *count < 2) {
                    continue;
                }
                let (name, response) = (name(response), response.clone());
                match shared.entry(name.clone()).or_insert_with(|| RefOr::T(response.clone())) {
                    // Another response with the same codes has the name: this one stays where it is.
                    RefOr::T(first) if *first != response => {}
                    RefOr::T(_) | RefOr::Ref(_) => {
                        *slot = RefOr::Ref(Ref::new(format!("#/components/responses/{name}")))
                    }
                }
            }
        }
    }
    shared
}

/// The name of a response: the codes that it has examples of, as `CallEndedOrChunkConflict`.
fn name(response: &Response) -> String {
    let content = response.content.values().find_map(|content| match content {
        RefOr::T(content) => Some(content),
        RefOr::Ref(_) => None,
    });
    let codes = content.into_iter().flat_map(|content| content.examples.keys());
    let pascal = |code: &String| -> String {
        let words = code.split('_').filter_map(|word| Some((word.get(..1)?, word.get(1..)?)));
        words.map(|(first, rest)| first.to_uppercase() + rest).collect()
    };
    codes.map(pascal).collect::<Vec<_>>().join("Or")
}

//! The document's links: from the answer that makes or shows something to the operations on it, so that tools walk from
//! a call to its parts.

use utoipa::openapi::{OpenApi, RefOr, link::Link};

use super::operations;

/// Where an id is found: an operation, its status, and the place in its answer.
type Source = (&'static str, &'static str, &'static str);

/// What paths begin with, the parameter in it, and where that is found.
const SOURCES: [(&str, &str, &[Source]); 3] = [
    (
        "/calls/{call}",
        "call",
        &[("startCall", "201", "$response.body#/id"), ("listCalls", "200", "$response.body#/items/0/id")],
    ),
    (
        "/recordings/{id}",
        "id",
        &[
            ("endCall", "200", "$response.body#/recordings/0/id"),
            ("listRecordings", "200", "$response.body#/items/0/id"),
        ],
    ),
    ("/admin/keys/{id}", "id", &[("createKey", "201", "$response.body#/id")]),
];

/// Adds the links.
pub fn add(document: &mut OpenApi) {
    let mut all = Vec::new();
    for (path, item) in &document.paths.paths {
        let ids = operations(item).into_iter().filter_map(|(_, operation)| operation.operation_id.clone());
        all.extend(ids.map(|id| (path.clone(), id)));
    }
    for (path, parameter, sources) in SOURCES {
        let targets = all.iter().filter(|(at, _)| at.starts_with(path)).map(|(_, id)| id);
        for (source, status, place) in sources {
            for target in targets.clone() {
                let link = Link::builder().operation_id(target.clone()).parameter(parameter, *place);
                add_link(document, source, status, target, link.build());
            }
        }
    }
}

fn add_link(document: &mut OpenApi, source: &str, status: &str, name: &str, link: Link) {
    let operations = document.paths.paths.values_mut().flat_map(super::operations_mut);
    let source =
        operations.map(|(_, operation)| operation).find(|operation| operation.operation_id.as_deref() == Some(source));
    let response = source.and_then(|operation| operation.responses.responses.get_mut(status));
    if let Some(RefOr::T(response)) = response {
        response.links.insert(name.to_owned(), RefOr::T(link));
    }
}

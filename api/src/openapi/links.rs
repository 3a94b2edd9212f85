//! The document's links: from the response that makes or shows something to what clients do with it next.

use utoipa::openapi::{OpenApi, RefOr, link::Link};

use super::schemes::operations_mut;

/// An operation, a status of it, the place of an id in that response, and the parameter and operations that take it.
type From = (&'static str, &'static str, &'static str, &'static str, [&'static str; 3]);

/// No more than three each: a longer list hides what comes next.
const LINKS: [From; 4] = [
    ("startCall", "201", "$response.body#/id", "call", ["addAudioChunk", "addTranscript", "endCall"]),
    ("listCalls", "200", "$response.body#/items/0/id", "call", ["getCall", "listTranscripts", "listRecordings"]),
    (
        "endCall",
        "200",
        "$response.body#/recordings/0/id",
        "id",
        ["downloadRecording", "createRecordingLink", "getRecording"],
    ),
    (
        "listRecordings",
        "200",
        "$response.body#/items/0/id",
        "id",
        ["downloadRecording", "createRecordingLink", "getRecording"],
    ),
];

/// Adds the links.
pub(super) fn add(document: &mut OpenApi) {
    for (source, status, place, parameter, targets) in LINKS {
        for target in targets {
            link(
                document,
                source,
                status,
                target,
                Link::builder().operation_id(target).parameter(parameter, place).build(),
            );
        }
    }
    let key = Link::builder().operation_id("revokeKey").parameter("id", "$response.body#/id").build();
    link(document, "createKey", "201", "revokeKey", key);
}

fn link(document: &mut OpenApi, source: &str, status: &str, name: &str, link: Link) {
    let mut operations = document.paths.paths.values_mut().flat_map(operations_mut).map(|(_, operation)| operation);
    let source = operations.find(|operation| operation.operation_id.as_deref() == Some(source));
    let response = source.and_then(|operation| operation.responses.responses.get_mut(status));
    if let Some(RefOr::T(response)) = response {
        response.links.insert(name.to_owned(), RefOr::T(link));
    }
}

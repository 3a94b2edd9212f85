//! How the document describes `Idempotency-Key`, which every POST accepts.

use utoipa::openapi::{
    ObjectBuilder, RefOr, Required, Response,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::Type,
};

use service::limits::IDEMPOTENCY_KEY_MAX;

use super::shared;

const PARAMETER: &str = "A unique name of the request, such as a UUID. A retry with the same key within 24 hours \
    returns the first response, with `Idempotent-Replayed: true`, and does nothing else.";
const IN_USE: &str = "`idempotency_key_in_use`: a request with this key is still running.";
const DELETED: &str = "`call_deleted`: the call of the request with this key was deleted.";
const REUSED: &str = "`idempotency_key_reused`: the key was used for another request.";

/// Adds the request header, the response header, and the errors that it can lead to.
pub(super) fn describe(operation: &mut Operation) {
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(IDEMPOTENCY_KEY_MAX));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(PARAMETER))
        .schema(Some(key.pattern(Some("^[!-~]+$"))));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
    let responses = &mut operation.responses.responses;
    for (status, what) in [("409", IN_USE), ("410", DELETED), ("422", REUSED)] {
        match responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(""))) {
            RefOr::T(response) if response.description.is_empty() => response.description = what.to_owned(),
            RefOr::T(response) => response.description += &format!(" {what}"),
            RefOr::Ref(_) => {}
        }
    }
    for (status, response) in responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            let name = "Idempotent-Replayed";
            response.headers.insert(name.to_owned(), shared::header(name));
        }
    }
}

//! What the document says of `Idempotency-Key`, which every POST takes.

use utoipa::openapi::{
    HeaderBuilder, ObjectBuilder, RefOr, Required, Response,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::Type,
};

use service::limits::IDEMPOTENCY_KEY_MAX;

const PARAMETER: &str = "The request's name, of the client's choice, as a UUID. Sent again with the same name within 24 hours, the \
    request is not done again: its first answer comes back, with `Idempotent-Replayed: true`.";
const IN_USE: &str = "`idempotency_key_in_use`: a request of this name is under way.";
const REUSED: &str = "`idempotency_key_reused`: another request had this name.";

/// Adds the header, what answers to it, and what can go wrong with it.
pub fn describe(operation: &mut Operation) {
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(IDEMPOTENCY_KEY_MAX));
    let parameter = ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(PARAMETER))
        .schema(Some(key.pattern(Some("^[!-~]+$"))));
    operation.parameters.get_or_insert_default().push(RefOr::T(parameter.build()));
    let responses = &mut operation.responses.responses;
    for (status, what) in [("409", IN_USE), ("422", REUSED)] {
        match responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(Response::new(""))) {
            RefOr::T(response) if response.description.is_empty() => response.description = what.to_owned(),
            RefOr::T(response) => response.description += &format!(" {what}"),
            RefOr::Ref(_) => {}
        }
    }
    for (status, response) in responses {
        if let (true, RefOr::T(response)) = (status.starts_with('2'), response) {
            let replayed = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String)));
            let replayed = replayed.description(Some("`true` where this is the answer of an earlier request."));
            response.headers.insert("Idempotent-Replayed".to_owned(), RefOr::T(replayed.build()));
        }
    }
}

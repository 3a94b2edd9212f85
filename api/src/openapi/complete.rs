//! What follows from the shape of an operation, so that no handler has to repeat it: path parameters, the responses of
//! the request pipeline, and the problem details of every error.

use actix_web::http::Method;
use utoipa::ToSchema;
use utoipa::openapi::{
    ContentBuilder, ObjectBuilder, Ref, RefOr, Required, Response, ResponseBuilder,
    path::{Operation, ParameterBuilder, ParameterIn},
    schema::{KnownFormat, SchemaFormat, Type},
    security::SecurityRequirement,
};

use super::{idempotency, optional, schemes::SIGNED_BY, shared};
use crate::problem::{ProblemCode, ProblemDetails, problems};

/// Completes the operation that a path has for a method.
pub(super) fn complete(operation: &mut Operation, path: &str, method: &Method) {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    for name in names {
        add_path_parameter(operation, path, name);
    }
    if method == Method::POST {
        idempotency::describe(operation);
    }
    optional::leave_out(operation);
    add_responses(operation, method != Method::GET);
    if operation.extensions.as_ref().is_some_and(|extensions| extensions.contains_key(SIGNED_BY)) {
        // A request with a signature needs no key.
        operation.security.get_or_insert_default().push(SecurityRequirement::default());
    }
}

fn add_path_parameter(operation: &mut Operation, path: &str, name: &str) {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let (description, schema, example) = match name {
        "call" => (
            "The call's `id` or its `streamSid`, percent-encoded.",
            text.min_length(Some(1)).max_length(Some(128)).pattern(Some("^[A-Za-z0-9_.:@=/+{}~%!-]+$")),
            "MZ0123456789abcdef0123456789abcdef",
        ),
        "id" => (
            match path.split('/').nth(1) {
                Some("admin") => "The key's id.",
                Some("webhooks") => "The webhook's id.",
                _ => "The recording's id.",
            },
            text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
            "01905f3c-a4f1-7d22-8e5f-6b7c8d9e0f10",
        ),
        "delivery" => (
            "The delivery's id.",
            text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
            "01905f3c-61f4-7a02-9c6b-3d4e5f607182",
        ),
        _ => ("The problem's name: the last part of its `type`.", text, "call-ended"),
    };
    let parameter = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(schema))
        .example(Some(example.into()));
    operation.parameters.get_or_insert_default().insert(0, RefOr::T(parameter.build()));
}

/// Adds the responses that the request pipeline gives, their headers, and the problem details of each error.
fn add_responses(operation: &mut Operation, writes: bool) {
    let keyed = operation.security.iter().flatten().any(|requirement| *requirement != SecurityRequirement::default());
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, description: &str| match responses.get_mut(status) {
        // The pipeline refuses requests under these two for reasons of its own, beside those of the operation.
        Some(RefOr::T(stated)) if ["403", "422"].contains(&status) => {
            stated.description = format!("{} {description}", stated.description);
        }
        Some(_) => {}
        None => {
            let response = ResponseBuilder::new().description(description).build();
            responses.insert(status.to_owned(), RefOr::T(response));
        }
    };
    add("422", "`validation_failed`: a field or parameter is missing, unknown or has a value that is not allowed.");
    add("500", "`internal_error`: the service failed.");
    // Without backquotes, which would add an example of each.
    let page = "`host_not_allowed`, `origin_not_allowed`: no key exists yet, and the request's host or origin is unknown, or \
        it came through a proxy (proxy_without_key).";
    if keyed {
        add("401", "`unauthorized`: the request has no key, or an unknown, revoked or expired one.");
        let limits = "The key may also be limited to networks (network_not_allowed) or calls (call_not_allowed).";
        add("403", &format!("`forbidden`: the key lacks the scope. {limits} {page}"));
    } else {
        add("403", page);
    }
    add("429", "`rate_limited`: the key, or the address, has used up its rate limit.");
    if operation.request_body.is_some() {
        add("408", "`request_timeout`: the body arrived too slowly.");
        add("400", "`malformed_json`: the body is not valid JSON.");
        add("413", "`payload_too_large`: the body is too large.");
        add("415", "`unsupported_media_type`: the `Content-Type` is missing or not supported.");
    }
    if writes {
        add("503", "`overloaded`, `storage_unavailable`: the request cannot be stored now. Nothing of it was stored.");
        add("507", "`storage_full`: too little disk space is free. Nothing of the request was stored.");
    }
    let versioned = responses.contains_key("304") || responses.contains_key("412");
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if status.starts_with(['4', '5']) {
            describe_problem(response);
        }
        let mut headers = vec!["X-Request-Id"];
        match status.as_str() {
            "200" | "201" | "206" | "304" if versioned => headers.push("ETag"),
            "401" => headers.push("WWW-Authenticate"),
            "429" => headers.extend(["Retry-After", "RateLimit", "RateLimit-Policy"]),
            "503" if writes => headers.push("Retry-After"),
            _ => {}
        }
        for name in headers {
            response.headers.entry(name.to_owned()).or_insert_with(|| shared::header(name));
        }
    }
}

/// Gives an error the problem schema, with an example of each code that its description names.
fn describe_problem(response: &mut Response) {
    let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDetails::name())));
    for &(code, ..) in problems() {
        let name = ProblemCode::name(code);
        if response.description.contains(&format!("`{name}`")) {
            content = content.examples_from_iter([(name.clone(), shared::example(&name))]);
        }
    }
    response.content.insert("application/problem+json".to_owned(), RefOr::T(content.build()));
}

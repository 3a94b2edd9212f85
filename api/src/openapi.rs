//! The OpenAPI document: collected from the routes, then completed with what follows from the shape of an operation, so
//! that no operation has to repeat it.

mod links;
mod once;

use actix_web::{App, http::Method};
use utoipa::{
    OpenApi as _, ToSchema,
    openapi::{
        ContentBuilder, HeaderBuilder, ObjectBuilder, OpenApi, Ref, RefOr, Required, Response, ResponseBuilder,
        example::ExampleBuilder,
        path::{Operation, ParameterBuilder, ParameterIn, PathItem},
        schema::{KnownFormat, SchemaFormat, Type},
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;

use crate::{
    problem::{PROBLEMS, ProblemCode, ProblemDetails},
    routes::routes,
};

/// The security scheme of keys, by its name in the document.
pub const KEY_SCHEME: &str = "apiKey";

/// The security schemes of what stands in for a key: a link's signature, and Twilio's.
pub const LINK_SCHEME: &str = "link";
pub const TWILIO_SCHEME: &str = "twilioSignature";

/// The document as text.
pub struct Document(pub String);

impl std::fmt::Display for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// What is said of keys.
const KEYS: &str = "A key that `callstore keys create` or `createKey` has made. With each operation stands the scope that it \
    needs: `ingest` writes calls, `read` reads; `admin` does everything. As long as no key was made, none is asked for.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Callstore",
        description = "Keeps phone calls: audio, transcripts, analytics and metadata, while the call runs. When it ends it \
            has a WAV recording that is true to time and to sound.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This service")),
    tags(
        (name = "Calls", description = "Start, find, change, end and delete calls."),
        (name = "Chunks", description = "The audio of a call that runs."),
        (name = "Recordings", description = "The audio of a call that has ended."),
        (name = "Transcripts", description = "What was said."),
        (name = "Events", description = "What a media stream told beside audio."),
        (name = "Analytics", description = "Snapshots of a call's figures."),
        (name = "Metadata", description = "What else is known of a call."),
        (name = "Audio", description = "Converting audio."),
        (name = "Keys", description = "Who may use the service."),
        (name = "Audit", description = "Who has done what."),
        (name = "Twilio", description = "Webhooks for Twilio's Programmable Voice."),
        (name = "System", description = "The service itself."),
    ),
    components(schemas(ProblemDetails)),
)]
struct Base;

/// The document, as it is printed and served.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> Result<Document, serde_json::Error> {
    build().to_pretty_json().map(|json| Document(json + "\n"))
}

/// The document.
pub fn build() -> OpenApi {
    let (_, mut document) = App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes).split_for_parts();
    let keys = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(KEYS)).build();
    let components = document.components.get_or_insert_default();
    let link = ApiKeyValue::with_description("signature", "A link of `createRecordingLink`.");
    let twilio = ApiKeyValue::with_description("X-Twilio-Signature", "Twilio's signature, once its auth token is set.");
    for (name, scheme) in [
        (KEY_SCHEME, SecurityScheme::Http(keys)),
        (LINK_SCHEME, SecurityScheme::ApiKey(ApiKey::Query(link))),
        (TWILIO_SCHEME, SecurityScheme::ApiKey(ApiKey::Header(twilio))),
    ] {
        components.security_schemes.insert(name.to_owned(), scheme.into());
    }
    for (path, item) in &mut document.paths.paths {
        let names: Vec<_> = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for (method, operation) in operations_mut(item) {
            for name in &names {
                add_path_parameter(operation, path, name);
            }
            if method == Method::POST {
                once::describe(operation);
            }
            complete(operation, method != Method::GET);
        }
    }
    links::add(&mut document);
    document
}

/// The operations of a path and their methods.
pub fn operations(item: &PathItem) -> Vec<(Method, &Operation)> {
    let all = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

/// The operations of a path and their methods.
fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn add_path_parameter(operation: &mut Operation, path: &str, name: &str) {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let (description, schema, example) = match name {
        "call" => (
            "The call's id or its streamSid.",
            text.min_length(Some(1)).max_length(Some(128)).pattern(Some("^[A-Za-z0-9_.:-]+$")),
            "MZ0123456789abcdef0123456789abcdef",
        ),
        "id" => (
            if path.starts_with("/admin/keys") { "The key's id." } else { "The recording's id." },
            text.format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid))),
            "01905f3c-a4f1-7d22-8e5f-6b7c8d9e0f10",
        ),
        _ => ("The problem's name, as in its `type`.", text, "call-ended"),
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

/// Adds the answers that follow from an operation's shape, and gives every failing answer its problem details.
fn complete(operation: &mut Operation, writes: bool) {
    let keyed = operation.security.iter().flatten().any(|requirement| *requirement != SecurityRequirement::default());
    let responses = &mut operation.responses.responses;
    let mut add = |status: &str, description: &str| {
        match responses.get_mut(status) {
            // What an operation refuses itself stands beside what is refused before.
            Some(RefOr::T(stated)) if ["403", "422"].contains(&status) => {
                stated.description = format!("{} {description}", stated.description);
            }
            Some(_) => {}
            None => {
                let response = ResponseBuilder::new().description(description).build();
                responses.insert(status.to_owned(), RefOr::T(response));
            }
        }
    };
    add("422", "`validation_failed`: something in the request is missing, unknown or not allowed.");
    add("500", "`internal_error`: the service failed.");
    let page = "`host_not_allowed`, `origin_not_allowed`: without keys, a request to or from an unknown host.";
    if keyed {
        add("401", "`unauthorized`: the request has no key, or one that is unknown, revoked or expired.");
        add("403", &format!("`forbidden`: the key is of another scope. {page}"));
    } else {
        add("403", page);
    }
    add("429", "`rate_limited`: more requests than the key, or the address, may make.");
    if operation.request_body.is_some() {
        add("408", "`request_timeout`: the body comes too slowly.");
        add("400", "`malformed_json`: the body is not JSON.");
        add("413", "`payload_too_large`: the body is too large.");
        add("415", "`unsupported_media_type`: the body is of another kind.");
    }
    if writes {
        add(
            "503",
            "`overloaded`, `storage_unavailable`: it cannot be stored now; nothing of the request is acknowledged.",
        );
        add("507", "`storage_full`: there is too little free space.");
    }
    let versioned = responses.contains_key("304") || responses.contains_key("412");
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if versioned && ["200", "201", "206", "304"].contains(&status.as_str()) {
            let tag = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String)));
            let tag = tag.description(Some("The version, for `If-Match` and `If-None-Match`.")).build();
            response.headers.entry("ETag".to_owned()).or_insert(RefOr::T(tag));
        }
        if status.starts_with(['4', '5']) {
            describe_problem(response);
        }
        let mut tell = |name: &str, kind: Type, description: &str| {
            let header = HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(kind)));
            let header = header.description(Some(description)).build();
            response.headers.insert(name.to_owned(), RefOr::T(header));
        };
        if status == "429" || writes && status == "503" {
            tell("Retry-After", Type::Integer, "After how many seconds to try again.");
        }
        if status == "429" {
            tell("RateLimit", Type::String, "How many requests are left, and in how many seconds there are more.");
            tell(
                "RateLimit-Policy",
                Type::String,
                "How many requests may be made at once, and in how many seconds as many again.",
            );
        }
        if status == "401" {
            tell("WWW-Authenticate", Type::String, "`Bearer`");
        }
        tell("X-Request-Id", Type::String, "The request's id, as it was sent or as it was made.");
    }
}

/// Gives an answer the problem schema, with an example of each code that its description names.
fn describe_problem(response: &mut Response) {
    let mut content = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemDetails::name())));
    for (code, ..) in PROBLEMS {
        let name = ProblemCode::name(code);
        if response.description.contains(&format!("`{name}`")) {
            let sample = serde_json::to_value(ProblemDetails::sample(code)).ok();
            content = content.examples_from_iter([(name, ExampleBuilder::new().value(sample).build())]);
        }
    }
    response.content.insert("application/problem+json".to_owned(), RefOr::T(content.build()));
}

//! The OpenAPI document: collected from the routes, then completed with what follows from the shape of an operation, so
//! that no operation has to repeat it.

mod complete;
mod downgrade;
mod examples;
mod idempotency;
mod layout;
mod links;
mod optional;
mod order;
pub(crate) mod schemes;
mod shared;

use actix_web::App;
use utoipa::{
    OpenApi as _,
    openapi::{
        OpenApi,
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};
use utoipa_actix_web::AppExt;

use crate::{problem::ProblemDetails, routes::routes};
use schemes::{KEY_SCHEME, operations_mut};

/// The document as text.
pub struct Document(pub String);

impl std::fmt::Display for Document {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// How keys work, for the Authorize form.
const KEYS: &str = "A key made by `callstore keys create` or `createKey`. Each operation names the scope that it needs: `ingest` \
    writes calls, `read` reads them, `admin` may do everything. `call` marks operations that also accept a token of `createCallToken`. While no key \
    exists, none is needed.";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Callstore API",
        description = "Stores phone calls: audio, transcripts, analytics and metadata, while the call runs. When the call \
            ends there is a WAV recording.\n\nErrors are `application/problem+json` (RFC 9457); `code` is stable. Any POST accepts \
            an `Idempotency-Key`. A 2xx response to a write means that it is on disk.\n\nTwo kinds of requests need a \
            signature in place of a key: a link made by `createRecordingLink`, and Twilio's webhooks, which Twilio signs.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "This service")),
    tags(
        (name = "Calls", description = "Start, find, change, end and delete calls."),
        (name = "Chunks", description = "Add audio to a running call."),
        (name = "Recordings", description = "Play and share the recordings of ended calls."),
        (name = "Transcripts", description = "Add and read what was said."),
        (name = "Events", description = "Follow what happens in the store; DTMF digits and marks of calls."),
        (name = "Analytics", description = "Add and read snapshots of a call's figures."),
        (name = "Metadata", description = "Free-form metadata of a call."),
        (name = "Audio", description = "Convert audio."),
        (name = "Webhooks", description = "Have events posted to an endpoint of yours, signed."),
        (name = "Keys", description = "Manage API keys."),
        (name = "Audit", description = "Read who did what."),
        (name = "Twilio", description = "Webhooks for Twilio Programmable Voice."),
        (name = "System", description = "Health, metrics and problem descriptions."),
    ),
    components(schemas(ProblemDetails)),
)]
struct Base;

/// The document, as it is printed and served.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document() -> Result<Document, serde_json::Error> {
    let document = build();
    document.to_json().map(|json| Document(layout::lay_out(&examples::in_order(&json, &document))))
}

/// The document in OpenAPI 3.0, for generators that cannot read 3.1.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn document_3_0() -> Result<Document, serde_json::Error> {
    let mut document = serde_json::to_value(build())?;
    downgrade::downgrade(&mut document);
    serde_json::to_string(&document).map(|json| Document(layout::lay_out(&json)))
}

/// The document.
pub(crate) fn build() -> OpenApi {
    let (_, mut document) = App::new().into_utoipa_app().openapi(Base::openapi()).configure(routes).split_for_parts();
    let keys = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(KEYS)).build();
    let components = document.components.get_or_insert_default();
    components.security_schemes.insert(KEY_SCHEME.to_owned(), SecurityScheme::Http(keys).into());
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations_mut(item) {
            complete::complete(operation, path, &method);
        }
    }
    examples::fill_in_forms(&mut document);
    links::add(&mut document);
    shared::add(&mut document);
    order::required_first(&mut document);
    document
}

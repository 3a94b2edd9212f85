//! What the document says about authorization, and how to walk its operations. The request pipeline reads it from here.

use actix_web::http::Method;
use utoipa::openapi::path::{Operation, PathItem};

/// The name of the security scheme of API keys.
pub(crate) const KEY_SCHEME: &str = "apiKey";

/// What an operation states beside its scopes if it accepts call tokens.
pub(crate) const CALL_TOKEN: &str = "call";

/// The extension of an operation that accepts a signature in place of a key: `link` or `twilio`. It is no security
/// scheme, since nobody could type such a signature into an Authorize form.
pub(crate) const SIGNED_BY: &str = "x-signed-by";

/// The operations of a path and their methods.
pub(crate) fn operations(item: &PathItem) -> Vec<(Method, &Operation)> {
    let all = [
        (Method::GET, &item.get),
        (Method::POST, &item.post),
        (Method::PUT, &item.put),
        (Method::PATCH, &item.patch),
        (Method::DELETE, &item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_ref()?))).collect()
}

/// The operations of a path and their methods, to be changed.
pub(crate) fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let all = [
        (Method::GET, &mut item.get),
        (Method::POST, &mut item.post),
        (Method::PUT, &mut item.put),
        (Method::PATCH, &mut item.patch),
        (Method::DELETE, &mut item.delete),
    ];
    all.into_iter().filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

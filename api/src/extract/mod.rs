//! From a request to typed values. Bad bytes end here: 400 for what cannot be parsed, 404 for a path that can name nothing,
//! 413 and 415 for bodies of the wrong size and kind, 422 for values that are not allowed.

mod body;
mod condition;
mod form;
pub(crate) mod json;
mod once;
mod path;
pub(crate) mod query;

pub use body::{Body, media_type};
pub use condition::{Condition, all, etag, etag_with_parts, fresh, has};
pub use form::Form;
pub use json::{Json, JsonBody, OptionalJson, from_json};
pub use once::Once;
pub use path::{CallPath, IdPath, KeyPath};
pub use query::{Limit, NoQuery, Offset, PageQuery, Query};

//! Extractors: from a request to typed values. Invalid input ends here, with 400 for malformed requests, 404 for paths
//! that cannot name anything, 413 and 415 for bodies of a wrong size or type, and 422 for invalid values.

mod accept;
mod body;
mod by;
mod condition;
mod form;
mod idempotency;
pub(crate) mod json;
mod malformed;
mod path;
pub(crate) mod query;
mod repair;
mod wording;

pub(crate) use accept::accepted;
pub(crate) use body::{Body, media_type};
pub(crate) use by::By;
pub(crate) use condition::{Condition, all, etag, etag_with_parts, fresh, has};
pub(crate) use form::Form;
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use json::{Json, JsonBody, OptionalJson, from_json};
pub(crate) use path::{CallPath, DeliveryPath, IdPath, KeyPath, TranscriptPath, WebhookPath};
pub(crate) use query::{CallOffset, Limit, NoQuery, Offset, PageQuery, Query};
pub(crate) use repair::repaired;

//! The HTTP skin of Callstore: handlers, wire types, problem details and the OpenAPI document. Every rule is in
//! `service`; this crate translates. A folder is a resource, a file an operation; `routes` lists them all.

mod access;
mod analytics;
mod audio;
mod audit;
mod calls;
mod carriers;
mod chunks;
pub mod command;
mod connections;
mod events;
mod extract;
mod failure;
#[cfg(any(test, feature = "fuzzing"))]
#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod limits;
mod metadata;
mod observe;
mod openapi;
mod outbox;
mod pages;
mod problem;
mod public;
mod recordings;
mod request;
mod routes;
mod search;
mod secret_file;
pub mod server;
pub mod settings;
mod socket;
mod stats;
mod stream;
mod system;
mod transcripts;
mod twilio;
mod vendors;
mod webhooks;
mod wire;

pub use openapi::{document, document_3_0};
pub use problem::ProblemCode;

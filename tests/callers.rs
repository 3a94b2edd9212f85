//! Clients of a service that may be gone at any moment. They write over HTTP, over the streaming protocol, and as a
//! carrier's media streams. They look for everything that was acknowledged, and compare each recording with what they
//! sent.

mod call;
mod caller;
mod line;
mod service;

pub(crate) use caller::Caller;
pub(crate) use service::Service;

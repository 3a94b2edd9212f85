//! Clients of a service that may be gone at any moment: they write over HTTP, over the own streaming protocol and as a carrier's
//! media streams, look for all that was acknowledged, and compare each recording with what they sent.

mod call;
mod caller;
mod line;
mod service;

pub use caller::Caller;
pub use service::Service;

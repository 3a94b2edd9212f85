//! The ways in which a call's items reach the service.

mod http;
mod link;
mod socket;
mod stream;
mod twilio;

use clap::ValueEnum;
use serde::Serialize;

pub use http::send as send_http;
pub use link::Endpoint;
pub use stream::send as send_stream;
pub use twilio::send as send_twilio;

/// A way to reach the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// Requests with batches of chunks
    Http,
    /// Twilio's Media Streams, over a WebSocket
    Twilio,
    /// The service's own stream, over a WebSocket
    Stream,
}

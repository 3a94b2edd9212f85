//! The transports that send a call's items to the service.

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

/// A transport. The comments on the variants appear in `--help`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Transport {
    /// HTTP requests with batches of chunks
    Http,
    /// Twilio Media Streams over a WebSocket
    Twilio,
    /// The service's own protocol over a WebSocket
    Stream,
}

//! The transports that send a call's items to the service. The two over WebSockets share `socket`.

pub mod http;
mod socket;
pub mod stream;
pub mod twilio;

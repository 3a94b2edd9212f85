//! The transports that send a call's items to the service. The two over WebSockets share `socket`.

pub(crate) mod http;
mod socket;
pub(crate) mod stream;
pub(crate) mod twilio;

//! Admits streams: by a key, or by a platform's signature. With Twilio's a stream also needs a one-time token, which
//! the voice webhook issued for its phone call, since Twilio signs the handshake of every stream alike.

use std::sync::Arc;

use dialects::Name;
use service::{Callstore, NewStream, Private, StreamToken};

use super::ending::Ending;
use crate::{
    socket::CloseCode,
    vendors::{Vendor, Vendors},
};

/// What a handshake proved.
#[derive(Clone)]
pub(super) enum Admission {
    /// The client has a key.
    Key,
    /// A platform signed it.
    Signed(Vendor),
    /// Nothing: the service has no keys, and only platforms whose secret it does not have may stream.
    Open(Arc<Vendors>),
}

/// Checks a start against the handshake, and consumes the one-time token of Twilio's streams. Returns how to close the
/// socket if the stream may not start.
pub(super) async fn admit(
    callstore: &Callstore,
    admission: &Admission,
    dialect: Name,
    stream: &NewStream,
    token: Option<&Private>,
) -> Result<Option<StreamToken>, Ending> {
    let of = Vendor::of(dialect);
    match admission {
        Admission::Key => Ok(None),
        Admission::Signed(Vendor::Twilio) => {
            let (Some(token), Some(call_sid)) = (token, stream.call_sid.as_deref()) else {
                let reason = "The start has no token and callSid; answer the call with POST /twilio/voice.";
                return Err(Ending::new(CloseCode::Policy, reason));
            };
            Ok(Some(callstore.streams.use_token(token.expose(), call_sid, &stream.stream_sid).await?))
        }
        Admission::Signed(vendor) if of == Some(*vendor) => Ok(None),
        Admission::Signed(vendor) => {
            let reason = format!("The handshake has {}'s signature, but the messages are {dialect}'s.", vendor.name());
            Err(Ending::unauthorized(reason))
        }
        Admission::Open(vendors) => match of.filter(|vendor| vendors.signs(*vendor)) {
            None => Ok(None),
            Some(vendor) => {
                let reason = format!("A stream of {dialect} needs {}'s signature on its handshake.", vendor.name());
                Err(Ending::unauthorized(reason))
            }
        },
    }
}

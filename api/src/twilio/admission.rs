//! Admits streams if Twilio's signatures are required. A stream then needs a one-time token, which the voice webhook
//! issued for its phone call.

use service::{Callstore, NewStream, Private, StreamToken};

use super::ending::Ending;
use crate::socket::CloseCode;

/// Consumes a stream's one-time token. Returns how to close the socket if it is missing or invalid.
pub(super) async fn admit(
    callstore: &Callstore,
    stream: &NewStream,
    token: Option<&Private>,
) -> Result<StreamToken, Ending> {
    let (Some(token), Some(call_sid)) = (token, stream.call_sid.as_deref()) else {
        let reason = "The start has no token and callSid; answer the call with POST /twilio/voice.";
        return Err(Ending::new(CloseCode::Policy, reason));
    };
    Ok(callstore.streams.use_token(token.expose(), call_sid, &stream.stream_sid).await?)
}

//! Whether a stream may start, where Twilio's signatures are asked for: with a token of the webhook's for its phone call.

use service::{Callstore, NewStream, Private};

use super::ending::Ending;
use crate::socket::CloseCode;

/// Uses the token of a stream.
pub async fn admit(callstore: &Callstore, stream: &NewStream, token: Option<&Private>) -> Result<(), Ending> {
    let (Some(token), Some(call_sid)) = (token, stream.call_sid.as_deref()) else {
        let reason = "The start has no token and callSid; answer the call with POST /twilio/voice.";
        return Err(Ending::new(CloseCode::Policy, reason));
    };
    Ok(callstore.use_stream_token(token.expose(), call_sid, &stream.stream_sid).await?)
}

//! What several readers share: starting in a format, frames, and fields that are spelled alike.

use crate::{
    Context, Format, Name, Refusal, Track,
    codec::{Codec, Kind, Spec},
    fields::{Fields, small, text},
    message::MediaMessage,
    opening::Draft,
    output::{Output, Place},
};

/// Starts a stream in a format, or refuses it.
pub(super) fn begin(
    name: Name,
    context: &Context,
    draft: Draft,
    kind: Result<Kind, String>,
    out: &mut Output,
) -> Option<Codec> {
    match kind {
        Ok(kind) => {
            out.start(draft.finish(name, context, Some(kind.format())));
            Some(Codec::new(kind))
        }
        Err(came) => {
            out.refuse(Refusal::Format(came), draft.stream_id);
            None
        }
    }
}

/// Decodes a media message and passes its frame on. `place` says where the frame begins, given its audio and format.
pub(super) fn take_media(
    codec: Option<&mut Codec>,
    message: &MediaMessage<'_>,
    out: &mut Output,
    place: impl FnOnce(&[u8], Format) -> Place,
) {
    let Some(codec) = codec else { return out.skip("before_start") };
    let Some(payload) = message.payload() else { return out.skip("bad_base64") };
    let track = message.media.track.unwrap_or(Track::Inbound);
    match codec.decode(track, message.number(), payload) {
        Ok(audio) => {
            let place = place(&audio, codec.format());
            out.frame(track, message.number(), place, audio);
        }
        Err(reason) => out.skip(reason),
    }
}

/// Where a frame begins whose timestamp is milliseconds since the start; without one it follows the frame before it.
pub(super) fn stamped(message: &MediaMessage<'_>) -> Place {
    message.timestamp().map_or(Place::Follows, Place::Milliseconds)
}

/// The format in an object such as `mediaFormat`, in either spelling.
pub(super) fn spec_of(format: Option<&Fields>) -> Spec {
    let Some(format) = format else { return Spec::default() };
    let rate = small(format, "sampleRate").or_else(|| small(format, "sample_rate"));
    Spec { encoding: text(format, "encoding"), rate, channels: small(format, "channels") }
}

/// The key of a `dtmf` event, in the object or beside it.
pub(super) fn digit_of(fields: &Fields) -> Option<String> {
    crate::fields::object(fields, "dtmf").and_then(|dtmf| text(dtmf, "digit")).or_else(|| text(fields, "digit"))
}

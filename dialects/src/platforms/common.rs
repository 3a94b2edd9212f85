//! What several readers share: starting in a format, and fields that are spelled alike.

use crate::{
    Context, Name, Refusal,
    codec::{Codec, Kind, Spec},
    fields::{Fields, small, text},
    opening::Draft,
    output::Output,
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

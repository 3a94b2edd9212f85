//! Binary messages with bare samples, one channel or two interleaved: what follows the first text on many platforms.

use crate::{
    Context, Format, Name, Refusal, Track,
    codec::{Aligner, Codec, Kind, Spec, split},
    opening::Draft,
    output::{Output, Place},
};

/// The audio of a stream whose samples follow each other.
pub(super) struct Binary {
    codec: Codec,
    kind: Kind,
    channels: u32,
    aligner: Aligner,
}

impl Binary {
    /// Starts a stream, or refuses it.
    pub(super) fn begin(name: Name, context: &Context, draft: Draft, spec: Spec, out: &mut Output) -> Option<Self> {
        let channels = spec.channels.unwrap_or(1);
        let read = Spec { channels: Some(if channels == 2 { 1 } else { channels }), ..spec }.read(context, false);
        match read {
            Ok(kind) => {
                out.start(draft.finish(name, context, Some(kind.format())));
                Some(Self { codec: Codec::new(kind), kind, channels, aligner: Aligner::default() })
            }
            Err(came) => {
                out.refuse(Refusal::Format(came), draft.stream_id);
                None
            }
        }
    }

    /// The format of the frames.
    pub(super) fn format(&self) -> Format {
        self.codec.format()
    }

    /// The samples of a message, which follow those before it.
    pub(super) fn message(&mut self, bytes: &[u8], out: &mut Output) {
        self.message_at(bytes, &[Track::Inbound, Track::Outbound], Place::Follows, out);
    }

    /// The samples of a message at a place. `tracks` are those of the channels.
    pub(super) fn message_at(&mut self, bytes: &[u8], tracks: &[Track], place: Place, out: &mut Output) -> usize {
        let width = self.kind.width();
        let stereo = self.channels == 2;
        // Compressed codecs have no samples to cut at.
        let whole = match self.kind {
            Kind::Plain(_) | Kind::BigEndian(_) => self.aligner.whole(bytes, if stereo { 2 * width } else { width }),
            Kind::G722 | Kind::Opus => bytes.to_vec(),
        };
        if whole.is_empty() {
            return 0;
        }
        let channels = if stereo { split(&whole, width).to_vec() } else { vec![whole] };
        let mut samples = 0;
        for (channel, track) in channels.into_iter().zip(tracks) {
            match self.codec.decode(*track, None, channel) {
                Ok(audio) => {
                    samples = audio.len() / self.codec.format().encoding.bytes_per_sample();
                    out.frame(*track, None, place, audio);
                }
                Err(reason) => out.skip(reason),
            }
        }
        samples
    }
}

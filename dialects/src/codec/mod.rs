//! From the bytes that a platform sends to those that are stored: mu-law and A-law as they are, PCM16 little-endian,
//! and codecs that are not stored decoded to PCM16.

mod g722;
mod opus;
mod spec;

use crate::{Format, Track};
use g722::G722;
use opus::Opus;
pub(crate) use spec::{Kind, Spec};

/// How many numbers a decoder with a memory remembers, so that a frame that comes twice is decoded once.
const WINDOW: u64 = 64;

/// Decodes the payloads of one stream.
pub(crate) struct Codec {
    kind: Kind,
    tracks: [Decoder; 2],
}

/// The memory of one track's decoder.
#[derive(Default)]
struct Decoder {
    state: State,
    repeats: Repeats,
}

/// Tells numbers that came before, as far as it remembers them.
#[derive(Default)]
pub(crate) struct Repeats {
    /// The largest number so far.
    last: u64,
    /// A bit for each of the numbers up to `last`: whether it came.
    seen: u64,
}

#[derive(Default)]
enum State {
    #[default]
    Fresh,
    G722(Box<G722>),
    Opus(Box<Opus>),
}

impl Codec {
    /// A decoder for a format that [`Spec::read`] has accepted.
    pub(crate) fn new(kind: Kind) -> Self {
        Self { kind, tracks: [Decoder::default(), Decoder::default()] }
    }

    /// Decodes a payload of a track. `number` is the platform's, if it has one.
    ///
    /// # Errors
    /// The reason to skip the payload.
    pub(crate) fn decode(
        &mut self,
        track: Track,
        number: Option<u64>,
        mut payload: Vec<u8>,
    ) -> Result<Vec<u8>, &'static str> {
        let decoder = &mut self.tracks[track.index()];
        match self.kind {
            Kind::Plain(_) => Ok(payload),
            Kind::BigEndian(_) => {
                // With an odd number of bytes the last one stays, and the frame is refused later.
                payload.chunks_exact_mut(2).for_each(|sample| sample.swap(0, 1));
                Ok(payload)
            }
            Kind::G722 => {
                decoder.repeats.admit(number)?;
                if matches!(decoder.state, State::Fresh) {
                    decoder.state = State::G722(Box::default());
                }
                let State::G722(state) = &mut decoder.state else { return Err("undecodable") };
                Ok(state.decode(&payload))
            }
            Kind::Opus => {
                decoder.repeats.admit(number)?;
                if matches!(decoder.state, State::Fresh) {
                    decoder.state = State::Opus(Box::new(Opus::new()?));
                }
                let State::Opus(state) = &mut decoder.state else { return Err("undecodable") };
                state.decode(&payload)
            }
        }
    }

    /// The format of the decoded samples.
    pub(crate) fn format(&self) -> Format {
        self.kind.format()
    }
}

impl Repeats {
    /// Refuses a number that came before. A decoder has a memory, so a second pass would sound different.
    ///
    /// # Errors
    /// The reason to skip the frame.
    pub(crate) fn admit(&mut self, number: Option<u64>) -> Result<(), &'static str> {
        let Some(number) = number else { return Ok(()) };
        if number > self.last || self.seen == 0 {
            let ahead = number.saturating_sub(self.last);
            self.seen = if ahead >= WINDOW || self.seen == 0 { 1 } else { (self.seen << ahead) | 1 };
            self.last = number;
            return Ok(());
        }
        let behind = self.last - number;
        let bit = if behind < WINDOW { 1 << behind } else { 0 };
        if self.seen & bit != 0 {
            return Err("repeated");
        }
        self.seen |= bit;
        Ok(())
    }
}

/// Cuts binary messages at whole samples: what is left of one belongs to the next.
#[derive(Default)]
pub(crate) struct Aligner(Vec<u8>);

impl Aligner {
    /// The whole groups of `unit` bytes so far.
    pub(crate) fn whole(&mut self, bytes: &[u8], unit: usize) -> Vec<u8> {
        let mut all = std::mem::take(&mut self.0);
        all.extend_from_slice(bytes);
        let rest = all.len() % unit.max(1);
        self.0 = all.split_off(all.len() - rest);
        all
    }
}

/// Takes two interleaved channels apart, sample by sample of `width` bytes.
pub(crate) fn split(bytes: &[u8], width: usize) -> [Vec<u8>; 2] {
    let mut channels = [0, 1].map(|_| Vec::with_capacity(bytes.len() / 2));
    for (index, sample) in bytes.chunks_exact(width.max(1)).enumerate() {
        channels[index % 2].extend_from_slice(sample);
    }
    channels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_come_twice_are_decoded_once() {
        let mut decoder = Repeats::default();
        for (number, admitted) in
            [(5, true), (5, false), (7, true), (6, true), (6, false), (7, false), (90, true), (7, true)]
        {
            assert_eq!(decoder.admit(Some(number)).is_ok(), admitted, "{number}");
        }
        assert!(decoder.admit(None).is_ok());
    }

    #[test]
    fn binary_messages_are_cut_at_samples() {
        let mut aligner = Aligner::default();
        assert_eq!(aligner.whole(&[1, 2, 3], 2), [1, 2]);
        assert_eq!(aligner.whole(&[4], 2), [3, 4]);
        assert!(aligner.whole(&[], 2).is_empty());
        assert_eq!(split(&[1, 2, 3, 4, 5, 6, 7, 8], 2), [vec![1, 2, 5, 6], vec![3, 4, 7, 8]]);
    }
}

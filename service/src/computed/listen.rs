//! Hears a recording while its samples pass by, and finds the speech in them.
//!
//! It holds the last seconds of each track's levels and the segments found, never samples, so its memory does not grow
//! with the length of a call.

use audio::{
    Encoding, decode_into,
    number::wide,
    speech::{Algorithm, Detector, FRAMES_PER_SECOND, SAMPLE_RATE, Speech},
};
use entity::call_track::Track;

use crate::Error;

/// The tracks that a recording has, in the order of its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tracks {
    /// One channel.
    One(Track),
    /// The caller left and the agent right.
    Both,
}

impl Tracks {
    /// The tracks by their list, the caller's first; `None` for a recording without audio.
    pub(crate) fn of(tracks: &[Track]) -> Option<Self> {
        match tracks {
            [] => None,
            [track] => Some(Self::One(*track)),
            _ => Some(Self::Both),
        }
    }

    /// The number of channels.
    pub(crate) fn channels(self) -> u16 {
        match self {
            Self::One(_) => 1,
            Self::Both => 2,
        }
    }

    /// Whether a track is there.
    pub(super) fn has(self, track: Track) -> bool {
        match self {
            Self::One(only) => only == track,
            Self::Both => true,
        }
    }
}

/// Finds the speech of a recording.
///
/// Used once for one recording: [`new`](Self::new), then any number of `hear` or `hear_bytes`, then
/// [`finish`](Self::finish). The result does not depend on how the samples were divided, which a test holds.
pub(crate) struct Listener {
    algorithm: Algorithm,
    tracks: Tracks,
    detector: Detector,
    /// Samples heard, per channel.
    samples: u64,
    /// Bytes of a frame of samples that [`hear_bytes`](Self::hear_bytes) has not yet as a whole.
    rest: Vec<u8>,
    /// Decoded samples, and those of each channel. They are kept to keep their memory.
    decoded: Vec<i16>,
    channels: [Vec<i16>; 2],
}

/// The speech of a recording, and what found it.
#[derive(Debug)]
pub(crate) struct Heard {
    pub algorithm: Algorithm,
    pub tracks: Tracks,
    pub speech: Speech,
}

impl Listener {
    /// Hears a recording from its first sample.
    pub(crate) fn new(tracks: Tracks) -> Self {
        let algorithm = Algorithm::DEFAULT;
        let detector = Detector::new(algorithm);
        Self {
            algorithm,
            tracks,
            detector,
            samples: 0,
            rest: Vec::new(),
            decoded: Vec::new(),
            channels: Default::default(),
        }
    }

    /// Hears the next samples of each channel, at 16 kHz. A recording of one track has only the first.
    ///
    /// Both must have the same length. The detector needs both tracks at the same time: speech of one that is heard on
    /// the other, as an echo, is not that party's.
    pub(crate) fn hear(&mut self, first: &[i16], second: &[i16]) {
        self.samples += wide(first.len());
        match self.tracks {
            Tracks::One(Track::Inbound) => self.detector.push(first, &[]),
            Tracks::One(Track::Outbound) => self.detector.push(&[], first),
            Tracks::Both => self.detector.push(first, second),
        }
    }

    /// Hears the next bytes of a recording's samples as its file has them. They may be cut anywhere.
    ///
    /// The header of the file is not among them; the caller leaves it out. Bytes that do not make a whole frame wait
    /// for the next call, and those that remain at the end are dropped, which happens with damaged files only.
    ///
    /// # Errors
    /// Never for samples of 16 bits that are cut into whole frames, as this does.
    pub(crate) fn hear_bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.rest.extend_from_slice(bytes);
        let frame = 2 * usize::from(self.tracks.channels());
        let whole = self.rest.len() - self.rest.len() % frame;
        self.decoded.clear();
        decode_into(Encoding::Pcm16, &self.rest[..whole], &mut self.decoded)
            .map_err(|_| Error::Damaged("a recording's samples"))?;
        self.rest.drain(..whole);
        let decoded = std::mem::take(&mut self.decoded);
        if self.tracks == Tracks::Both {
            let mut channels = std::mem::take(&mut self.channels);
            channels.iter_mut().for_each(Vec::clear);
            for pair in decoded.as_chunks::<2>().0 {
                channels[0].push(pair[0]);
                channels[1].push(pair[1]);
            }
            self.hear(&channels[0], &channels[1]);
            self.channels = channels;
        } else {
            self.hear(&decoded, &[]);
        }
        self.decoded = decoded;
        Ok(())
    }

    /// The speech, once the whole recording was heard. No segment ends after the recording: the detector fills the
    /// last frame, of which the recording may have only a part.
    pub(crate) fn finish(self) -> Heard {
        let mut speech = self.detector.finish();
        let whole = self.samples * u64::from(FRAMES_PER_SECOND) / u64::from(SAMPLE_RATE);
        let whole = u32::try_from(whole).unwrap_or(u32::MAX);
        for segments in [&mut speech.inbound, &mut speech.outbound] {
            segments.iter_mut().for_each(|segment| segment.end = segment.end.min(whole));
            segments.retain(|segment| segment.start < segment.end);
        }
        Heard { algorithm: self.algorithm, tracks: self.tracks, speech }
    }
}

#[cfg(test)]
mod tests {
    use audio::pcm16_bytes;

    use super::*;

    /// Half a second of silence, 0.8 of sound and one of silence, at 16 kHz. The sound is no tone and too short for a
    /// noise floor: neither is speech.
    fn samples() -> Vec<i16> {
        let mut random = 1_u32;
        let sound = std::iter::repeat_with(move || {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            if random >> 31 == 0 { 6000 } else { -6000 }
        });
        std::iter::repeat_n(0, 8000).chain(sound.take(12_800)).chain(std::iter::repeat_n(0, 16_000)).collect()
    }

    #[test]
    fn bytes_cut_anywhere_are_heard_as_the_samples_that_they_are() {
        let (sound, silence) = (samples(), vec![0; 40_000]);
        let mut whole = Listener::new(Tracks::Both);
        whole.hear(&silence, &sound);
        let whole = whole.finish().speech;
        assert_eq!((whole.inbound.len(), whole.outbound.len()), (0, 1));
        let mut bytes = Vec::new();
        audio::interleave(&silence, &sound, &mut bytes);
        for piece in [1, 3, 4097, bytes.len()] {
            let mut cut = Listener::new(Tracks::Both);
            for bytes in bytes.chunks(piece) {
                assert!(cut.hear_bytes(bytes).is_ok());
            }
            assert_eq!(cut.finish().speech, whole, "{piece}");
        }
    }

    #[test]
    fn speech_ends_with_the_recording() {
        let mut listener = Listener::new(Tracks::One(Track::Inbound));
        listener.hear(&samples()[..20_100], &[]);
        let speech = listener.finish().speech;
        // 62 frames of 320 samples, and a part of one.
        assert_eq!(speech.inbound.last().map(|segment| segment.end), Some(62));
    }

    #[test]
    fn a_recording_of_one_track_is_that_of_its_party() {
        let mut bytes = Vec::new();
        pcm16_bytes(&samples(), &mut bytes);
        let heard = |track| {
            let mut listener = Listener::new(Tracks::One(track));
            assert!(listener.hear_bytes(&bytes).is_ok());
            let speech = listener.finish().speech;
            (speech.inbound.len(), speech.outbound.len())
        };
        assert_eq!((heard(Track::Inbound), heard(Track::Outbound)), ((1, 0), (0, 1)));
        assert_eq!([Tracks::of(&[]), Tracks::of(&[Track::Outbound])], [None, Some(Tracks::One(Track::Outbound))]);
        assert_eq!(Tracks::of(&[Track::Inbound, Track::Outbound]), Some(Tracks::Both));
    }
}

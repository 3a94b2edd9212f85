//! Synthetic mu-law audio. Every frame of every call, track and run is different, and can be computed again from its
//! position. A recording can thus be checked sample by sample without keeping what was sent.
//!
//! A frame in which its party speaks consists of 8 unique bytes, its sequence, and one of `NOISES` precomputed noises.
//! The noises are also encoded as base64 once. Any other frame has the same unique bytes and its sequence as the
//! quietest values of mu-law, four bits in each, and silence.

use std::time::Duration;

use bytes::BytesMut;

use crate::{
    dialogue::Dialogue,
    frame::{Frame, Track},
    text,
};

/// The unique bytes of a frame and its sequence. A multiple of three, so that base64 can be concatenated there.
const HEAD_BYTES: usize = 12;
/// The same in the quietest values of mu-law.
const QUIET_HEAD_BYTES: usize = 2 * HEAD_BYTES;
/// The number of dialogues that calls have.
const DIALOGUES: u32 = 8;
/// The number of noises, a power of two. They fit into a processor's cache.
const NOISES: usize = 64;
/// Bytes of mu-law per millisecond.
const BYTES_A_MS: u32 = 8;

/// The audio of all calls of a run.
#[derive(Debug)]
pub(crate) struct Synthetic {
    seed: u64,
    frames: u32,
    tracks: u32,
    frame_ms: u32,
    noises: Vec<Noise>,
    /// What follows the head of a quiet frame.
    silence: Noise,
    dialogues: Vec<Dialogue>,
}

/// The first bytes of a frame.
enum Head {
    Loud([u8; HEAD_BYTES]),
    Quiet([u8; QUIET_HEAD_BYTES]),
}

impl Head {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Loud(bytes) => bytes,
            Self::Quiet(bytes) => bytes,
        }
    }
}

#[derive(Debug)]
struct Noise {
    raw: Vec<u8>,
    base64: BytesMut,
}

impl Noise {
    fn new(raw: Vec<u8>) -> Self {
        let mut base64 = BytesMut::new();
        text::base64(&raw, &mut base64);
        Self { raw, base64 }
    }
}

impl Synthetic {
    /// Audio of `duration` on one or two tracks, in frames of `frame_ms`. The last frame may extend beyond `duration`.
    #[must_use]
    pub(crate) fn new(seed: u64, duration: Duration, tracks: u8, frame_ms: u16) -> Self {
        let frame_ms = u32::from(frame_ms);
        let frames = duration.as_millis().div_ceil(u128::from(frame_ms));
        let mut random = fastrand::Rng::with_seed(seed);
        let bytes = (frame_ms * BYTES_A_MS) as usize;
        let noise = || {
            let mut raw = vec![0; bytes - HEAD_BYTES];
            random.fill(&mut raw);
            Noise::new(raw)
        };
        let noises = std::iter::repeat_with(noise).take(NOISES).collect();
        let dialogues = (0..DIALOGUES).map(|_| Dialogue::new(&mut random, frame_ms)).collect();
        Self {
            seed,
            frames: u32::try_from(frames).unwrap_or(u32::MAX),
            tracks: u32::from(tracks),
            frame_ms,
            noises,
            silence: Noise::new(vec![0xFF; bytes - QUIET_HEAD_BYTES]),
            dialogues,
        }
    }

    /// The number of frames of a call, on all tracks.
    #[must_use]
    pub(crate) fn frames(&self) -> usize {
        self.frames as usize * self.tracks as usize
    }

    /// The length of a frame in milliseconds.
    #[must_use]
    pub(crate) fn frame_ms(&self) -> u32 {
        self.frame_ms
    }

    /// The tracks, the caller's first.
    pub(crate) fn tracks(&self) -> impl Iterator<Item = Track> + use<> {
        [Track::Inbound, Track::Outbound].into_iter().take(self.tracks as usize)
    }

    /// When a frame is due.
    #[must_use]
    pub(crate) fn due(&self, item: usize) -> Duration {
        Duration::from_millis(u64::from(self.tick(item)) * u64::from(self.frame_ms))
    }

    /// The frame of an item. Items alternate between the tracks.
    #[must_use]
    pub(crate) fn frame(&self, item: usize) -> Frame {
        let tick = self.tick(item);
        let track = if (item as u32).is_multiple_of(self.tracks) { Track::Inbound } else { Track::Outbound };
        let timestamp_ms = tick * self.frame_ms;
        Frame { track, sequence: tick + 1, timestamp_ms, bytes: self.frame_ms * BYTES_A_MS }
    }

    /// The item that is the frame of `track` in the `tick`th frame interval, from 0.
    #[must_use]
    pub(crate) fn item(&self, track: Track, tick: usize) -> usize {
        tick * self.tracks as usize + usize::from(track == Track::Outbound)
    }

    /// Whether the frame's party speaks in it.
    #[must_use]
    pub(crate) fn speaks(&self, call: u32, frame: Frame) -> bool {
        let dialogue = &self.dialogues[(call % DIALOGUES) as usize];
        dialogue.speaks(frame.track, frame.timestamp_ms / self.frame_ms)
    }

    /// Writes a frame as raw mu-law.
    pub(crate) fn write_raw(&self, call: u32, frame: Frame, out: &mut BytesMut) {
        let (head, noise) = self.parts(call, frame);
        out.extend_from_slice(head.bytes());
        out.extend_from_slice(&noise.raw);
    }

    /// Writes a frame as base64.
    pub(crate) fn write_base64(&self, call: u32, frame: Frame, out: &mut BytesMut) {
        let (head, noise) = self.parts(call, frame);
        text::base64(head.bytes(), out);
        out.extend_from_slice(&noise.base64);
    }

    fn parts(&self, call: u32, frame: Frame) -> (Head, &Noise) {
        let place = u64::from(call) << 32 | u64::from(frame.sequence) << 1 | u64::from(frame.track == Track::Outbound);
        let own = mix(self.seed ^ mix(place));
        let mut head = [0; HEAD_BYTES];
        head[..8].copy_from_slice(&own.to_le_bytes());
        head[8..].copy_from_slice(&frame.sequence.to_le_bytes());
        if self.speaks(call, frame) {
            return (Head::Loud(head), &self.noises[own as usize % NOISES]);
        }
        let mut quiet = [0; QUIET_HEAD_BYTES];
        for (pair, byte) in quiet.chunks_exact_mut(2).zip(head) {
            pair[0] = quietly(byte & 0x0F);
            pair[1] = quietly(byte >> 4);
        }
        (Head::Quiet(quiet), &self.silence)
    }

    fn tick(&self, item: usize) -> u32 {
        item as u32 / self.tracks
    }
}

/// Four bits as one of the sixteen mu-law values with the smallest magnitudes, up to 56 of 32,767.
fn quietly(bits: u8) -> u8 {
    0x78 | bits & 0x07 | (bits & 0x08) << 4
}

/// The finalizer of SplitMix64: a bijection in which each input bit flips about half of the output bits.
#[must_use]
pub(crate) fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ value >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ value >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ value >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_frames_are_the_same_and_each_is_so_again() {
        let audio = Synthetic::new(7, Duration::from_secs(1), 2, 20);
        assert_eq!(audio.frames(), 100);
        let mut seen = HashSet::new();
        for call in 0..10 {
            for item in 0..audio.frames() {
                let (mut raw, mut again, mut base64) = (BytesMut::new(), BytesMut::new(), BytesMut::new());
                let frame = audio.frame(item);
                audio.write_raw(call, frame, &mut raw);
                Synthetic::new(7, Duration::from_secs(9), 2, 20).write_raw(call, frame, &mut again);
                audio.write_base64(call, frame, &mut base64);
                assert_eq!((raw.len(), &raw), (160, &again));
                assert_eq!(audio::decode_base64(&String::from_utf8_lossy(&base64)).ok(), Some(raw.to_vec()));
                assert!(seen.insert(raw));
            }
        }
    }

    #[test]
    fn a_party_is_loud_while_it_speaks_and_nearly_silent_otherwise() {
        let audio = Synthetic::new(7, Duration::from_secs(60), 2, 20);
        let mut spoken = 0;
        for call in 0..DIALOGUES {
            for item in 0..audio.frames() {
                let (frame, mut raw) = (audio.frame(item), BytesMut::new());
                audio.write_raw(call, frame, &mut raw);
                let loudest = audio::mulaw_to_pcm16(&raw).iter().map(|sample| sample.unsigned_abs()).max();
                assert_eq!(loudest.is_some_and(|loudest| loudest > 56), audio.speaks(call, frame));
                spoken += usize::from(audio.speaks(call, frame));
            }
        }
        let share = spoken as f64 / (DIALOGUES as usize * audio.frames()) as f64;
        assert!((0.2..0.7).contains(&share), "{share}");
    }

    #[test]
    fn tracks_take_turns() {
        let audio = Synthetic::new(7, Duration::from_millis(50), 2, 20);
        assert_eq!(audio.frames(), 6);
        let frame = audio.frame(3);
        assert_eq!((frame.track, frame.sequence, frame.timestamp_ms), (Track::Outbound, 2, 20));
        assert_eq!((audio.due(3), audio.item(Track::Outbound, 1)), (Duration::from_millis(20), 3));
        let audio = Synthetic::new(7, Duration::from_millis(40), 1, 20);
        assert_eq!((audio.frames(), audio.frame(1).track, audio.item(Track::Inbound, 1)), (2, Track::Inbound, 1));
    }
}

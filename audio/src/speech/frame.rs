//! Frames: what is analysed of 20 ms of a track.

/// Sample rate of the recordings that a [`Detector`](super::Detector) reads, in hertz.
pub const SAMPLE_RATE: u32 = 16_000;

/// Frames a second: the unit of a [`Segment`](super::Segment)'s bounds is 20 ms.
pub const FRAMES_PER_SECOND: u32 = 50;

/// Samples of a recording per frame.
pub(super) const FRAME: usize = 320;

/// Analysed samples per frame: every second one of the recording.
pub(super) const ANALYSED: usize = FRAME / 2;

/// One frame of one track at 8 kHz.
pub(super) type Frame = [i16; ANALYSED];

/// Puts every second sample of `piece`, which is continued with zeros to `length`, into a frame that has `filled`
/// samples of the recording so far.
pub(super) fn fill(frame: &mut Frame, filled: usize, piece: &[i16], length: usize) {
    let (first, last) = (filled.div_ceil(2), (filled + length).div_ceil(2));
    let taken = piece.get(filled % 2..).unwrap_or_default();
    let (whole, rest) = taken.as_chunks::<2>();
    let (into, padding) = frame[first..last].split_at_mut(taken.len().div_ceil(2));
    let (into, odd) = into.split_at_mut(whole.len());
    into.iter_mut().zip(whole).for_each(|(into, pair)| *into = pair[0]);
    odd.copy_from_slice(rest);
    padding.fill(0);
}

//! Saving a conversion between two pieces and resuming it, also in another process.
//!
//! A [`Converter`]'s state is an incomplete frame, and for each channel the number of samples so far and the last of
//! them. For one channel it has at most [`STATE_MAX_BYTES`], whatever the rates are.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use crate::{Converter, Encoding, StreamFormat};

/// The longest state of a conversion of one channel: from 48,000 to 8,000 Hz.
pub const STATE_MAX_BYTES: usize = HEADER_BYTES + 2 + CHANNEL_BYTES + 2 * 1439;

/// The version and both formats.
const HEADER_BYTES: usize = 13;

/// A channel's number of samples so far, and the number of those that follow.
const CHANNEL_BYTES: usize = 10;

/// The version of the layout below.
const VERSION: u8 = 1;

/// Why a conversion cannot resume from a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It belongs to a conversion between other formats.
    #[error("the state belongs to a conversion between other formats")]
    OtherFormats,
    /// It is not what [`Converter::save`] returns.
    #[error("the state is damaged")]
    Damaged,
}

impl Converter {
    /// The converter's state, from which another one can [resume](Self::resume).
    ///
    /// Layout, little-endian: version (1), both formats, the incomplete frame after its length (1), and for each
    /// channel the number of samples so far (8), the number of the last ones (2), and these (2 each).
    #[must_use]
    pub fn save(&self) -> Vec<u8> {
        let mut state = self.state_header();
        let partial = self.partial.bytes();
        state.push(partial.len() as u8);
        state.extend_from_slice(partial);
        for resampler in &self.resamplers {
            let (pushed, last) = resampler.history();
            state.extend_from_slice(&pushed.to_le_bytes());
            state.extend_from_slice(&(last.len() as u16).to_le_bytes());
            last.iter().for_each(|sample| state.extend_from_slice(&sample.to_le_bytes()));
        }
        state
    }

    /// Makes a new converter continue where a [saved](Self::save) one stopped. The outputs of both, joined, are bit for
    /// bit the output of one converter.
    ///
    /// # Errors
    /// [`StateError`]; the converter must then be discarded.
    pub fn resume(&mut self, state: &[u8]) -> Result<(), StateError> {
        let header = self.state_header();
        let (start, mut rest) = state.split_at_checked(header.len()).ok_or(StateError::Damaged)?;
        if start[0] != VERSION {
            return Err(StateError::Damaged);
        }
        if start != header {
            return Err(StateError::OtherFormats);
        }
        let mut take = |count: usize| {
            let (taken, after) = rest.split_at_checked(count).ok_or(StateError::Damaged)?;
            rest = after;
            Ok(taken)
        };
        let partial = usize::from(take(1)?[0]);
        if partial >= self.from.bytes_per_frame() {
            return Err(StateError::Damaged);
        }
        self.partial.restore(take(partial)?);
        for resampler in &mut self.resamplers {
            let pushed = take(8)?.first_chunk().copied().map(u64::from_le_bytes);
            let length = take(2)?.first_chunk().copied().map(u16::from_le_bytes);
            let (Some(pushed), Some(length)) = (pushed, length) else { return Err(StateError::Damaged) };
            let (samples, _) = take(2 * usize::from(length))?.as_chunks::<2>();
            let last: Vec<i16> = samples.iter().map(|&sample| i16::from_le_bytes(sample)).collect();
            if !resampler.resume(pushed, &last) {
                return Err(StateError::Damaged);
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(StateError::Damaged) }
    }

    fn state_header(&self) -> Vec<u8> {
        let mut header = vec![VERSION];
        for StreamFormat { encoding, sample_rate, .. } in [self.from, self.to] {
            header.push(match encoding {
                Encoding::Mulaw => 0,
                Encoding::Alaw => 1,
                Encoding::Pcm16 => 2,
            });
            header.extend_from_slice(&sample_rate.to_le_bytes());
        }
        header.extend_from_slice(&self.from.channels.to_le_bytes());
        header
    }
}

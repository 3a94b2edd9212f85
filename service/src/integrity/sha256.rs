//! SHA-256 whose state can be read, and continued from, after every 64 bytes.
//!
//! The usual crates hide the state, for good reasons: a state between steps is no digest and must not be used as one.
//! Here it is only compared with a state of the same file at the same length, which the database holds.
//!
//! A tampered file that passes would need a collision of the compression function from a given state, as hard as one of
//! SHA-256 itself.

use sha2::block_api::compress256;

/// Length of a state and of a digest, in bytes.
pub(super) const STATE_BYTES: usize = 32;
/// How many bytes SHA-256 takes in at once.
const STEP: usize = 64;
/// The state before the first byte (FIPS 180-4, 5.3.3).
const INITIAL: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// A state of the hash, or its result, as big-endian numbers.
pub(super) type State = [u8; STATE_BYTES];

/// A hash under way.
#[derive(Clone)]
pub(super) struct Sha256 {
    state: [u32; 8],
    /// The bytes that do not fill a step yet.
    pending: Vec<u8>,
    length: u64,
}

impl Sha256 {
    pub(super) fn new() -> Self {
        Self { state: INITIAL, pending: Vec::with_capacity(STEP), length: 0 }
    }

    /// Continues from the state after `length` bytes, a multiple of 64.
    pub(super) fn after(state: &State, length: u64) -> Self {
        let mut this = Self { length, ..Self::new() };
        for (word, bytes) in this.state.iter_mut().zip(state.as_chunks::<4>().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        this
    }

    pub(super) fn update(&mut self, mut bytes: &[u8]) {
        self.length += audio::number::wide(bytes.len());
        if !self.pending.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(STEP - self.pending.len()));
            self.pending.extend_from_slice(now);
            bytes = later;
            if let Ok(step) = <&[u8; STEP]>::try_from(self.pending.as_slice()) {
                compress256(&mut self.state, &[*step]);
                self.pending.clear();
            }
        }
        let (steps, rest) = bytes.as_chunks::<STEP>();
        compress256(&mut self.state, steps);
        self.pending.extend_from_slice(rest);
    }

    /// The state after all bytes so far, whose number must be a multiple of 64.
    pub(super) fn state(&self) -> State {
        let mut state = [0; STATE_BYTES];
        for (bytes, word) in state.as_chunks_mut::<4>().0.iter_mut().zip(self.state) {
            *bytes = word.to_be_bytes();
        }
        state
    }

    /// The SHA-256 of all bytes.
    pub(super) fn finish(mut self) -> State {
        let bits = self.length.wrapping_mul(8).to_be_bytes();
        // A one bit, and as many zeros as make the length end a step.
        let zeros = (2 * STEP - 9 - self.pending.len()) % STEP;
        let mut padding = vec![0; 1 + zeros];
        padding[0] = 0x80;
        padding.extend(bits);
        self.update(&padding);
        self.state()
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;

    #[test]
    fn every_length_in_every_division_has_the_usual_hash() {
        let bytes: Vec<u8> = (0..300_u16).map(|number| number.to_le_bytes()[0].wrapping_mul(7)).collect();
        for length in 0..bytes.len() {
            for piece in [1, 7, 63, 64, 65, 300] {
                let mut hash = Sha256::new();
                bytes[..length].chunks(piece).for_each(|piece| hash.update(piece));
                assert_eq!(hash.finish()[..], sha2::Sha256::digest(&bytes[..length])[..], "{length} by {piece}");
            }
        }
    }

    #[test]
    fn a_state_is_where_the_hash_goes_on() {
        let bytes = [5; 200];
        let mut first = Sha256::new();
        first.update(&bytes[..128]);
        let mut second = Sha256::after(&first.state(), 128);
        second.update(&bytes[128..]);
        assert_eq!(second.finish()[..], sha2::Sha256::digest(bytes)[..]);
    }
}

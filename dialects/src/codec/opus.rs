//! Opus (RFC 6716) to PCM16 at 48 kHz, by a library in Rust.

use std::panic::{AssertUnwindSafe, catch_unwind};

use opus_decoder::OpusDecoder;

const RATE: u32 = 48_000;
/// The samples of the longest packet, 120 ms.
const PACKET_MAX: usize = 5_760;

/// The decoder of one track.
pub(super) struct Opus(OpusDecoder);

impl Opus {
    pub(super) fn new() -> Result<Self, &'static str> {
        OpusDecoder::new(RATE, 1).map(Self).map_err(|_| "undecodable")
    }

    /// The samples of a packet; a stereo packet is mixed down.
    ///
    /// The library checks its sums in debug builds, and some packets that no encoder writes break them. Such a packet
    /// is skipped like any other that it refuses, and the decoder begins again.
    pub(super) fn decode(&mut self, packet: &[u8]) -> Result<Vec<u8>, &'static str> {
        if packet.is_empty() {
            return Err("undecodable");
        }
        let mut samples = vec![0; PACKET_MAX];
        let decoded = catch_unwind(AssertUnwindSafe(|| self.0.decode(packet, &mut samples, false)));
        match decoded {
            Ok(Ok(count)) => {
                let mut bytes = Vec::with_capacity(2 * count);
                audio::pcm16_bytes(samples.get(..count).unwrap_or(&samples), &mut bytes);
                Ok(bytes)
            }
            Ok(Err(_)) => Err("undecodable"),
            Err(_) => {
                *self = Self::new()?;
                Err("undecodable")
            }
        }
    }
}

//! Writes headers and whole files.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use super::tag::{ALAW, MULAW, PCM};
use crate::{Encoding, StreamFormat, pcm16_bytes};

/// Bytes before the first sample of a PCM16 file.
pub const HEADER_LEN: u64 = 44;

/// Bytes before the first code of a G.711 file. Its `fmt ` chunk has an empty extension, and a `fact` chunk holds the
/// number of frames.
const G711_HEADER_LEN: u64 = 58;

/// The file would be longer than RIFF's 32-bit sizes can state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a WAV file ends below 4 GiB, and this one would have {bytes} bytes")]
pub struct TooLong {
    /// The file's length in bytes, including the header.
    pub bytes: u64,
}

/// Length of a PCM16 file in bytes, including the header.
#[must_use]
pub const fn file_len(channels: u16, frames: u64) -> u64 {
    frames.saturating_mul(channels as u64 * 2).saturating_add(HEADER_LEN)
}

/// The header of a PCM16 file with `frames` samples per channel.
///
/// # Errors
/// [`TooLong`] when the file would pass 4 GiB - 1.
pub fn header(sample_rate: u32, channels: u16, frames: u64) -> Result<[u8; HEADER_LEN as usize], TooLong> {
    let format = StreamFormat { encoding: Encoding::Pcm16, sample_rate, channels };
    let mut header = [0; HEADER_LEN as usize];
    header.copy_from_slice(&stream_header(&format, Some(file_len(channels, frames) - HEADER_LEN))?);
    Ok(header)
}

/// A PCM16 file with `samples`, interleaved if there are several channels.
///
/// # Errors
/// [`TooLong`] when the file would pass 4 GiB - 1.
pub fn buffer_to_wav(samples: &[i16], sample_rate: u32, channels: u16) -> Result<Vec<u8>, TooLong> {
    let frames = samples.len() / usize::from(channels.max(1));
    let header = header(sample_rate, channels, frames as u64)?;
    let mut file = Vec::with_capacity(header.len() + samples.len() * 2);
    file.extend_from_slice(&header);
    pcm16_bytes(samples, &mut file);
    Ok(file)
}

/// A file with samples that are already encoded, interleaved if there are several channels.
///
/// # Errors
/// [`TooLong`] when the file would pass 4 GiB - 1.
pub fn enclose(encoding: Encoding, bytes: &[u8], sample_rate: u32, channels: u16) -> Result<Vec<u8>, TooLong> {
    let header = stream_header(&StreamFormat { encoding, sample_rate, channels }, Some(bytes.len() as u64))?;
    Ok([&header, bytes, padding(bytes.len() as u64)].concat())
}

/// The header for `bytes` bytes of samples in any encoding; [`padding`] follows the samples.
///
///
/// If the length is not known yet, the sizes are 0xFFFFFFFF, which readers take as "up to the end". The header has the
/// same length in that case.
///
/// # Errors
/// [`TooLong`] when the file would pass 4 GiB - 1.
pub fn stream_header(format: &StreamFormat, bytes: Option<u64>) -> Result<Vec<u8>, TooLong> {
    let StreamFormat { encoding, sample_rate, channels } = *format;
    let (tag, width, around) = match encoding {
        Encoding::Pcm16 => (PCM, 2, HEADER_LEN),
        Encoding::Mulaw => (MULAW, 1, G711_HEADER_LEN),
        Encoding::Alaw => (ALAW, 1, G711_HEADER_LEN),
    };
    let sizes = match bytes {
        Some(bytes) => {
            let around = around + padding(bytes).len() as u64;
            Sizes::new(bytes.saturating_add(around), around)?
        }
        None => Sizes { riff: u32::MAX, data: u32::MAX },
    };
    let mut header = sizes.riff().to_vec();
    if encoding == Encoding::Pcm16 {
        header.extend_from_slice(&chunk(*b"fmt ", 16));
        header.extend_from_slice(&fmt(tag, channels, sample_rate, width));
    } else {
        let frames = if bytes.is_some() { sizes.data / u32::from(channels.max(1)) } else { 0 };
        header.extend_from_slice(&chunk(*b"fmt ", 18));
        header.extend_from_slice(&fmt(tag, channels, sample_rate, width));
        header.extend_from_slice(&0u16.to_le_bytes());
        header.extend_from_slice(&chunk(*b"fact", 4));
        header.extend_from_slice(&frames.to_le_bytes());
    }
    header.extend_from_slice(&chunk(*b"data", sizes.data));
    Ok(header)
}

/// The padding after `bytes` bytes of samples, because chunks have an even length.
#[must_use]
pub const fn padding(bytes: u64) -> &'static [u8] {
    if bytes.is_multiple_of(2) { &[] } else { &[0] }
}

/// The two sizes in a file's header.
struct Sizes {
    /// Everything after the RIFF chunk's own 8 bytes.
    riff: u32,
    data: u32,
}

impl Sizes {
    fn new(file: u64, around: u64) -> Result<Self, TooLong> {
        let length = u32::try_from(file).map_err(|_| TooLong { bytes: file })?;
        Ok(Self { riff: length - 8, data: length - around as u32 })
    }

    fn riff(&self) -> [u8; 12] {
        let mut bytes = *b"RIFF....WAVE";
        bytes[4..8].copy_from_slice(&self.riff.to_le_bytes());
        bytes
    }
}

fn chunk(id: [u8; 4], size: u32) -> [u8; 8] {
    let mut bytes = [0; 8];
    bytes[..4].copy_from_slice(&id);
    bytes[4..].copy_from_slice(&size.to_le_bytes());
    bytes
}

/// The 16 bytes with which every `fmt ` chunk begins.
fn fmt(tag: u16, channels: u16, sample_rate: u32, width: u16) -> [u8; 16] {
    let frame = channels.saturating_mul(width);
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&tag.to_le_bytes());
    bytes[2..4].copy_from_slice(&channels.to_le_bytes());
    bytes[4..8].copy_from_slice(&sample_rate.to_le_bytes());
    bytes[8..12].copy_from_slice(&sample_rate.saturating_mul(u32::from(frame)).to_le_bytes());
    bytes[12..14].copy_from_slice(&frame.to_le_bytes());
    bytes[14..].copy_from_slice(&(width * 8).to_le_bytes());
    bytes
}

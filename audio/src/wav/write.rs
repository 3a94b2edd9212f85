//! Headers and whole files.

use super::{ALAW, MULAW, PCM};
use crate::pcm16_bytes;

/// Bytes before the first sample of a PCM16 file.
pub const HEADER_LEN: u64 = 44;

/// Bytes before the first code of a G.711 file: its `fmt ` chunk has an empty extension, and a `fact` chunk counts the frames.
const G711_HEADER_LEN: u64 = 58;

/// The file would have more bytes than RIFF's 32-bit sizes can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a WAV file ends below 4 GiB, and this one would have {bytes} bytes")]
pub struct TooLong {
    /// The file's length, header included.
    pub bytes: u64,
}

/// The length in bytes of a PCM16 file, header included.
#[must_use]
pub const fn file_len(channels: u16, frames: u64) -> u64 {
    frames.saturating_mul(channels as u64 * 2).saturating_add(HEADER_LEN)
}

/// The header of a PCM16 file with `frames` samples in each channel.
///
/// # Errors
/// [`TooLong`] when the file would pass 4 GiB - 1.
pub fn header(sample_rate: u32, channels: u16, frames: u64) -> Result<[u8; HEADER_LEN as usize], TooLong> {
    let sizes = Sizes::new(file_len(channels, frames), HEADER_LEN)?;
    let mut header = [0; HEADER_LEN as usize];
    header[..12].copy_from_slice(&sizes.riff());
    header[12..20].copy_from_slice(&chunk(*b"fmt ", 16));
    header[20..36].copy_from_slice(&format(PCM, channels, sample_rate, 2));
    header[36..].copy_from_slice(&chunk(*b"data", sizes.data));
    Ok(header)
}

/// A PCM16 file that holds `samples`, interleaved if there are several channels.
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

/// Which of the two G.711 laws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Law {
    /// Format tag 7.
    Mulaw,
    /// Format tag 6.
    Alaw,
}

/// A G.711 file that holds `codes`, interleaved if there are several channels.
///
/// # Errors
/// [`TooLong`] when the file would pass 4 GiB - 1.
pub fn g711_to_wav(law: Law, codes: &[u8], sample_rate: u32, channels: u16) -> Result<Vec<u8>, TooLong> {
    let padding = codes.len() % 2;
    let length = G711_HEADER_LEN + codes.len() as u64;
    let sizes = Sizes::new(length + padding as u64, G711_HEADER_LEN + padding as u64)?;
    let tag = match law {
        Law::Mulaw => MULAW,
        Law::Alaw => ALAW,
    };
    let mut file = Vec::with_capacity(length as usize + padding);
    file.extend_from_slice(&sizes.riff());
    file.extend_from_slice(&chunk(*b"fmt ", 18));
    file.extend_from_slice(&format(tag, channels, sample_rate, 1));
    file.extend_from_slice(&0u16.to_le_bytes());
    file.extend_from_slice(&chunk(*b"fact", 4));
    file.extend_from_slice(&(sizes.data / u32::from(channels.max(1))).to_le_bytes());
    file.extend_from_slice(&chunk(*b"data", sizes.data));
    file.extend_from_slice(codes);
    file.resize(file.len() + padding, 0);
    Ok(file)
}

/// The two sizes that a file states.
struct Sizes {
    /// All that follows the RIFF chunk's own 8 bytes.
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

/// The 16 bytes that every `fmt ` chunk begins with.
fn format(tag: u16, channels: u16, sample_rate: u32, width: u16) -> [u8; 16] {
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

//! Files of others, with a clear word for what is wrong with a damaged one.

use super::{ALAW, EXTENSIBLE, MULAW, PCM};
use crate::{Encoding, decode_into};

/// What streaming writers, which do not know the length yet, put where a size belongs.
const UNKNOWN_SIZE: u32 = u32::MAX;

/// The last 14 bytes of an extensible format's GUID; the first two are the format tag.
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// What a WAV file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wav {
    /// How the file holds its samples; here they are decoded.
    pub encoding: Encoding,
    /// Frames a second.
    pub sample_rate: u32,
    /// Samples a frame.
    pub channels: u16,
    /// The samples, interleaved if there are several channels.
    pub samples: Vec<i16>,
}

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// It does not begin with `RIFF`, a size and `WAVE`.
    #[error("not a WAV file: it does not begin with RIFF and WAVE")]
    NotWav,
    /// It ends before its samples begin.
    #[error("the header is cut off after {bytes} bytes")]
    CutHeader {
        /// The file's length.
        bytes: usize,
    },
    /// The samples come before a `fmt ` chunk says what they are.
    #[error("there is no fmt chunk before the data")]
    NoFormat,
    /// The `fmt ` chunk is too short, or its fields contradict one another.
    #[error("the fmt chunk is damaged")]
    DamagedFormat,
    /// The samples are neither PCM nor G.711.
    #[error("the format tag {tag:#06x} is none of 1 (PCM), 6 (A-law) and 7 (mu-law)")]
    UnknownTag {
        /// The format tag found.
        tag: u16,
    },
    /// PCM of another depth than 16 bits, or G.711 of another than 8.
    #[error("{bits} bits a sample are not supported; PCM has 16, G.711 has 8")]
    UnsupportedBits {
        /// The depth found.
        bits: u16,
    },
    /// A chunk's size goes beyond the end of the file, or of what the RIFF chunk's size leaves for it.
    #[error("the sizes lie: {stated} bytes are stated where {present} are")]
    WrongSize {
        /// What the file says.
        stated: u64,
        /// What there is.
        present: u64,
    },
    /// The last frame is incomplete.
    #[error("{bytes} bytes of samples are not a whole number of frames of {frame} bytes")]
    PartialFrame {
        /// Bytes of samples.
        bytes: usize,
        /// Bytes a frame.
        frame: usize,
    },
}

/// Reads a WAV file of PCM16, A-law or mu-law.
///
/// Chunks that are not needed are skipped, and so is what follows the samples. A size of `0xFFFFFFFF`, which is what a program that writes
/// to a pipe leaves, means up to the end; any other size has to be true.
///
/// # Errors
/// [`WavError`] for what is not such a file, or is damaged.
pub fn read(bytes: &[u8]) -> Result<Wav, WavError> {
    let (format, data) = scan(bytes)?;
    let frame = usize::from(format.channels) * format.encoding.bytes_per_sample();
    let partial = WavError::PartialFrame { bytes: data.len(), frame };
    if data.len() % frame != 0 {
        return Err(partial);
    }
    let mut samples = Vec::with_capacity(data.len() / format.encoding.bytes_per_sample());
    decode_into(format.encoding, data, &mut samples).map_err(|_| partial)?;
    Ok(Wav { encoding: format.encoding, sample_rate: format.sample_rate, channels: format.channels, samples })
}

struct Format {
    encoding: Encoding,
    channels: u16,
    sample_rate: u32,
}

/// Walks through the chunks up to the samples.
fn scan(bytes: &[u8]) -> Result<(Format, &[u8]), WavError> {
    let cut = WavError::CutHeader { bytes: bytes.len() };
    if !bytes.starts_with(b"RIFF") {
        return Err(if b"RIFF".starts_with(bytes) && !bytes.is_empty() { cut } else { WavError::NotWav });
    }
    let stated = u32_at(bytes, 4).ok_or(cut)?;
    if bytes.get(8..12).ok_or(cut)? != b"WAVE" {
        return Err(WavError::NotWav);
    }
    let mut format = None;
    let mut at = 12;
    loop {
        let id = bytes.get(at..at + 4).ok_or(cut)?;
        let size = u32_at(bytes, at + 4).ok_or(cut)?;
        let body = &bytes[at + 8..];
        if id == b"data" {
            let data = data(body, size)?;
            check_riff_size(stated, bytes.len(), at + 8 + data.len())?;
            return Ok((format.ok_or(WavError::NoFormat)?, data));
        }
        let content = body.get(..size as usize).ok_or(cut)?;
        if id == b"fmt " {
            format = Some(parse_format(content)?);
        }
        // Chunks begin at even offsets.
        at += 8 + content.len() + content.len() % 2;
    }
}

fn data(body: &[u8], size: u32) -> Result<&[u8], WavError> {
    if size == UNKNOWN_SIZE {
        return Ok(body);
    }
    let wrong = WavError::WrongSize { stated: size.into(), present: body.len() as u64 };
    body.get(..size as usize).ok_or(wrong)
}

/// The RIFF chunk may be followed by something else, but it has to reach to the end of the samples, and not beyond the file.
fn check_riff_size(stated: u32, file: usize, samples_end: usize) -> Result<(), WavError> {
    let end = u64::from(stated) + 8;
    // A final padding byte is counted by some writers and left out by others.
    if stated == UNKNOWN_SIZE || (end >= samples_end as u64 && end <= file as u64 + 1) {
        Ok(())
    } else {
        Err(WavError::WrongSize { stated: end, present: file as u64 })
    }
}

fn parse_format(content: &[u8]) -> Result<Format, WavError> {
    let field = |at| u16_at(content, at).ok_or(WavError::DamagedFormat);
    let channels = field(2)?;
    let sample_rate = u32_at(content, 4).ok_or(WavError::DamagedFormat)?;
    let block_align = field(12)?;
    let bits = field(14)?;
    let mut tag = field(0)?;
    if tag == EXTENSIBLE {
        tag = field(24)?;
        if content.get(26..40) != Some(&GUID_TAIL) {
            return Err(WavError::UnknownTag { tag: EXTENSIBLE });
        }
    }
    let encoding = match tag {
        PCM => Encoding::Pcm16,
        ALAW => Encoding::Alaw,
        MULAW => Encoding::Mulaw,
        _ => return Err(WavError::UnknownTag { tag }),
    };
    let width = encoding.bytes_per_sample();
    if usize::from(bits) != width * 8 {
        return Err(WavError::UnsupportedBits { bits });
    }
    if channels == 0 || sample_rate == 0 || usize::from(block_align) != usize::from(channels) * width {
        return Err(WavError::DamagedFormat);
    }
    Ok(Format { encoding, channels, sample_rate })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

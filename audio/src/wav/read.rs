//! Files of others, with a clear word for what is wrong with a damaged one.

use super::{HeaderReader, tag_name};
use crate::{Encoding, OddLength, StreamFormat, decode_into};

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
    /// A relative of the WAV file.
    #[error("{kind} files are not supported, only RIFF files are")]
    OtherKind {
        /// What it is.
        kind: &'static str,
    },
    /// It ends before its samples begin.
    #[error("the header is cut off after {bytes} bytes")]
    CutHeader {
        /// The file's length.
        bytes: u64,
    },
    /// The samples come before a `fmt ` chunk says what they are.
    #[error("there is no fmt chunk before the data")]
    NoFormat,
    /// The `fmt ` chunk is too short, or its fields contradict one another.
    #[error("the fmt chunk is damaged")]
    DamagedFormat,
    /// The samples are neither PCM nor G.711.
    #[error("the format tag {tag:#06x}{} is none of 1 (PCM), 6 (A-law) and 7 (mu-law)", tag_name(*.tag))]
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
        bytes: u64,
        /// Bytes a frame.
        frame: usize,
    },
}

/// Reads a WAV file of PCM16, A-law or mu-law.
///
/// Chunks that are not needed are skipped, and so is what follows the samples. Where the samples' size is one that
/// stands for an unknown length (`0xFFFFFFFF`, or sox's `0x7FFFF000`), they go on up to the end of the file. Any other
/// size has to be true. [`HeaderReader`] is for files that stream in.
///
/// # Errors
/// [`WavError`] for what is not such a file, or is damaged.
pub fn read(bytes: &[u8]) -> Result<Wav, WavError> {
    let (format, data) = scan(bytes)?;
    let StreamFormat { encoding, sample_rate, channels } = format;
    let mut samples = Vec::with_capacity(data.len() / encoding.bytes_per_sample());
    if let Err(OddLength { bytes }) = decode_into(encoding, data, &mut samples) {
        unreachable!("whole frames are whole samples, and not {bytes} bytes");
    }
    Ok(Wav { encoding, sample_rate, channels, samples })
}

/// Walks through the chunks to the samples, and returns them as they are, a whole number of frames.
pub(crate) fn scan(bytes: &[u8]) -> Result<(StreamFormat, &[u8]), WavError> {
    let mut reader = HeaderReader::new();
    let Some((header, start)) = reader.push(bytes)? else {
        return Err(reader.cut());
    };
    let samples = &bytes[start..];
    let length = header.samples_len(bytes.len() as u64)?;
    // No more than there is, so that it fits.
    Ok((header.format, &samples[..length as usize]))
}

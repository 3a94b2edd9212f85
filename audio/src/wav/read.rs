//! Files of others, with a clear word for what is wrong with a damaged one.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use std::borrow::Cow;

use super::{error::WavError, extent::Warning, header::HeaderReader};
use crate::{Encoding, OddLength, StreamFormat, decode_into, sniff::leading_container};

/// What a WAV file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wav {
    /// How the file holds its samples, PCM of any depth and float counting as PCM16. Here they are decoded.
    pub encoding: Encoding,
    /// Frames a second.
    pub sample_rate: u32,
    /// Samples a frame.
    pub channels: u16,
    /// The samples, interleaved if there are several channels.
    pub samples: Vec<i16>,
}

/// Reads a WAV file of PCM, float, A-law or mu-law.
///
/// Skips chunks that are not needed, and what follows the samples. [`Header::extent`](super::Header::extent) says where
/// the samples of a file with wrong sizes end; the faults that it finds are not reported here, but by
/// [`convert`](crate::convert()). [`HeaderReader`] is for files that stream in.
///
/// # Errors
/// [`WavError`] if the header is not that of such a file.
pub fn read(bytes: &[u8]) -> Result<Wav, WavError> {
    let Scanned { format, samples: data, .. } = scan(bytes, false)?;
    let StreamFormat { encoding, sample_rate, channels } = format;
    let mut samples = Vec::with_capacity(data.len() / encoding.bytes_per_sample());
    if let Err(OddLength { bytes }) = decode_into(encoding, &data, &mut samples) {
        unreachable!("whole frames are whole samples, and not {bytes} bytes");
    }
    Ok(Wav { encoding, sample_rate, channels, samples })
}

/// The samples of a file, still encoded, but narrowed to 16 bits if they were wider.
pub(crate) struct Scanned<'a> {
    pub format: StreamFormat,
    /// Whole frames.
    pub samples: Cow<'a, [u8]>,
    pub warnings: Vec<Warning>,
}

/// Walks through the chunks to the samples.
pub(crate) fn scan(bytes: &[u8], salvage: bool) -> Result<Scanned<'_>, WavError> {
    let mut reader = HeaderReader::new();
    let pushed = reader.push(bytes).map_err(|error| match (error, leading_container(bytes)) {
        // Some kinds are known only by more bytes than a WAV file's first.
        (WavError::NotWav, Some(kind)) => WavError::OtherKind { kind },
        _ => error,
    });
    let Some((header, start)) = pushed? else {
        return Err(reader.cut());
    };
    let stated_end = usize::try_from(header.stated_end()).unwrap_or(usize::MAX);
    let rest = bytes.get(stated_end..).unwrap_or_default();
    let extent = header.extent(bytes.len() as u64, rest, salvage);
    // No more than there is, so that it fits.
    let stored = &bytes[start..][..extent.bytes as usize];
    let samples = match header.wide {
        None => Cow::Borrowed(stored),
        Some(wide) => {
            let mut narrowed = Vec::with_capacity(stored.len() / wide.bytes_per_sample() * 2);
            wide.narrow(stored, &mut narrowed);
            Cow::Owned(narrowed)
        }
    };
    Ok(Scanned { format: header.format, samples, warnings: extent.warnings })
}

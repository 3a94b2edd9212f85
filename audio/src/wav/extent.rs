//! Where the samples of a file end, and what to say about a file whose sizes are wrong.
//!
//! Programs that write to a pipe cannot go back to fill in the sizes. They leave a placeholder, and readers such as
//! ffmpeg, libsndfile and sox then read to the end of the file. So does this reader.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use std::fmt;

use super::{bytes::u32_at, header::Header};

/// How many samples a file has, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Bytes of samples as the file stores them, in whole frames.
    pub bytes: u64,
    /// What the reader of the samples should know. Empty for a sound file.
    pub warnings: Vec<Warning>,
}

/// A fault of a file that can be read all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The file ends before its samples do.
    Cut {
        /// Bytes of samples that the header states.
        stated: u64,
        /// Bytes of samples in the file.
        present: u64,
    },
    /// The samples end within a frame.
    PartialFrame {
        /// Bytes that were left out.
        bytes: u64,
        /// Bytes per frame.
        frame: usize,
    },
    /// Bytes that are not a chunk follow the samples.
    Trailing {
        /// Bytes of samples that the header states.
        stated: u64,
        /// Bytes after them that were left out.
        bytes: u64,
    },
    /// A second chunk of samples follows the first.
    SecondChunk {
        /// Bytes of samples in the first.
        stated: u64,
    },
    /// As [`Trailing`](Self::Trailing), but the bytes were read as samples.
    Salvaged {
        /// Bytes of samples that the header states.
        stated: u64,
        /// Bytes after them that were read as samples.
        bytes: u64,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut { stated, present } => write!(
                formatter,
                "The file seems to be cut off: its header states {stated} bytes of samples, and {present} are there. \
                 All that are there were read."
            ),
            Self::PartialFrame { bytes, frame } => write!(
                formatter,
                "The samples end within a frame of {frame} bytes; the last {bytes} bytes were left out."
            ),
            Self::Trailing { stated, bytes } => write!(
                formatter,
                "The header states {stated} bytes of samples; the {bytes} bytes after them are not a chunk and were \
                 left out. Salvage reads them as samples."
            ),
            Self::SecondChunk { stated } => {
                write!(formatter, "A second data chunk follows the first, of {stated} bytes; only the first was read.")
            }
            Self::Salvaged { stated, bytes } => write!(
                formatter,
                "The header states {stated} bytes of samples; the {bytes} bytes after them are not a chunk and were \
                 read as samples."
            ),
        }
    }
}

impl Header {
    /// Finds the end of the samples in a file of `file` bytes.
    ///
    /// A size that stands for an unknown length means the end of the file, and so does 0 unless a chunk follows. The
    /// size in the RIFF header does not matter. `rest` is what follows the stated samples, or its first bytes. With
    /// `salvage`, bytes after the stated samples that are not a chunk are samples as well.
    #[must_use]
    pub fn extent(&self, file: u64, rest: &[u8], salvage: bool) -> Extent {
        let (stated, present) = (self.data, file.saturating_sub(self.samples_start));
        let mut warnings = Vec::new();
        let bytes = if self.is_open(rest, present) && (stated == 0 || stated > present) {
            // Of a file that was finished, and then lost its samples.
            if stated == 0 && present == 0 && self.riff > self.samples_start && self.riff < RIFF_PLACEHOLDERS {
                warnings.push(Warning::Cut { stated: self.riff + 8 - self.samples_start, present });
            }
            present
        } else if stated > present {
            warnings.push(Warning::Cut { stated, present });
            present
        } else if present - stated <= stated % 2 || is_chunk(rest, stated % 2, present - stated) {
            let padding = usize::from(stated % 2 > 0);
            if rest.starts_with(b"data") || rest.get(padding..).is_some_and(|rest| rest.starts_with(b"data")) {
                warnings.push(Warning::SecondChunk { stated });
            }
            stated
        } else {
            let bytes = present - stated;
            let warning =
                if salvage { Warning::Salvaged { stated, bytes } } else { Warning::Trailing { stated, bytes } };
            warnings.push(warning);
            if salvage { present } else { stated }
        };
        let frame = self.stored_frame();
        let left = bytes % frame as u64;
        if left > 0 {
            warnings.push(Warning::PartialFrame { bytes: left, frame });
        }
        Extent { bytes: bytes - left, warnings }
    }

    /// How many bytes after the header may be samples, while the file's length is unknown. `rest` is what follows the
    /// header, or its first bytes.
    #[must_use]
    pub fn reach(&self, rest: &[u8]) -> u64 {
        if self.is_open(rest, u64::MAX) { u64::MAX } else { self.data }
    }

    /// Whether the samples go on to the end of the file.
    fn is_open(&self, rest: &[u8], length: u64) -> bool {
        match self.data {
            // ffmpeg and most others; sox, espeak and some text-to-speech services, which subtract the header.
            0xFFFF_0000..=0xFFFF_FFFF | 0x7FFF_0000..=0x8000_FFFF | u64::MAX => true,
            0 => !is_chunk(rest, 0, length),
            _ => false,
        }
    }
}

/// RIFF sizes from here on are placeholders.
const RIFF_PLACEHOLDERS: u64 = 0x7FFF_0000;

/// Whether bytes after the samples begin with a chunk that ends within the `length` bytes that are left. The padding
/// after an odd number of samples may be missing.
fn is_chunk(rest: &[u8], padding: u64, length: u64) -> bool {
    (0..=padding).any(|skipped| {
        let Some(chunk) = rest.get(skipped as usize..) else { return false };
        let named = chunk.len() >= 8 && chunk[..4].iter().all(|byte| matches!(byte, b' '..=b'~'));
        named && u32_at(chunk, 4).is_some_and(|size| u64::from(size) <= length.saturating_sub(skipped + 7))
    })
}

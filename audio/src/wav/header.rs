//! The header of a file, read as it streams in.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use super::{
    bytes::u32_at,
    error::WavError,
    format::{self, Wide},
};
use crate::{StreamFormat, sniff::leading_container};

/// As much of a `fmt ` chunk as is looked at: an extensible one's length.
const FORMAT_LEN: u32 = 40;

/// As much of a `ds64` chunk as is looked at: the 64-bit sizes of the file and of the samples.
const SIZES_LEN: u32 = 16;

/// What comes before the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The format of the samples once they are narrowed to 16 bits.
    pub format: StreamFormat,
    /// How the file stores a sample, if it has to be narrowed.
    pub wide: Option<Wide>,
    /// Where in the file the samples begin.
    pub samples_start: u64,
    /// The stated size of what follows the first 8 bytes of the file.
    pub(super) riff: u64,
    /// The stated size of the samples.
    pub(super) data: u64,
}

impl Header {
    /// Bytes per frame as the file stores it.
    #[must_use]
    pub fn stored_frame(&self) -> usize {
        self.wide
            .map_or(self.format.bytes_per_frame(), |wide| wide.bytes_per_sample() * usize::from(self.format.channels))
    }

    /// Where in the file the samples end, by its header.
    #[must_use]
    pub fn stated_end(&self) -> u64 {
        self.samples_start.saturating_add(self.data)
    }
}

/// Reads a header while it comes in, piece by piece. Chunks that are not needed are skipped.
#[derive(Debug)]
pub struct HeaderReader {
    part: Part,
    /// Bytes to pass over before `part` begins.
    skip: u64,
    /// What there is of `part` so far.
    gathered: Vec<u8>,
    riff: u64,
    /// The size of the samples in the `ds64` chunk of an RF64 file.
    long: Option<u64>,
    format: Option<(StreamFormat, Option<Wide>)>,
    /// Bytes taken since the start of the file.
    taken: u64,
}

/// What is read next.
#[derive(Clone, Copy, Debug)]
enum Part {
    /// The 12 bytes that a file begins with.
    File,
    /// A chunk's name and size.
    Chunk,
    /// What a `fmt ` chunk says; its size.
    Format(u32),
    /// What a `ds64` chunk says; its size.
    Sizes(u32),
}

impl Part {
    const fn len(self) -> usize {
        match self {
            Self::File => 12,
            Self::Chunk => 8,
            Self::Format(size) => (if size < FORMAT_LEN { size } else { FORMAT_LEN }) as usize,
            Self::Sizes(size) => (if size < SIZES_LEN { size } else { SIZES_LEN }) as usize,
        }
    }
}

impl Default for HeaderReader {
    fn default() -> Self {
        Self::new()
    }
}

impl HeaderReader {
    /// Nothing is read yet.
    #[must_use]
    pub fn new() -> Self {
        Self { part: Part::File, skip: 0, gathered: Vec::new(), riff: 0, long: None, format: None, taken: 0 }
    }

    /// Takes the file's next bytes. Once the header is complete, returns it with the number of these bytes that belong
    /// to it: the samples begin with the next one.
    ///
    /// # Errors
    /// [`WavError`] for what is not a WAV file, or not one that can be read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Option<(Header, usize)>, WavError> {
        let before = self.taken;
        let mut rest = bytes;
        loop {
            let skipped = rest.len().min(usize::try_from(self.skip).unwrap_or(usize::MAX));
            let (part, after) = rest[skipped..].split_at((rest.len() - skipped).min(self.missing()));
            self.skip -= skipped as u64;
            self.gathered.extend_from_slice(part);
            self.taken += (skipped + part.len()) as u64;
            rest = after;
            if self.skip > 0 || self.missing() > 0 {
                return Ok(None);
            }
            if let Some(header) = self.complete()? {
                return Ok(Some((header, (self.taken - before) as usize)));
            }
        }
    }

    /// What is wrong with a file that ends here, before its header is complete.
    #[must_use]
    pub fn cut(&self) -> WavError {
        let begun = if matches!(self.part, Part::File) { check_kind(&self.gathered) } else { Ok(()) };
        // The file ends after a whole chunk, and its size agrees.
        let is_whole = matches!(self.part, Part::Chunk) && self.gathered.is_empty() && self.skip == 0;
        let end = if is_whole && self.riff + 8 <= self.taken {
            WavError::NoData
        } else {
            WavError::CutHeader { bytes: self.taken }
        };
        begun.err().unwrap_or(end)
    }

    fn missing(&self) -> usize {
        self.part.len() - self.gathered.len()
    }

    /// All of a part is there: what comes next, or the header.
    fn complete(&mut self) -> Result<Option<Header>, WavError> {
        let part = std::mem::take(&mut self.gathered);
        self.part = match self.part {
            Part::File => {
                check_kind(&part)?;
                self.riff = u32_at(&part, 4).ok_or(WavError::NotWav)?.into();
                if !part.ends_with(b"WAVE") {
                    return Err(WavError::NotWav);
                }
                Part::Chunk
            }
            Part::Chunk => {
                let size = u32_at(&part, 4).ok_or(WavError::NoFormat)?;
                match &part[..4] {
                    b"data" => {
                        let (format, wide) = self.format.ok_or(WavError::NoFormat)?;
                        // In an RF64 file the largest 32-bit size refers to the 64-bit one, where 0 is a placeholder.
                        let long = self.long.filter(|_| size == u32::MAX);
                        let data = long.map_or(size.into(), |long| if long == 0 { u64::MAX } else { long });
                        let (samples_start, riff) = (self.taken, self.riff);
                        return Ok(Some(Header { format, wide, samples_start, riff, data }));
                    }
                    b"ds64" => Part::Sizes(size),
                    b"fmt " => Part::Format(size),
                    _ => self.next_chunk(size, 0),
                }
            }
            Part::Format(size) => {
                self.format = Some(format::parse(&part)?);
                self.next_chunk(size, part.len() as u64)
            }
            Part::Sizes(size) => {
                self.long = part.get(8..).and_then(|sizes| sizes.first_chunk()).copied().map(u64::from_le_bytes);
                self.next_chunk(size, part.len() as u64)
            }
        };
        Ok(None)
    }

    /// Passes over what is left of a chunk. The next one begins at an even offset.
    fn next_chunk(&mut self, size: u32, read: u64) -> Part {
        self.skip = u64::from(size) + u64::from(size % 2) - read;
        Part::Chunk
    }
}

/// Whether a file that begins so can be a WAV file; it may be cut short.
fn check_kind(start: &[u8]) -> Result<(), WavError> {
    match start.get(..4) {
        Some(b"RIFF" | b"RF64" | b"BW64") => Ok(()),
        Some(b"RIFX") => Err(WavError::OtherKind { kind: "a RIFX (big-endian) file" }),
        None if !start.is_empty() && [b"RIFF", b"RF64", b"BW64"].iter().any(|kind| kind.starts_with(start)) => Ok(()),
        _ => Err(leading_container(start).map_or(WavError::NotWav, |kind| WavError::OtherKind { kind })),
    }
}

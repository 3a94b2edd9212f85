//! The header of a file, read as it streams in, and what its sizes mean for what comes after it.

use super::{ALAW, EXTENSIBLE, MULAW, PCM, WavError};
use crate::{Encoding, StreamFormat};

/// What programs that write to a pipe, and do not know the length yet, state as the size of the samples: ffmpeg and
/// many others; sox.
const UNKNOWN_SIZES: [u32; 2] = [u32::MAX, 0x7FFF_F000];

/// The last 14 bytes of an extensible format's GUID; the first two are the format tag.
const GUID_TAIL: [u8; 14] = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71];

/// As much of a `fmt ` chunk as is looked at: an extensible one's length.
const FORMAT_LEN: u32 = 40;

/// What comes before the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the samples are.
    pub format: StreamFormat,
    /// Where in the file the samples begin.
    pub samples_start: u64,
    riff: u32,
    data: u32,
}

impl Header {
    /// How many bytes of samples there are in a file of `file` bytes, always whole frames.
    ///
    /// Where the samples' size is one that stands for an unknown length, they go on up to the end of the file. Any
    /// other size has to be true.
    ///
    /// # Errors
    /// [`WavError::WrongSize`] when a size is not true, [`WavError::PartialFrame`] when the last frame is incomplete.
    pub fn samples_len(&self, file: u64) -> Result<u64, WavError> {
        let present = file.saturating_sub(self.samples_start);
        let stated = u64::from(self.data);
        let bytes = if stated > present && UNKNOWN_SIZES.contains(&self.data) {
            present
        } else {
            self.check_sizes(file, present)?;
            stated
        };
        let frame = self.format.bytes_per_frame();
        if bytes.is_multiple_of(frame as u64) { Ok(bytes) } else { Err(WavError::PartialFrame { bytes, frame }) }
    }

    /// How many bytes of samples a damaged file of `file` bytes still has: whole frames, up to its end at most.
    #[must_use]
    pub fn salvageable_len(&self, file: u64) -> u64 {
        let bytes = file.saturating_sub(self.samples_start).min(self.reach());
        self.format.frames(bytes) * self.format.bytes_per_frame() as u64
    }

    /// How many bytes after the header may be samples, where it is not known yet how long the file is.
    #[must_use]
    pub fn reach(&self) -> u64 {
        if self.is_unfinished() { u64::MAX } else { self.data.into() }
    }

    /// No size was filled in: what a recorder leaves that did not come to its end.
    fn is_unfinished(&self) -> bool {
        self.data == 0 && u64::from(self.riff) + 8 <= self.samples_start
    }

    /// The samples have to end within the file, and the RIFF chunk between that and the end of the file.
    fn check_sizes(&self, file: u64, present: u64) -> Result<(), WavError> {
        let data = u64::from(self.data);
        if data > present || (self.is_unfinished() && present > 1) {
            return Err(WavError::WrongSize { stated: data, present });
        }
        let (end, data_end) = (u64::from(self.riff) + 8, self.samples_start + data);
        // A final padding byte is counted by some writers and left out by others.
        if self.riff != u32::MAX && (end < data_end || end > file + 1) {
            return Err(WavError::WrongSize { stated: end, present: file });
        }
        Ok(())
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
    riff: u32,
    format: Option<StreamFormat>,
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
}

impl Part {
    const fn len(self) -> usize {
        match self {
            Self::File => 12,
            Self::Chunk => 8,
            Self::Format(size) => (if size < FORMAT_LEN { size } else { FORMAT_LEN }) as usize,
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
        Self { part: Part::File, skip: 0, gathered: Vec::new(), riff: 0, format: None, taken: 0 }
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
        begun.err().unwrap_or(WavError::CutHeader { bytes: self.taken })
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
                self.riff = u32_at(&part, 4).ok_or(WavError::NotWav)?;
                if !part.ends_with(b"WAVE") {
                    return Err(WavError::NotWav);
                }
                Part::Chunk
            }
            Part::Chunk => {
                let size = u32_at(&part, 4).ok_or(WavError::DamagedFormat)?;
                match &part[..4] {
                    b"data" => {
                        let format = self.format.ok_or(WavError::NoFormat)?;
                        return Ok(Some(Header { format, samples_start: self.taken, riff: self.riff, data: size }));
                    }
                    b"fmt " => Part::Format(size),
                    _ => self.next_chunk(size, 0),
                }
            }
            Part::Format(size) => {
                self.format = Some(parse_format(&part)?);
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
        Some(b"RIFF") => Ok(()),
        Some(b"RIFX") => Err(WavError::OtherKind { kind: "RIFX (big-endian)" }),
        Some(b"RF64" | b"BW64") => Err(WavError::OtherKind { kind: "RF64 (with 64-bit sizes)" }),
        None if !start.is_empty() && b"RIFF".starts_with(start) => Ok(()),
        _ => Err(WavError::NotWav),
    }
}

fn parse_format(content: &[u8]) -> Result<StreamFormat, WavError> {
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
    Ok(StreamFormat { encoding, sample_rate, channels })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

//! Reads an audio file as a stream. Its first bytes show what it is; its end shows whether the sizes in its header were
//! right. Samples wider than 16 bits are narrowed while they are read.

use std::{
    fs::File,
    io::{Read, Seek},
    os::unix::fs::{FileExt, MetadataExt},
    path::Path,
};

use service::audio::{
    Container, StreamFormat,
    wav::{Extent, Header, HeaderReader, Warning, Wide},
};
use service::{absolute, audio::number::wide};

use super::{
    error::AudioError,
    file::{BLOCK, open, read_some},
    names::{Given, container, is_standard_stream, raw_format},
};

/// An open file, positioned at its next samples.
#[derive(Debug)]
pub(super) struct Input {
    /// The absolute path, for messages.
    pub name: String,
    pub format: StreamFormat,
    /// The header of a WAV file; `None` for raw samples.
    header: Option<Header>,
    given: Given,
    file: File,
    /// Bytes that were read to detect the format. They precede what is next in the file.
    ahead: Vec<u8>,
    /// The first bytes after the header of a WAV file.
    first: Vec<u8>,
    /// Stored bytes that wait for the rest of their sample, if samples are narrowed.
    partial: Vec<u8>,
    /// Device and inode of a regular file, to detect that the output is the same file.
    identity: Option<(u64, u64)>,
    /// The file's length; `None` for pipes.
    length: Option<u64>,
    /// The length of the samples as stored, if known.
    samples_len: Option<u64>,
    /// The most bytes of samples that may still follow.
    reach: u64,
    /// Bytes read so far: samples, and all bytes.
    samples: u64,
    read: u64,
    /// The faults of a file that was read all the same.
    warnings: Vec<Warning>,
}

/// How many bytes after the stated samples are looked at.
const REST: usize = 16;

impl Input {
    /// Opens a file or standard input, and reads up to its samples.
    pub(super) fn open(path: &Path, given: Given) -> Result<Self, AudioError> {
        let name =
            if is_standard_stream(path) { "standard input".to_owned() } else { absolute(path).display().to_string() };
        let unreadable = |source| AudioError::Unreadable { file: name.clone(), source };
        let mut file = open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let length = if metadata.is_file() {
            // Standard input may be positioned anywhere in a file.
            let at = file.stream_position().map_err(unreadable)?;
            Some(metadata.len().saturating_sub(at))
        } else {
            None
        };
        let mut start = Vec::new();
        (&mut file).take(wide(BLOCK)).read_to_end(&mut start).map_err(unreadable)?;
        if start.is_empty() {
            return Err(AudioError::Empty { file: name });
        }
        let container = container(&name, path, &start, &given)?;
        let mut input = Self {
            name,
            format: raw_format(path, &given),
            header: None,
            given,
            file,
            ahead: start,
            first: Vec::new(),
            partial: Vec::new(),
            identity: metadata.is_file().then(|| (metadata.dev(), metadata.ino())),
            length,
            samples_len: None,
            reach: u64::MAX,
            samples: 0,
            read: 0,
            warnings: Vec::new(),
        };
        match container {
            Container::Wav => input.read_header()?,
            Container::Raw => input.check_raw()?,
        }
        input.samples_len = match length {
            Some(length) => {
                let rest = input.rest_at(length)?;
                Some(input.check_length(length, &rest)?)
            }
            None => None,
        };
        let reach = input.header.map_or(u64::MAX, |header| header.reach(&input.first));
        input.reach = input.samples_len.unwrap_or(reach);
        Ok(input)
    }

    pub(super) fn container(&self) -> Container {
        if self.header.is_some() { Container::Wav } else { Container::Raw }
    }

    /// The length of the samples in bytes, as [`read`](Self::read) returns them, if known before they are read.
    pub(super) fn samples_len(&self) -> Option<u64> {
        self.samples_len.map(|stored| self.narrowed_len(stored))
    }

    /// How many bytes stored samples become.
    fn narrowed_len(&self, stored: u64) -> u64 {
        self.wide().map_or(stored, |format| stored / wide(format.bytes_per_sample()) * 2)
    }

    fn wide(&self) -> Option<Wide> {
        self.header.and_then(|header| header.wide)
    }

    /// The file's length including the header. Complete once everything was read.
    pub(super) fn size(&self) -> u64 {
        self.length.unwrap_or(self.read)
    }

    /// The faults of the file. Complete once everything was read.
    pub(super) fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Whether `other` is the same file.
    pub(super) fn is(&self, other: &File) -> bool {
        let other = other.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()));
        self.identity.is_some() && self.identity == other
    }

    /// Reads samples into `block` and returns their bytes. At 0, [`warnings`](Self::warnings) has the file's faults.
    pub(super) fn read(&mut self, block: &mut [u8]) -> Result<usize, AudioError> {
        let Some(wide) = self.wide() else { return self.read_stored(block) };
        // An 8-bit sample becomes two bytes, and all others become fewer than they were.
        let mut stored = vec![0; block.len() / 2 - REST];
        let mut narrowed = Vec::with_capacity(block.len());
        while narrowed.is_empty() {
            let count = self.read_stored(&mut stored)?;
            if count == 0 {
                return Ok(0);
            }
            self.partial.extend_from_slice(&stored[..count]);
            let used = wide.narrow(&self.partial, &mut narrowed);
            self.partial.drain(..used);
        }
        block[..narrowed.len()].copy_from_slice(&narrowed);
        Ok(narrowed.len())
    }

    /// Reads the next bytes of samples as stored.
    fn read_stored(&mut self, block: &mut [u8]) -> Result<usize, AudioError> {
        let wanted = block.len().min(usize::try_from(self.reach).unwrap_or(usize::MAX));
        let count = self.read_bytes(&mut block[..wanted])?;
        self.reach -= wide(count);
        self.samples += wide(count);
        if count == 0 {
            self.end()?;
        }
        Ok(count)
    }

    /// Checks the file at the end of the samples. If their length was known, all of them must have been there.
    /// Otherwise the header's sizes are checked now.
    fn end(&mut self) -> Result<(), AudioError> {
        match (self.samples_len, self.header) {
            (Some(expected), _) if self.samples < expected => Err(AudioError::Shrunk { file: self.name.clone() }),
            (Some(_), _) => Ok(()),
            (None, Some(_)) => {
                let (mut rest, mut block) = (Vec::new(), vec![0; BLOCK]);
                loop {
                    let count = self.read_bytes(&mut block)?;
                    if count == 0 {
                        break;
                    }
                    let wanted = REST.saturating_sub(rest.len()).min(count);
                    rest.extend_from_slice(&block[..wanted]);
                }
                if self.header.is_some_and(|header| header.reach(&self.first) == u64::MAX) {
                    rest.clone_from(&self.first);
                }
                self.check_length(self.read, &rest).map(|_| ())
            }
            (None, None) => self.check_length(self.samples, &[]).map(|_| ()),
        }
    }

    fn read_bytes(&mut self, block: &mut [u8]) -> Result<usize, AudioError> {
        let count = if self.ahead.is_empty() {
            read_some(&mut self.file, block)
                .map_err(|source| AudioError::Unreadable { file: self.name.clone(), source })?
        } else {
            let count = block.len().min(self.ahead.len());
            block[..count].copy_from_slice(&self.ahead[..count]);
            self.ahead.drain(..count);
            count
        };
        self.read += wide(count);
        Ok(count)
    }

    fn read_header(&mut self) -> Result<(), AudioError> {
        let (file, flags) = (self.name.clone(), self.given.flags);
        let wrong = |error| AudioError::Wav { file: file.clone(), error, flags };
        let mut reader = HeaderReader::new();
        let mut block = vec![0; BLOCK];
        let (header, used, count) = loop {
            let count = self.read_bytes(&mut block)?;
            if count == 0 {
                return Err(wrong(reader.cut()));
            }
            if let Some((header, used)) = reader.push(&block[..count]).map_err(wrong)? {
                break (header, used, count);
            }
        };
        self.check_contradictions(&header.format)?;
        self.format = header.format;
        self.header = Some(header);
        self.first = block[used..count].iter().copied().take(REST).collect();
        // Puts back the samples that came with the header.
        self.ahead.splice(..0, block[used..count].iter().copied());
        self.read -= wide(count - used);
        Ok(())
    }

    fn check_contradictions(&self, found: &StreamFormat) -> Result<(), AudioError> {
        let given = &self.given;
        let contradicted = |option: &str, found: String| {
            Err(AudioError::Contradicts { file: self.name.clone(), found, flag: format!("{}{option}", given.flags) })
        };
        if given.encoding.is_some_and(|encoding| encoding != found.encoding) {
            return contradicted("encoding", found.encoding.as_str().to_owned());
        }
        if given.sample_rate.is_some_and(|rate| rate != found.sample_rate) {
            return contradicted("rate", format!("{} Hz", found.sample_rate));
        }
        if given.channels.is_some_and(|channels| channels != found.channels) {
            let plural = if found.channels == 1 { "" } else { "s" };
            return contradicted("channels", format!("{} channel{plural}", found.channels));
        }
        Ok(())
    }

    fn check_raw(&self) -> Result<(), AudioError> {
        let StreamFormat { encoding, sample_rate: hz, .. } = self.format;
        encoding.check_rate(hz).map_err(|reason| AudioError::Rate {
            flag: format!("{}rate", self.given.flags),
            hz,
            reason,
        })
    }

    /// The first bytes after the stated samples in a regular file of `length` bytes.
    fn rest_at(&mut self, length: u64) -> Result<Vec<u8>, AudioError> {
        let Some(header) = self.header else { return Ok(Vec::new()) };
        let unreadable = |source| AudioError::Unreadable { file: self.name.clone(), source };
        let mut rest = vec![0; REST];
        // The file may have been positioned behind its beginning when it was opened.
        let total = self.file.metadata().map_err(unreadable)?.len();
        let at = total.saturating_sub(length).saturating_add(header.stated_end());
        let count = self.file.read_at(&mut rest, at.min(total)).map_err(unreadable)?;
        rest.truncate(count);
        Ok(rest)
    }

    /// The length of the stored samples in a file of `length` bytes, in whole frames. Fails if raw samples end within a
    /// frame, unless they are read with `--salvage`.
    fn check_length(&mut self, length: u64, rest: &[u8]) -> Result<u64, AudioError> {
        let frame = self.format.bytes_per_frame();
        let left = length % wide(frame);
        let extent = match self.header {
            // What follows the samples in a pipe was not kept, and cannot be salvaged.
            Some(header) => header.extent(length, rest, self.given.salvage && self.length.is_some()),
            None if left == 0 => Extent { bytes: length, warnings: Vec::new() },
            None if self.given.salvage => {
                Extent { bytes: length - left, warnings: vec![Warning::PartialFrame { bytes: left, frame }] }
            }
            None => {
                let damage = format!("{length} bytes are not a whole number of frames of {frame} bytes");
                let seconds = self.format.seconds(length - left);
                return Err(AudioError::Damaged { file: self.name.clone(), damage, seconds });
            }
        };
        self.warnings = extent.warnings;
        Ok(extent.bytes)
    }
}

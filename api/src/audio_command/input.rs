//! Reads an audio file as a stream. Its first bytes show what it is; its end shows whether the sizes in its header were
//! right.

use std::{
    fs::File,
    io::{self, Read, Seek},
    os::{fd::AsFd, unix::fs::MetadataExt},
    path::Path,
};

use service::audio::{
    Container, Encoding, StreamFormat,
    wav::{Header, HeaderReader},
};

use super::{
    BLOCK,
    error::AudioError,
    names::{encoding_named, is_standard_stream, is_wav_name, looks_like},
};
use crate::calls::check_rate;

/// The format that the command line states.
#[derive(Clone, Debug)]
pub struct Given {
    /// The prefix of the options: `--from-` or `--`.
    pub flags: &'static str,
    pub container: Option<Container>,
    pub encoding: Option<Encoding>,
    pub sample_rate: Option<u32>,
    pub channels: Option<u16>,
    pub salvage: bool,
}

/// An open file, positioned at its next samples.
#[derive(Debug)]
pub struct Input {
    /// The name on the command line, for messages.
    pub name: String,
    pub format: StreamFormat,
    /// The header of a WAV file; `None` for raw samples.
    header: Option<Header>,
    given: Given,
    file: File,
    /// Bytes that were read to detect the format. They precede what is next in the file.
    ahead: Vec<u8>,
    /// Device and inode of a regular file, to detect that the output is the same file.
    identity: Option<(u64, u64)>,
    /// The file's length; `None` for pipes.
    length: Option<u64>,
    /// The length of the samples, if known.
    samples_len: Option<u64>,
    /// The most bytes of samples that may still follow.
    reach: u64,
    /// Bytes read so far: samples, and all bytes.
    samples: u64,
    read: u64,
    /// The fault of a damaged file that is read with `--salvage`.
    damage: Option<String>,
}

impl Input {
    /// Opens a file or standard input, and reads up to its samples.
    pub fn open(path: &Path, given: Given) -> Result<Self, AudioError> {
        let name = if is_standard_stream(path) { "standard input".to_owned() } else { path.display().to_string() };
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
        (&mut file).take(BLOCK as u64).read_to_end(&mut start).map_err(unreadable)?;
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
            identity: metadata.is_file().then(|| (metadata.dev(), metadata.ino())),
            length,
            samples_len: None,
            reach: u64::MAX,
            samples: 0,
            read: 0,
            damage: None,
        };
        match container {
            Container::Wav => input.read_header()?,
            Container::Raw => input.check_raw()?,
        }
        input.samples_len = length.map(|length| input.check_length(length)).transpose()?;
        input.reach = input.samples_len.unwrap_or_else(|| input.header.map_or(u64::MAX, |header| header.reach()));
        Ok(input)
    }

    pub fn container(&self) -> Container {
        if self.header.is_some() { Container::Wav } else { Container::Raw }
    }

    /// The length of the samples, if known before they are read.
    pub fn samples_len(&self) -> Option<u64> {
        self.samples_len
    }

    /// The file's length including the header. Complete once everything was read.
    pub fn size(&self) -> u64 {
        self.length.unwrap_or(self.read)
    }

    /// The fault of a damaged file. Complete once everything was read.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// Whether `other` is the same file.
    pub fn is(&self, other: &File) -> bool {
        let other = other.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()));
        self.identity.is_some() && self.identity == other
    }

    /// Reads the next bytes of samples into `block` and returns their number. 0 means the end, and that the file is
    /// intact or is read with `--salvage`.
    pub fn read(&mut self, block: &mut [u8]) -> Result<usize, AudioError> {
        let wanted = block.len().min(usize::try_from(self.reach).unwrap_or(usize::MAX));
        let count = self.read_bytes(&mut block[..wanted])?;
        self.reach -= count as u64;
        self.samples += count as u64;
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
                let mut rest = vec![0; BLOCK];
                while self.read_bytes(&mut rest)? > 0 {}
                self.check_length(self.read).map(|_| ())
            }
            (None, None) => self.check_length(self.samples).map(|_| ()),
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
        self.read += count as u64;
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
        // Puts back the samples that came with the header.
        self.ahead.splice(..0, block[used..count].iter().copied());
        self.read -= (count - used) as u64;
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
        check_rate(encoding.into(), hz).map_err(|reason| AudioError::Rate {
            flag: format!("{}rate", self.given.flags),
            hz,
            reason,
        })
    }

    /// The length of the samples in `length` bytes, in whole frames. Fails if the file is damaged, unless it is read
    /// with `--salvage`.
    fn check_length(&mut self, length: u64) -> Result<u64, AudioError> {
        let frame = self.format.bytes_per_frame();
        let (damage, there) = match self.header {
            Some(header) => match header.samples_len(length) {
                Ok(bytes) => return Ok(bytes),
                Err(error) => (error.to_string(), header.salvageable_len(length)),
            },
            None if length.is_multiple_of(frame as u64) => return Ok(length),
            None => {
                let damage = format!("{length} bytes are not a whole number of frames of {frame} bytes");
                (damage, length - length % frame as u64)
            }
        };
        if self.given.salvage {
            self.damage = Some(damage);
            return Ok(there);
        }
        Err(AudioError::Damaged { file: self.name.clone(), damage, seconds: self.format.seconds(there) })
    }
}

/// Opens a file. Standard input is duplicated as a `File`, so that its length is known if it is a regular file.
fn open(path: &Path) -> io::Result<File> {
    let file = if is_standard_stream(path) {
        File::from(io::stdin().as_fd().try_clone_to_owned()?)
    } else {
        File::open(path)?
    };
    if file.metadata()?.is_dir() { Err(io::Error::other("it is a folder")) } else { Ok(file) }
}

fn read_some(file: &mut File, block: &mut [u8]) -> io::Result<usize> {
    loop {
        match file.read(block) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// The container: by the options, then by the first bytes, then by the name.
fn container(name: &str, path: &Path, start: &[u8], given: &Given) -> Result<Container, AudioError> {
    if let Some(container) = given.container {
        return Ok(container);
    }
    match looks_like(start) {
        Some("WAV") => Ok(Container::Wav),
        Some(kind) => Err(AudioError::Foreign { file: name.to_owned(), kind, flags: given.flags }),
        None if is_wav_name(path) => Ok(Container::Wav),
        None => Ok(Container::Raw),
    }
}

/// The format of raw samples: by the options, then by the name, then mu-law at 8000 Hz with one channel.
fn raw_format(path: &Path, given: &Given) -> StreamFormat {
    StreamFormat {
        encoding: given.encoding.or_else(|| encoding_named(path)).unwrap_or(Encoding::Mulaw),
        sample_rate: given.sample_rate.unwrap_or(8000),
        channels: given.channels.unwrap_or(1),
    }
}

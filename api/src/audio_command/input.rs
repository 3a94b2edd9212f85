//! A file of audio, from its first bytes, which tell what it is, to its last, which tell whether its sizes were true.

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

/// What the command line says about a file.
#[derive(Clone, Debug)]
pub struct Given {
    /// How the options begin: `--from-` or `--`.
    pub flags: &'static str,
    pub container: Option<Container>,
    pub encoding: Option<Encoding>,
    pub sample_rate: Option<u32>,
    pub channels: Option<u16>,
    pub salvage: bool,
}

/// A file whose samples are next.
#[derive(Debug)]
pub struct Input {
    /// As the command line has it, for sentences about it.
    pub name: String,
    pub format: StreamFormat,
    /// The WAV file's header; raw samples have none.
    header: Option<Header>,
    given: Given,
    file: File,
    /// What was read ahead, to tell what it is; it comes before what is next in the file.
    ahead: Vec<u8>,
    identity: Option<(u64, u64)>,
    /// How many bytes the file has, where that is known: not in a pipe.
    length: Option<u64>,
    /// How many bytes of samples there are, where that is known.
    samples_len: Option<u64>,
    /// How many more bytes may be samples.
    reach: u64,
    /// Bytes read so far: of the samples, and of all.
    samples: u64,
    read: u64,
    /// What was wrong, when that is taken as it is.
    damage: Option<String>,
}

impl Input {
    /// Opens a file, or standard input, and reads on to its samples.
    pub fn open(path: &Path, given: Given) -> Result<Self, AudioError> {
        let name = if is_standard_stream(path) { "standard input".to_owned() } else { path.display().to_string() };
        let unreadable = |source| AudioError::Unreadable { file: name.clone(), source };
        let mut file = open(path).map_err(unreadable)?;
        let metadata = file.metadata().map_err(unreadable)?;
        let length = if metadata.is_file() {
            // Standard input may stand anywhere in a file.
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

    /// How many bytes of samples there will be, where that is known.
    pub fn samples_len(&self) -> Option<u64> {
        self.samples_len
    }

    /// How many bytes the file has, header and all; known once all is read.
    pub fn size(&self) -> u64 {
        self.length.unwrap_or(self.read)
    }

    /// What is wrong with the file; known once all is read.
    pub fn damage(&self) -> Option<&str> {
        self.damage.as_deref()
    }

    /// Whether the file is this one.
    pub fn is(&self, other: &File) -> bool {
        let other = other.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()));
        self.identity.is_some() && self.identity == other
    }

    /// Fills `block` with the next samples' bytes and says how many there were: none only at the end, where the file
    /// has turned out to be whole, or is to be taken as it is.
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

    /// The samples are over. Where it was known how many there are, all of them have to be there; where not, it can be
    /// told now whether the sizes were true.
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
        // The samples that came with it are read again.
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

    /// How many bytes of samples there are in so many bytes, whole frames; refuses what is damaged, unless it is to be
    /// taken as it is.
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

/// Standard input is opened as a file too, so that its length is known where it is one.
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

/// What encloses the samples, by what is said, by the first bytes, and by the name.
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

/// What raw samples are, by what is said and by the name.
fn raw_format(path: &Path, given: &Given) -> StreamFormat {
    StreamFormat {
        encoding: given.encoding.or_else(|| encoding_named(path)).unwrap_or(Encoding::Mulaw),
        sample_rate: given.sample_rate.unwrap_or(8000),
        channels: given.channels.unwrap_or(1),
    }
}

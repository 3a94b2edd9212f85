//! The destination of converted samples: a file that gets its name once it is complete, or a stream.

use std::{
    fs::{self, File},
    io::{self, IsTerminal, Seek, SeekFrom, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use service::audio::number::wide;
use service::{
    Ids, SystemIds, absolute,
    audio::{Container, StreamFormat, wav},
};

use super::{error::AudioError, input::Input, names::is_standard_stream};

/// The path of the incomplete output. Set once when it is created; the signal handler removes the file.
pub(super) type DraftPath = OnceLock<PathBuf>;

/// An output that is being written.
#[derive(Debug)]
pub(super) struct Output<'a> {
    /// The absolute path, for messages.
    name: String,
    file: File,
    draft: Option<Draft<'a>>,
    format: StreamFormat,
    container: Container,
    /// The length of the samples that the header states; `None` if it was unknown.
    announced: Option<u64>,
    /// The bytes of samples written so far.
    written: u64,
}

/// An incomplete file beside the one it will replace. Deleted on drop, unless it was renamed to its final name.
#[derive(Debug)]
struct Draft<'a> {
    path: &'a Path,
    target: PathBuf,
    kept: bool,
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // Ignored: the error that led here is reported already.
            let _ = fs::remove_file(self.path);
        }
    }
}

impl<'a> Output<'a> {
    /// Opens the output and writes the header. `length` is the length of the samples, if known.
    pub(super) fn create(
        path: &Path,
        input: &Input,
        format: StreamFormat,
        container: Container,
        length: Option<u64>,
        draft_path: &'a DraftPath,
    ) -> Result<Self, AudioError> {
        let name =
            if is_standard_stream(path) { "standard output".to_owned() } else { absolute(path).display().to_string() };
        let header = header(&name, &format, container, length)?;
        let (file, draft) = if is_standard_stream(path) {
            (stdout(input)?, None)
        } else {
            open(path, draft_path).map_err(|source| AudioError::Unwritable { file: name.clone(), source })?
        };
        let mut output = Self { name, file, draft, format, container, announced: length, written: 0 };
        output.put(&header)?;
        Ok(output)
    }

    /// Appends samples.
    pub(super) fn write(&mut self, samples: &[u8]) -> Result<(), AudioError> {
        self.written += wide(samples.len());
        if self.announced.is_none() {
            // Fails as soon as the output exceeds the limit of its container.
            header(&self.name, &self.format, self.container, Some(self.written))?;
        }
        self.put(samples)
    }

    /// Completes the output: corrects the header if the length was unknown, and renames the file to its final name.
    pub(super) fn finish(mut self) -> Result<(), AudioError> {
        // If the header states no size, a padding byte would be taken for a sample.
        if self.container == Container::Wav && (self.draft.is_some() || self.announced.is_some()) {
            self.put(wav::padding(self.written))?;
        }
        let header = header(&self.name, &self.format, self.container, Some(self.written))?;
        let (announced, written) = (self.announced, self.written);
        let publish = |file: &mut File, draft: &mut Draft<'_>| -> io::Result<()> {
            if announced != Some(written) {
                file.seek(SeekFrom::Start(0))?;
                file.write_all(&header)?;
            }
            file.sync_all()?;
            fs::rename(draft.path, &draft.target)?;
            draft.kept = true;
            Ok(())
        };
        if let Some(draft) = &mut self.draft {
            publish(&mut self.file, draft)
                .map_err(|source| AudioError::Unwritable { file: self.name.clone(), source })?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), AudioError> {
        self.file.write_all(bytes).map_err(|source| {
            if source.kind() == io::ErrorKind::BrokenPipe {
                return AudioError::NobodyReads;
            }
            AudioError::Unwritable { file: self.name.clone(), source }
        })
    }
}

fn header(name: &str, format: &StreamFormat, container: Container, length: Option<u64>) -> Result<Vec<u8>, AudioError> {
    match container {
        Container::Raw => Ok(Vec::new()),
        Container::Wav => {
            wav::stream_header(format, length).map_err(|source| AudioError::TooLong { file: name.to_owned(), source })
        }
    }
}

fn stdout(input: &Input) -> Result<File, AudioError> {
    if io::stdout().is_terminal() {
        return Err(AudioError::Terminal);
    }
    let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
    let file = file.map_err(|source| AudioError::Unwritable { file: "standard output".to_owned(), source })?;
    // The output would be read as input again, without end.
    if input.is(&file) { Err(AudioError::SameFile { file: input.name.clone() }) } else { Ok(file) }
}

/// Opens a device or pipe directly. For a regular file, creates an incomplete one beside it.
fn open<'a>(path: &Path, draft_path: &'a DraftPath) -> io::Result<(File, Option<Draft<'a>>)> {
    let existing = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Err(io::Error::other("it is a folder")),
        Ok(metadata) if !metadata.is_file() => return Ok((File::options().write(true).open(path)?, None)),
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // Follows a symbolic link, so that its target is replaced and the link stays.
    let target = if existing.is_some() { fs::canonicalize(path)? } else { path.to_owned() };
    let name = format!(".callstore-{}.part", SystemIds.next().simple());
    let draft_path = draft_path.get_or_init(|| target.with_file_name(name));
    let file = File::options().write(true).create_new(true).open(draft_path)?;
    let draft = Draft { path: draft_path, target, kept: false };
    if let Some(existing) = existing {
        file.set_permissions(existing.permissions())?;
    }
    Ok((file, Some(draft)))
}

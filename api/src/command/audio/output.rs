//! The destination of converted samples: a file that gets its name once it is complete, or a stream.

use std::{
    fs::{self, File, Metadata},
    io::{self, IsTerminal, Seek, SeekFrom, Write},
    os::fd::AsFd,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use rustix::{
    fs::{CWD, RenameFlags, renameat_with},
    io::Errno,
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
    /// Whether an existing output is replaced.
    force: bool,
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
    /// Opens the output and writes the header. With `force`, an existing file is replaced in the end.
    ///
    /// `length` is the length of the samples, if known.
    pub(super) fn create(
        (path, force): (&Path, bool),
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
            let (file, draft) = open(path, force, draft_path)?;
            (file, Some(draft))
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
            draft.publish()
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

/// Creates an incomplete file beside the output. An existing output is replaced only with `force`, and only if it is a
/// regular file: whoever can put a link there would choose which file is overwritten.
fn open<'a>(path: &Path, force: bool, draft_path: &'a DraftPath) -> Result<(File, Draft<'a>), AudioError> {
    let name = || absolute(path).display().to_string();
    let unwritable = |source| AudioError::Unwritable { file: name(), source };
    let existing = existing(path).map_err(unwritable)?;
    if existing.as_ref().is_some_and(|found| !found.is_file()) {
        return Err(AudioError::Special { file: name() });
    }
    if existing.is_some() && !force {
        return Err(AudioError::Exists { file: name() });
    }
    let draft_name = format!(".callstore-{}.part", SystemIds.next().simple());
    let draft_path = draft_path.get_or_init(|| path.with_file_name(draft_name));
    let file = File::options().write(true).create_new(true).open(draft_path).map_err(unwritable)?;
    let draft = Draft { path: draft_path, target: path.to_owned(), force, kept: false };
    if let Some(existing) = existing {
        file.set_permissions(existing.permissions()).map_err(unwritable)?;
    }
    Ok((file, draft))
}

/// What is at a path, if anything is; a link is not followed.
fn existing(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Draft<'_> {
    /// Gives the file its final name. What has appeared there meanwhile is replaced only with `force`.
    fn publish(&mut self) -> io::Result<()> {
        if self.force {
            // Replaces a link itself, not the file that it leads to.
            fs::rename(self.path, &self.target)?;
        } else {
            match renameat_with(CWD, self.path, CWD, &self.target, RenameFlags::NOREPLACE) {
                // The file system cannot do that.
                Err(Errno::INVAL | Errno::NOSYS) if existing(&self.target)?.is_none() => {
                    fs::rename(self.path, &self.target)?;
                }
                other => other?,
            }
        }
        self.kept = true;
        Ok(())
    }
}

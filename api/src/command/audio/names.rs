//! Detects formats from the options, a file's name and its first bytes.

use std::path::Path;

use service::audio::{Container, Encoding, StreamFormat, sniff};

use super::error::AudioError;

/// The format that the command line states.
#[derive(Clone, Debug)]
pub(super) struct Given {
    /// The prefix of the options: `--from-` or `--`.
    pub flags: &'static str,
    pub container: Option<Container>,
    pub encoding: Option<Encoding>,
    pub sample_rate: Option<u32>,
    pub channels: Option<u16>,
    pub salvage: bool,
}

/// Whether the path is `-`, which means standard input or output.
pub(super) fn is_standard_stream(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// The encoding of raw samples that a file's extension suggests.
pub(super) fn encoding_named(path: &Path) -> Option<Encoding> {
    match extension(path).as_str() {
        "ulaw" | "mulaw" | "ul" | "mu" | "pcmu" => Some(Encoding::Mulaw),
        "alaw" | "al" | "pcma" => Some(Encoding::Alaw),
        "pcm" | "pcm16" | "s16" | "s16le" | "sw" => Some(Encoding::Pcm16),
        _ => None,
    }
}

/// The container that a file's extension suggests.
pub(super) fn container_named(path: &Path) -> Option<Container> {
    match extension(path).as_str() {
        "wav" | "wave" => Some(Container::Wav),
        "raw" => Some(Container::Raw),
        _ => encoding_named(path).map(|_| Container::Raw),
    }
}

/// The kind of audio file that an extension stands for, where it is one that is neither read nor written.
pub(super) fn foreign_named(path: &Path) -> Option<&'static str> {
    match extension(path).as_str() {
        "mp3" => Some("an MP3 file"),
        "ogg" | "oga" | "opus" => Some("an Ogg file"),
        "flac" => Some("a FLAC file"),
        "m4a" | "mp4" | "aac" => Some("an MP4 file"),
        "webm" | "mka" | "mkv" => Some("a WebM or Matroska file"),
        "aif" | "aiff" | "aifc" => Some("an AIFF file"),
        "au" | "snd" => Some("an AU file"),
        _ => None,
    }
}

/// Whether a file has the extension of a WAV file.
fn is_wav_name(path: &Path) -> bool {
    container_named(path) == Some(Container::Wav)
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().to_lowercase()).unwrap_or_default()
}

/// The container: by the options, then by the first bytes, then by the name.
pub(super) fn container(name: &str, path: &Path, start: &[u8], given: &Given) -> Result<Container, AudioError> {
    if let Some(container) = given.container {
        return Ok(container);
    }
    if sniff::is_wav(start) {
        return Ok(Container::Wav);
    }
    match sniff::file_container(start) {
        Some(kind) => Err(AudioError::Foreign { file: name.to_owned(), kind, flags: given.flags }),
        None if is_wav_name(path) => Ok(Container::Wav),
        None => Ok(Container::Raw),
    }
}

/// The format of raw samples: by the options, then by the name, then mu-law at 8000 Hz with one channel.
pub(super) fn raw_format(path: &Path, given: &Given) -> StreamFormat {
    StreamFormat {
        encoding: given.encoding.or_else(|| encoding_named(path)).unwrap_or(Encoding::Mulaw),
        sample_rate: given.sample_rate.unwrap_or(8000),
        channels: given.channels.unwrap_or(1),
    }
}

//! Errors of `callstore audio`. Each names the file, the fault, and what to do.

use std::io;

use service::audio::{ConvertError, TooLong, UnfitRate, WavError};

/// Why a file cannot be converted or inspected. File names are absolute.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AudioError {
    /// The input cannot be opened or read.
    #[error("{file} cannot be read: {source}.")]
    Unreadable {
        /// The input.
        file: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The input has no bytes.
    #[error("{file} is empty: there is no audio in it.")]
    Empty {
        /// The input.
        file: String,
    },
    /// The input is in a container that is not supported.
    #[error(
        "{file} looks like {kind}, which is not supported; ffmpeg can make a WAV file of it. If these are raw samples, say so by {flags}container raw."
    )]
    Foreign {
        /// The input.
        file: String,
        /// The container that the first bytes suggest.
        kind: &'static str,
        /// The prefix of the options for the input.
        flags: &'static str,
    },
    /// The input is no WAV file, or is one with a damaged or unsupported header.
    #[error("{file}: {error}{}.", hint(error, flags))]
    Wav {
        /// The input.
        file: String,
        /// The fault.
        error: WavError,
        /// The prefix of the options for the input.
        flags: &'static str,
    },
    /// The input is damaged but contains audio.
    #[error("{file}: {damage}. It has {seconds:.3} s of audio, which --salvage takes.")]
    Damaged {
        /// The input.
        file: String,
        /// The fault.
        damage: String,
        /// The length of the audio that `--salvage` would use.
        seconds: f64,
    },
    /// The file was truncated while it was read.
    #[error("{file} became shorter while it was read; try again when nothing writes to it.")]
    Shrunk {
        /// The input.
        file: String,
    },
    /// The options contradict the header of a WAV file.
    #[error("{file} has {found} by its header, which contradicts {flag}; leave that out for WAV files.")]
    Contradicts {
        /// The input.
        file: String,
        /// The value in the header.
        found: String,
        /// The contradicted option.
        flag: String,
    },
    /// The encoding does not have this sample rate.
    #[error("{flag} {hz}: {reason}")]
    Rate {
        /// The option.
        flag: String,
        /// The rate.
        hz: u32,
        /// The allowed rates, as a sentence.
        reason: UnfitRate,
    },
    /// A WAV file has a sample rate or a number of channels that cannot be converted.
    #[error("{file}: {reason}.")]
    Unsupported {
        /// The input.
        file: String,
        /// What is not supported, as a phrase.
        reason: ConvertError,
    },
    /// The preset's container contradicts the output's name.
    #[error(
        "--to {preset} gives {gives}, which {file} is not named like; choose another name, or say --to-encoding and --to-rate instead."
    )]
    Misnamed {
        /// The output.
        file: String,
        /// The preset.
        preset: &'static str,
        /// The container that the preset writes.
        gives: &'static str,
    },
    /// The output is named like a file of a kind that is not written.
    #[error("{file} is named like {kind}, which is not written; name it .wav or .raw, or say --to-container.")]
    ForeignName {
        /// The output.
        file: String,
        /// The kind that the extension stands for.
        kind: &'static str,
    },
    /// The output cannot be created or written.
    #[error("{file} cannot be written: {source}.")]
    Unwritable {
        /// The output.
        file: String,
        /// The error of the operating system.
        source: io::Error,
    },
    /// The output would exceed the 4 GiB of a WAV file.
    #[error("{file}: {source}; --to-container raw has no limit.")]
    TooLong {
        /// The output.
        file: String,
        /// The length.
        source: TooLong,
    },
    /// The output exists.
    #[error("{file} exists already. Name another file, or replace it with --force.")]
    Exists {
        /// The output.
        file: String,
    },
    /// The output is a symbolic link, folder, device or pipe.
    #[error(
        "{file} is not a regular file, and only those are replaced. Name another file, or - and redirect the output."
    )]
    Special {
        /// The output.
        file: String,
    },
    /// Standard output is a terminal, which cannot show samples.
    #[error("Standard output is a terminal; name a file as OUT, or send the output to a file or a program.")]
    Terminal,
    /// Standard output is the input file, which would grow while it is read.
    #[error("{file} is standard output as well; name it as OUT, with --force, to replace it.")]
    SameFile {
        /// The input.
        file: String,
    },
    /// The runtime or the signal handlers could not be created.
    #[error("The conversion could not be started: {0}.")]
    Runtime(io::Error),
    /// The conversion task panicked.
    #[error("The conversion broke off: {0}.")]
    BrokenOff(tokio::task::JoinError),
    /// The reader of standard output has closed it. Not reported as a failure.
    #[error("Nobody reads the output.")]
    NobodyReads,
}

/// What to do about an invalid WAV file.
fn hint(error: &WavError, flags: &str) -> String {
    match error {
        WavError::NotWav => format!("; raw samples are read with {flags}container raw"),
        WavError::OtherKind { .. } | WavError::UnknownTag { .. } | WavError::UnsupportedBits { .. } => {
            "; ffmpeg -i IN -c:a pcm_s16le OUT.wav makes a file that can be read".to_owned()
        }
        WavError::NoData => String::new(),
        WavError::CutHeader { .. } => ", before any samples; nothing can be saved from it".to_owned(),
        WavError::NoFormat | WavError::DamagedFormat { .. } => {
            format!("; {flags}container raw reads it as bare samples, the header being noise")
        }
    }
}

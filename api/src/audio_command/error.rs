//! What can go wrong with a file, in a sentence that says which, why, and what to do.

use std::io;

use service::audio::{SAMPLE_RATES, TooLong, WavError};

/// Why a file cannot be converted or inspected. Names are as the command line gave them.
#[derive(Debug, thiserror::Error)]
pub enum AudioError {
    /// The input cannot be read.
    #[error("{file} cannot be read: {source}.")]
    Unreadable {
        /// The input.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// There is not a single byte.
    #[error("{file} is empty: there is no audio in it.")]
    Empty {
        /// The input.
        file: String,
    },
    /// Something else than WAV or raw samples.
    #[error(
        "{file} looks like {kind}, which is not supported; ffmpeg can make a WAV file of it. If these are raw samples, say so by {flags}container raw."
    )]
    Foreign {
        /// The input.
        file: String,
        /// What it looks like.
        kind: &'static str,
        /// How the options for the input begin.
        flags: &'static str,
    },
    /// Not a WAV file, or a damaged one.
    #[error("{file}: {error}{}.", hint(error, flags))]
    Wav {
        /// The input.
        file: String,
        /// What is wrong.
        error: WavError,
        /// How the options for the input begin.
        flags: &'static str,
    },
    /// Damaged, and still with audio in it.
    #[error("{file}: {damage}. It has {seconds:.3} s of audio, which --salvage takes.")]
    Damaged {
        /// The input.
        file: String,
        /// What is wrong.
        damage: String,
        /// How much there is.
        seconds: f64,
    },
    /// The file became shorter.
    #[error("{file} became shorter while it was read; try again when nothing writes to it.")]
    Shrunk {
        /// The input.
        file: String,
    },
    /// The WAV file is something else than what it was said to be.
    #[error("{file} has {found} by its header, which contradicts {flag}; leave that out for WAV files.")]
    Contradicts {
        /// The input.
        file: String,
        /// What the header says.
        found: String,
        /// The contradicted option.
        flag: String,
    },
    /// A rate that the encoding does not have.
    #[error("{flag} {hz}: {reason}")]
    Rate {
        /// The option.
        flag: String,
        /// The rate.
        hz: u32,
        /// Why not.
        reason: &'static str,
    },
    /// A WAV file with a rate that is not converted.
    #[error("{file} has {hz} Hz, which is not a supported sample rate; supported are {}.", rates())]
    UnsupportedRate {
        /// The input.
        file: String,
        /// The rate.
        hz: u32,
    },
    /// More channels than are converted.
    #[error("{file}: {reason}.")]
    Channels {
        /// The input.
        file: String,
        /// Why.
        reason: String,
    },
    /// The preset gives another container than the output's name says.
    #[error(
        "--to {preset} gives {gives}, which {file} is not named like; choose another name, or say --to-encoding and --to-rate instead."
    )]
    Misnamed {
        /// The output.
        file: String,
        /// The preset.
        preset: String,
        /// What it gives.
        gives: &'static str,
    },
    /// The output cannot be written.
    #[error("{file} cannot be written: {source}.")]
    Unwritable {
        /// The output.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// The output would be a WAV file of 4 GiB or more.
    #[error("{file}: {source}; --to-container raw has no limit.")]
    TooLong {
        /// The output.
        file: String,
        /// How long.
        source: TooLong,
    },
    /// Samples would be written to a terminal.
    #[error("Standard output is a terminal; name a file as OUT, or send the output to a file or a program.")]
    Terminal,
    /// Standard output would be appended to the file that is read.
    #[error("{file} is standard output as well; name it as OUT to replace it.")]
    SameFile {
        /// The input.
        file: String,
    },
    /// Signals cannot be waited for.
    #[error("The conversion could not be started: {0}.")]
    Runtime(io::Error),
    /// The conversion broke off.
    #[error("The conversion broke off: {0}.")]
    BrokenOff(tokio::task::JoinError),
    /// Nobody reads the output any more.
    #[error("Nobody reads the output.")]
    NobodyReads,
}

/// What can be done about a WAV file.
fn hint(error: &WavError, flags: &str) -> String {
    match error {
        WavError::NotWav => format!("; raw samples are read with {flags}container raw"),
        WavError::OtherKind { .. } | WavError::UnknownTag { .. } | WavError::UnsupportedBits { .. } => {
            "; ffmpeg -i IN -c:a pcm_s16le OUT.wav makes a file that can be read".to_owned()
        }
        WavError::CutHeader { .. } => ", before any samples; nothing can be saved from it".to_owned(),
        WavError::NoFormat | WavError::DamagedFormat => {
            format!("; {flags}container raw reads it as bare samples, the header being noise")
        }
        WavError::WrongSize { .. } | WavError::PartialFrame { .. } => "; --salvage takes what is there".to_owned(),
    }
}

fn rates() -> String {
    SAMPLE_RATES.map(|hz| hz.to_string()).join(", ")
}

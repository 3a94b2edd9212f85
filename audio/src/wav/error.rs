//! Why a WAV file cannot be read.

use super::tag::tag_name;

/// Why a file cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WavError {
    /// It does not begin with `RIFF`, a size and `WAVE`.
    #[error("not a WAV file: it does not begin with RIFF and WAVE")]
    NotWav,
    /// Another kind of audio file.
    #[error("this is {kind}, and only WAV files (RIFF, RF64 and BW64) can be read")]
    OtherKind {
        /// What it is, with its article.
        kind: &'static str,
    },
    /// It ends before its samples begin.
    #[error("the header is cut off after {bytes} bytes")]
    CutHeader {
        /// The file's length.
        bytes: u64,
    },
    /// It ends without a `data` chunk, and its size says that this is its end.
    #[error("the file has no data chunk, so it has no samples")]
    NoData,
    /// The samples come before a `fmt ` chunk says what they are.
    #[error("there is no fmt chunk before the data")]
    NoFormat,
    /// The `fmt ` chunk is too short, or its fields contradict one another.
    #[error("the fmt chunk is damaged: {fault}")]
    DamagedFormat {
        /// What is wrong with it.
        fault: &'static str,
    },
    /// The samples are neither PCM, nor float, nor G.711.
    #[error("the format tag {tag:#06x}{} is none of 1 (PCM), 3 (float), 6 (A-law) and 7 (mu-law)", tag_name(*.tag))]
    UnknownTag {
        /// The format tag found.
        tag: u16,
    },
    /// A depth that the format tag does not have.
    #[error("{bits} bits a sample are not supported; PCM has 8, 16, 24 or 32, float 32 or 64, G.711 has 8")]
    UnsupportedBits {
        /// The depth found.
        bits: u16,
    },
}

//! Why audio cannot be converted.

use crate::{
    OddLength, SAMPLE_RATES,
    wav::{TooLong, WavError},
};

/// Most channels that are converted. Each needs a resampler, and a damaged header may claim 65,535 channels.
pub const MAX_CHANNELS: u16 = 64;

/// Why bytes cannot be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConvertError {
    /// Raw PCM16 with an odd number of bytes.
    #[error(transparent)]
    OddLength(#[from] OddLength),
    /// Not a WAV file, or a damaged one.
    #[error(transparent)]
    Wav(#[from] WavError),
    /// The WAV file is something else than what it was said to be.
    #[error("the WAV file's header contradicts {field}")]
    Contradicts {
        /// The contradicted field of [`Source`](crate::Source) by its name in the API: `encoding` or `sampleRate`.
        field: &'static str,
    },
    /// A rate that is not one of [`SAMPLE_RATES`](crate::SAMPLE_RATES).
    #[error("{hz} Hz is not a supported sample rate; supported are {}", rates())]
    UnsupportedRate {
        /// The rate.
        hz: u32,
    },
    /// More channels than [`MAX_CHANNELS`], or none.
    #[error("{channels} channels are not supported, 1 to {MAX_CHANNELS} are")]
    Channels {
        /// How many there are.
        channels: u16,
    },
    /// The outcome does not fit into a WAV file.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// The supported rates as a list.
fn rates() -> String {
    SAMPLE_RATES.map(|hz| hz.to_string()).join(", ")
}

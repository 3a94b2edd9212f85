//! WAV (RIFF/WAVE) files in memory: the header that a recording begins with, whole files out, and files of others in.
//!
//! Written are PCM16 (format tag 1) and G.711 (tags 6 and 7). Read are the same, also as `WAVE_FORMAT_EXTENSIBLE` for
//! PCM16.

mod read;
mod write;

pub(crate) use read::{Format, scan};
pub use read::{Wav, WavError, read};
pub use write::{HEADER_LEN, TooLong, buffer_to_wav, enclose, file_len, header};

/// Format tags of the `fmt ` chunk.
const PCM: u16 = 1;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xFFFE;

//! WAV (RIFF/WAVE) files: headers, written at once and read as they stream in, whole files out, and files of others in.
//!
//! Written are PCM16 (format tag 1) and G.711 (tags 6 and 7). Read are the same, also as `WAVE_FORMAT_EXTENSIBLE` for
//! PCM16.

mod header;
mod read;
mod write;

pub use header::{Header, HeaderReader};
pub(crate) use read::scan;
pub use read::{Wav, WavError, read};
pub use write::{HEADER_LEN, TooLong, buffer_to_wav, enclose, file_len, header, padding, stream_header};

/// Format tags of the `fmt ` chunk.
const PCM: u16 = 1;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xFFFE;

/// What a format tag of others stands for, in parentheses.
fn tag_name(tag: u16) -> &'static str {
    match tag {
        0x0002 => " (Microsoft ADPCM)",
        0x0003 => " (IEEE float)",
        0x0011 => " (IMA ADPCM)",
        0x0031 => " (GSM 6.10)",
        0x0040 | 0x0045 | 0x0064 => " (G.726 ADPCM)",
        0x0050 => " (MPEG layer 1 or 2)",
        0x0055 => " (MP3)",
        0x00FF => " (AAC)",
        0x0160..=0x0163 => " (Windows Media)",
        0x028E | 0xA112 => " (G.722)",
        EXTENSIBLE => " (extensible, of a kind of its own)",
        _ => "",
    }
}

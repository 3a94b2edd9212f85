//! WAV (RIFF/WAVE) files: headers, written at once and read as they stream in, whole files out, and files of others in.
//!
//! The writer makes PCM16 (format tag 1) and G.711 (tags 6 and 7). The reader takes these, and 8-, 24- and 32-bit PCM and
//! 32- and 64-bit float (tag 3), which it narrows to 16 bits. It takes them as `WAVE_FORMAT_EXTENSIBLE` as well, and in
//! RF64 and BW64 files (EBU Tech 3306, ITU-R BS.2088).

mod extent;
mod format;
mod header;
mod read;
mod write;

pub use extent::{Extent, Warning};
pub use format::Wide;
pub use header::{Header, HeaderReader};
pub(crate) use read::{Scanned, scan};
pub use read::{Wav, WavError, read};
pub use write::{HEADER_LEN, TooLong, buffer_to_wav, enclose, file_len, header, padding, stream_header};

/// Format tags of the `fmt ` chunk.
const PCM: u16 = 1;
const FLOAT: u16 = 3;
const ALAW: u16 = 6;
const MULAW: u16 = 7;
const EXTENSIBLE: u16 = 0xFFFE;

/// What a format tag of others stands for, in parentheses.
fn tag_name(tag: u16) -> &'static str {
    match tag {
        0x0002 => " (Microsoft ADPCM)",
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

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().copied().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().copied().map(u32::from_le_bytes)
}

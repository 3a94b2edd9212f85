//! WAV (RIFF/WAVE) files: headers, written at once and read as they stream in, whole files out, and files of others in.
//!
//! The writer makes PCM16 (format tag 1) and G.711 (tags 6 and 7). The reader takes these, and 8-, 24- and 32-bit PCM
//! and
//! 32- and 64-bit float (tag 3), which it narrows to 16 bits. It takes them as `WAVE_FORMAT_EXTENSIBLE` as well, and in
//! RF64 and BW64 files (EBU Tech 3306, ITU-R BS.2088).

mod bytes;
mod error;
mod extent;
mod format;
mod header;
mod read;
mod tag;
mod write;

pub use error::WavError;
pub use extent::{Extent, Warning};
pub use format::Wide;
pub use header::{Header, HeaderReader};
pub(crate) use read::{Scanned, scan};
pub use read::{Wav, read};
pub use write::{HEADER_LEN, TooLong, buffer_to_wav, enclose, file_len, header, padding, stream_header};

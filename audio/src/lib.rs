//! What happens to samples: companding, layout in time, resampling, containers. No I/O, no clock, no database.
//!
//! Samples are `i16`, buffers are slices, and everything that streams gives the same bytes however its input is cut.

mod base64_codec;
mod convert;
mod encoding;
pub mod g711;
mod pcm;
mod resample;
mod timeline;
mod track;
pub mod wav;

pub use base64_codec::{Base64Error, decode_base64, decode_base64_into, encode_base64};
pub use convert::{
    Container, ConvertError, Converted, Format, Source, convert, convert_to_openai_format, convert_to_storage_format,
};
pub use encoding::{
    Encoding, OddLength, alaw_to_pcm16, decode_into, encode, mulaw_to_pcm16, pcm16_to_alaw, pcm16_to_mulaw,
};
pub use pcm::{interleave, pcm16_bytes};
pub use resample::{Resampler, SAMPLE_RATES, resample, resampled_len};
pub use timeline::{Gap, Placement, Timeline};
pub use track::{Chunk, ReadError, TrackReader};
pub use wav::{TooLong, Wav, WavError, buffer_to_wav};

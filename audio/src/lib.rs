//! What happens to samples: companding, layout in time, resampling, containers. No I/O, no clock, no database.
//!
//! Samples are `i16`, buffers are slices, and whatever streams gives the same samples however its input is cut.
//!
//! | for | there is |
//! | --- | --- |
//! | a chunk that comes in | [`decode_base64_into`], [`decode_into`], [`Resampler`] |
//! | a recording | [`TrackReader`] (which is a [`Timeline`] and a [`Resampler`]), [`interleave`], [`wav::header`] |
//! | a file as it streams | [`wav::HeaderReader`], [`Converter`], [`Meter`], [`wav::stream_header`] |
//! | a conversion in pieces | [`Converter::save`], [`Converter::resume`] |
//! | a file or a buffer | [`convert()`], [`wav::read`], [`resample()`], [`encode`] |
//! | bytes that may be a whole file | [`sniff::container`] |
//! | who speaks when in a recording | [`speech::Detector`] |
//! | the picture of a waveform | [`peaks::PeakMeter`] |
//!
//! # Quality of the resampling
//!
//! As `cargo test -p audio -- --nocapture resampler before_rounding` measures it by an FFT of tones close to full
//! scale; the tests fail at the limits.
//!
//! | | 8 to 16 kHz | 8 to 24 kHz | other ratios | limit |
//! | --- | --- | --- | --- | --- |
//! | images of 300 to 3400 Hz, before rounding to 16 bits | -121.1 dB | -122.4 dB | | -120 dB |
//! | after rounding; other ratios: worst image or alias, rounding noise included | -122.3 dB | -123.3 dB | -112.9 dB | -110 dB; -90 dB |
//! | pass-band, to 3400 Hz; other ratios: to 0.48 of the lower rate | 0.00001 dB | 0.00001 dB | 0.00003 dB | 0.01 dB |
//! | delay | 0 | 0 | 0 | 1 ns; 10 ns |
//! | length of `n` samples | `2 * n` | `3 * n` | `n * to / from`, rounded | exact |
//! | input samples kept | bit for bit | bit for bit | | exact |
//!
//! Times two and times three are integer arithmetic. Other ratios are computed in 32-bit floats, in an order that does
//! not depend on the machine. So every machine outputs the same samples, and a conversion saved with
//! [`Converter::save`] can resume on another one.
//!
//! # Speed
//!
//! `cargo bench -p audio --features soxr` on one of two shared cores (Zen 4, 3.7 GHz); each figure is the best of its
//! run. Linear interpolation is the common one, chunk by chunk and without a state; soxr is libsoxr 0.1.3, HQ.
//!
//! | | ours | libsoxr | rubato's FFT | linear |
//! | --- | --- | --- | --- | --- |
//! | 8 to 16 kHz in bulk, an input sample | 1.33 ns | 6.9 ns | 11.4 ns | 29 ns |
//! | 8 to 24 kHz in bulk, an input sample | 2.6 ns | 12.5 ns | 16.3 ns | 24 ns |
//! | 8 to 16 kHz, a chunk of 160 samples | 0.23 us | 1.06 us | 1.7 us | 2.4 us |
//! | base64 of a chunk to 16 kHz, nothing allocated by ours | 0.30 us | 1.15 us | 1.8 us | 2.6 us |
//! | base64 of a chunk to 24 kHz | 0.50 us | 1.95 us | 2.6 us | 3.9 us |
//! | one hour of two tracks to a synced stereo WAV file with SHA-256, times real time | 5,900 | 3,000 | 2,400 | 1,700 |

mod base64_codec;
pub mod conversation;
mod convert;
mod convert_error;
mod encoding;
pub mod g711;
mod meter;
pub mod number;
mod pcm;
pub mod peaks;
mod resample;
pub mod sniff;
pub mod speech;
mod state;
mod stream;
mod stream_format;
mod timeline;
mod track;
pub mod wav;

pub use base64_codec::{Base64Error, decode_any_base64, decode_base64, decode_base64_into, encode_base64};
pub use convert::{
    Container, Converted, Format, Preset, Source, convert, convert_to_openai_format, convert_to_storage_format,
};
pub use convert_error::{ConvertError, MAX_CHANNELS};
pub use encoding::{
    Encoding, OddLength, UnfitRate, alaw_to_pcm16, decode_into, encode, mulaw_to_pcm16, pcm16_to_alaw, pcm16_to_mulaw,
};
pub use meter::{Levels, Meter, Stretch};
pub use pcm::{interleave, pcm16_bytes};
pub use resample::{Resampler, SAMPLE_RATES, resample, resampled_len};
pub use state::{STATE_MAX_BYTES, StateError};
pub use stream::Converter;
pub use stream_format::StreamFormat;
pub use timeline::{Gap, Placement, Timeline};
pub use track::{Chunk, ReadError, TrackReader};
pub use wav::{TooLong, Wav, WavError, buffer_to_wav};

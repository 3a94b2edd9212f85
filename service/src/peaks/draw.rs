//! Peaks as clients get them: in the two formats of the audiowaveform program, piece by piece.

use std::{fmt::Write, io};

use audio::peaks::{Shape, samples_per_pixel, to_8_bits};
use bytes::Bytes;
use futures_util::{
    TryStreamExt,
    stream::{self, BoxStream, StreamExt},
};

use crate::{AudioStream, Error};

/// Pixels as they are found: for each of them and each channel, the lowest and the highest sample.
pub(crate) type Pixels = BoxStream<'static, Result<Vec<i16>, Error>>;

/// How fine peaks are.
///
/// ```
/// let resolution = service::Resolution { pixels_per_second: 30, eight_bits: true };
/// // As audiowaveform has it: whole samples, rounded down. `samples_per_pixel` in the response is exact.
/// assert_eq!(resolution.samples_per_pixel(16_000), 533);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Pixels per second, 1 to 200.
    pub pixels_per_second: u32,
    /// Whether values have 8 bits instead of 16.
    pub eight_bits: bool,
}

impl Resolution {
    /// Samples per pixel at a sample rate.
    #[must_use]
    pub fn samples_per_pixel(&self, sample_rate: u32) -> u32 {
        samples_per_pixel(sample_rate, self.pixels_per_second)
    }
}

/// A format of peaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeaksFormat {
    /// JSON, version 2.
    Json,
    /// Binary, version 2: the values begin at byte 24.
    Dat,
}

/// Peaks, ready to be sent.
pub struct Peaks {
    /// Their length in bytes, where it is known before all are made.
    pub length: Option<u64>,
    /// Their bytes.
    pub bytes: AudioStream,
}

/// Writes peaks of a known shape. Their values have 8 bits if the shape says so.
pub(crate) fn draw(pixels: Pixels, shape: Shape, format: PeaksFormat) -> Peaks {
    let mut begun = false;
    let (head, tail, length) = match format {
        PeaksFormat::Json => (json_head(&shape).into(), Bytes::from_static(b"]}"), None),
        PeaksFormat::Dat => (Bytes::copy_from_slice(&shape.dat_header()), Bytes::new(), Some(shape.dat_len())),
    };
    let values = pixels.map_ok(move |peaks| match format {
        PeaksFormat::Json => {
            let written = json_values(&peaks, shape.eight_bits, begun);
            begun |= !peaks.is_empty();
            written.into()
        }
        PeaksFormat::Dat => {
            let mut bytes = Vec::new();
            shape.dat_values(&peaks, &mut bytes);
            bytes.into()
        }
    });
    let values = values.map_err(|error| io::Error::other(error.to_string()));
    let bytes = stream::iter([Ok(head)]).chain(values).chain(stream::iter([Ok(tail)]));
    Peaks { length, bytes: bytes.boxed() }
}

fn json_head(shape: &Shape) -> String {
    let Shape { sample_rate, per_pixel, pixels, channels, eight_bits } = shape;
    let bits = if *eight_bits { 8 } else { 16 };
    format!(
        r#"{{"version":2,"channels":{channels},"sample_rate":{sample_rate},"samples_per_pixel":{per_pixel},"bits":{bits},"length":{pixels},"data":["#
    )
}

fn json_values(peaks: &[i16], eight_bits: bool, begun: bool) -> String {
    let mut text = String::with_capacity(peaks.len() * 4);
    for (place, value) in peaks.iter().enumerate() {
        let comma = if begun || place > 0 { "," } else { "" };
        let value = if eight_bits { i16::from(to_8_bits(*value)) } else { *value };
        // Writing to a text does not fail.
        let _ = write!(text, "{comma}{value}");
    }
    text
}

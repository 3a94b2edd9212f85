//! The file of peaks beside a recording: a `.dat` file of audiowaveform, version 2, with 16 bits and 100 pixels a
//! second, which takes 1.25 % of the recording's room. 96 bytes follow: the SHA-256 of the recording, in hexadecimal,
//! and the SHA-256 of all before, as 32 bytes. So a file proves which recording it is of, and that it is whole.

use audio::{
    number::wide,
    peaks::{DAT_HEADER_LEN, PeakMeter, Shape, VALUES, pixels},
};
use bytes::Bytes;
use futures_util::{
    TryStreamExt,
    stream::{self, StreamExt},
};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::draw::Pixels;
use crate::{
    Error, Recording,
    store::{AudioStream, Draft, Store},
};

/// Samples per kept pixel, which are 100 pixels a second at 16 kHz.
pub(crate) const KEPT_SAMPLES: u32 = 160;
/// Bytes after the values: both hashes.
const TRAILER: usize = 64 + 32;
/// Bytes that are written at a time.
const WRITE_BYTES: usize = 64 * 1024;

/// The shape of kept peaks.
fn kept_shape(sample_rate: u32, channels: u16, frames: u64) -> Shape {
    let pixels = pixels(frames, KEPT_SAMPLES);
    Shape { sample_rate, per_pixel: KEPT_SAMPLES, pixels, channels, eight_bits: false }
}

/// Peaks that are being found and written. Dropping them unpublished discards them.
pub(crate) struct PeaksDraft {
    draft: Draft,
    hash: Sha256,
    meter: PeakMeter,
    shape: Shape,
    /// Finished pixels, and bytes not written yet.
    peaks: Vec<i16>,
    bytes: Vec<u8>,
}

impl PeaksDraft {
    /// Begins the peaks of a call's recording of this sample rate, number of channels and length. `unique` names the
    /// draft. Blocks, as all of this does.
    ///
    /// # Errors
    /// A failing store.
    pub(crate) fn begin(
        store: &Store,
        call: Uuid,
        unique: Uuid,
        stop: &CancellationToken,
        (sample_rate, channels, frames): (u32, u16, u64),
    ) -> Result<Self, Error> {
        let shape = kept_shape(sample_rate, channels, frames);
        Ok(Self {
            draft: store.draft(&Store::peaks_path(call), unique, stop)?,
            hash: Sha256::new(),
            meter: PeakMeter::new(channels, KEPT_SAMPLES),
            shape,
            peaks: Vec::new(),
            bytes: shape.dat_header().to_vec(),
        })
    }

    /// Takes the next samples of each channel.
    ///
    /// # Errors
    /// A failing store.
    pub(crate) fn hear(&mut self, channels: &[&[i16]]) -> Result<(), Error> {
        self.meter.push_channels(channels, &mut self.peaks);
        self.write(WRITE_BYTES)
    }

    /// Takes the next samples, interleaved.
    ///
    /// # Errors
    /// A failing store.
    pub(crate) fn hear_frames(&mut self, samples: &[i16]) -> Result<(), Error> {
        self.meter.push(samples, &mut self.peaks);
        self.write(WRITE_BYTES)
    }

    /// Ends the file and gives it its name, in place of an earlier one. `sha256` is that of the recording.
    ///
    /// # Errors
    /// A failing store.
    pub(crate) fn publish(mut self, sha256: &str) -> Result<(), Error> {
        let meter = std::mem::replace(&mut self.meter, PeakMeter::new(1, 1));
        meter.finish(&mut self.peaks);
        self.shape.dat_values(&self.peaks, &mut self.bytes);
        self.peaks.clear();
        self.bytes.extend_from_slice(sha256.as_bytes());
        self.write(0)?;
        self.draft.write(&self.hash.finalize())?;
        self.draft.publish()
    }

    /// Writes what has gathered, if it has at least so many bytes.
    fn write(&mut self, least: usize) -> Result<(), Error> {
        self.shape.dat_values(&self.peaks, &mut self.bytes);
        self.peaks.clear();
        if self.bytes.len() < least {
            return Ok(());
        }
        self.hash.update(&self.bytes);
        self.draft.write(&self.bytes)?;
        self.bytes.clear();
        Ok(())
    }
}

/// Reads the kept peaks of a recording. The first pixels come when the file is known to be whole, if it is short, else
/// as they are read; the last ones only if all of it is.
///
/// # Errors
/// `RecordingMissing` if there are none, `RecordingDamaged` if they are damaged or of another recording, or a failing
/// store. The stream has the same ones.
pub(crate) async fn open(store: &Store, recording: &Recording) -> Result<Pixels, Error> {
    let shape = kept_shape(recording.sample_rate_hz, recording.channels, recording.frames);
    let size = shape.dat_len() + wide(TRAILER);
    let path = Store::peaks_path(recording.call_id);
    let audio = store.read(&path, 0..size, size, false).await?;
    let reader = Reader {
        audio,
        pixel: VALUES * 2 * usize::from(shape.channels),
        header: shape.dat_header().to_vec(),
        sha256: recording.sha256.clone(),
        hash: Sha256::new(),
        left: size,
        bytes: Vec::new(),
    };
    let mut peaks =
        stream::try_unfold(reader, |mut reader| async move { Ok(reader.next().await?.map(|next| (next, reader))) })
            .boxed();
    let first: Option<Vec<i16>> = peaks.try_next().await?;
    Ok(stream::iter(first.map(Ok)).chain(peaks).boxed())
}

/// Reads a file of peaks.
struct Reader {
    audio: AudioStream,
    /// Bytes of a pixel.
    pixel: usize,
    /// What the file has to begin with; empty once it has.
    header: Vec<u8>,
    sha256: String,
    hash: Sha256,
    /// Bytes of the file still to be read.
    left: u64,
    /// Bytes read and not handed out.
    bytes: Vec<u8>,
}

impl Reader {
    /// The next pixels; `None` after the last.
    async fn next(&mut self) -> Result<Option<Vec<i16>>, Error> {
        while self.left > 0 {
            let piece: Bytes = self.audio.try_next().await?.ok_or(Error::RecordingDamaged("its peaks end early"))?;
            self.left = self.left.saturating_sub(wide(piece.len()));
            self.bytes.extend_from_slice(&piece);
            if !self.header.is_empty() {
                if self.bytes.len() < DAT_HEADER_LEN && self.left > 0 {
                    continue;
                }
                if !self.bytes.starts_with(&self.header) {
                    return Err(Error::RecordingDamaged("its peaks are of another length"));
                }
                self.bytes.drain(..self.header.len());
                self.hash.update(std::mem::take(&mut self.header));
            }
            // The trailer is never handed out: it may begin in this piece.
            let held = if self.left == 0 { TRAILER } else { TRAILER + self.pixel };
            let ready = self.bytes.len().saturating_sub(held);
            let values: Vec<u8> = self.bytes.drain(..ready - ready % self.pixel).collect();
            self.hash.update(&values);
            if self.left == 0 {
                self.check()?;
            }
            if !values.is_empty() {
                return Ok(Some(values.as_chunks::<2>().0.iter().copied().map(i16::from_le_bytes).collect()));
            }
        }
        Ok(None)
    }

    /// Compares the hashes after the values.
    fn check(&mut self) -> Result<(), Error> {
        let (recording, own) = self.bytes.split_at_checked(64).ok_or(Error::RecordingDamaged("its peaks end early"))?;
        self.hash.update(recording);
        if recording != self.sha256.as_bytes() {
            return Err(Error::RecordingDamaged("its peaks are of another recording"));
        }
        if self.hash.finalize_reset()[..] != *own {
            return Err(Error::RecordingDamaged("its peaks differ from their hash"));
        }
        Ok(())
    }
}

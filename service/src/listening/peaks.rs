//! Peaks of recordings.
//!
//! Where the requested pixels are whole numbers of kept ones, they follow exactly from those. Others are found in the
//! recording itself, which is read from end to end for them.

use std::io;

use audio::{
    peaks::{Coarser, PeakMeter, Shape, pixels},
    wav,
};
use futures_util::{
    TryStreamExt,
    stream::{self, StreamExt},
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    part::Listening,
    samples::{Samples, samples},
};
use crate::{
    Error, Recording, Store,
    peaks::{KEPT_SAMPLES, Peaks, PeaksDraft, PeaksFormat, Pixels, Resolution, draw, open},
};

/// How many pieces of a recording may wait to be heard.
const PIECES: usize = 4;

impl Listening {
    /// The peaks of a recording. Those of a recording that has none kept are made and kept now. With `head`, only says
    /// how long they are.
    ///
    /// # Errors
    /// `RecordingNotFound` if the call was deleted, `RecordingDamaged` or `RecordingMissing` if they have to be made
    /// from a recording that is so, or a failing store. Later failures end the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
    /// # fn main() { example(async |callstore| {
    /// use std::time::Duration;
    ///
    /// use service::{Author, CallRef, NewCall, NewChunk, PeaksFormat, Resolution, Track};
    ///
    /// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
    /// let call = CallRef::parse(&call.stream_sid).unwrap();
    /// let audio = vec![0xFF; 800];
    /// let chunk = NewChunk { track: Track::Inbound, sequence: None, timestamp_ms: None, audio, format: None };
    /// callstore.chunks.add(&call, chunk, None).await?;
    /// callstore.calls.end(&call, None, Duration::from_secs(30), None).await?;
    ///
    /// let recording = callstore.recordings.list(&call).await?.remove(0).recording;
    /// let resolution = Resolution { pixels_per_second: 20, eight_bits: true };
    /// let peaks = callstore.listening.peaks(&recording, resolution, PeaksFormat::Dat, false).await?;
    /// // 100 ms are 2 pixels, each with a lowest and a highest value, after a header of 24 bytes.
    /// assert_eq!(peaks.length, Some(28));
    /// # Ok(()) }) }
    /// ```
    pub async fn peaks(
        &self,
        recording: &Recording,
        resolution: Resolution,
        format: PeaksFormat,
        head: bool,
    ) -> Result<Peaks, Error> {
        let shape = shape(recording, resolution);
        let pixels = if head { stream::empty().boxed() } else { self.pixels(recording, shape.per_pixel).await? };
        Ok(draw(pixels, shape, format))
    }

    /// The pixels of a recording, each of `per_pixel` samples.
    async fn pixels(&self, recording: &Recording, per_pixel: u32) -> Result<Pixels, Error> {
        if per_pixel.is_multiple_of(KEPT_SAMPLES)
            && let Some(kept) = self.kept(recording).await?
        {
            let coarser = Coarser::new(recording.channels, per_pixel / KEPT_SAMPLES);
            return Ok(coarsened(kept, coarser));
        }
        Ok(metered(self.all_samples(recording).await?, PeakMeter::new(recording.channels, per_pixel)))
    }

    /// The kept peaks of a recording, made if there are none; `None` if they cannot be kept.
    async fn kept(&self, recording: &Recording) -> Result<Option<Pixels>, Error> {
        let store = &self.core.store;
        match open(store, recording).await {
            Ok(kept) => return Ok(Some(self.forgotten_if_damaged(kept, recording))),
            Err(Error::RecordingMissing | Error::RecordingDamaged(_)) => {}
            Err(error) => return Err(error),
        }
        let Ok(_core) = self.cores.acquire().await else { return Ok(None) };
        // Another request may have made them meanwhile.
        if let Ok(kept) = open(store, recording).await {
            return Ok(Some(kept));
        }
        match self.keep(recording).await {
            Ok(()) => Ok(Some(open(store, recording).await?)),
            Err(error @ (Error::RecordingMissing | Error::RecordingDamaged(_) | Error::RecordingNotFound)) => {
                Err(error)
            }
            Err(error) => {
                tracing::warn!(call = %recording.call_id, %error, "Peaks could not be kept; they are made once more.");
                Ok(None)
            }
        }
    }

    /// Removes kept peaks whose damage is found after the first of them were sent, so that the next request gets new
    /// ones.
    fn forgotten_if_damaged(&self, kept: Pixels, recording: &Recording) -> Pixels {
        let (store, path) = (self.core.store.clone(), Store::peaks_path(recording.call_id));
        let kept = kept.or_else(move |error| {
            let (store, path) = (store.clone(), path.clone());
            async move {
                if matches!(error, Error::RecordingDamaged(_)) {
                    store.remove(&path).await?;
                }
                Err(error)
            }
        });
        kept.boxed()
    }

    /// Makes the peaks of a recording and keeps them.
    async fn keep(&self, recording: &Recording) -> Result<(), Error> {
        let mut audio = self.all_samples(recording).await?;
        let (pieces, mut heard) = mpsc::channel::<Vec<i16>>(PIECES);
        let (store, unique, about) = (self.core.store.clone(), self.core.ids.next(), recording.clone());
        let whole = CancellationToken::new();
        let is_whole = whole.clone();
        let writing = tokio::task::spawn_blocking(move || {
            let shape = (about.sample_rate_hz, about.channels, about.frames);
            let mut draft = PeaksDraft::begin(&store, about.call_id, unique, &CancellationToken::new(), shape)?;
            while let Some(samples) = heard.blocking_recv() {
                draft.hear_frames(&samples)?;
            }
            // A recording that was read in part, or is damaged, has no peaks.
            if is_whole.is_cancelled() { draft.publish(&about.sha256) } else { Ok(()) }
        });
        let read = async {
            while let Some(samples) = audio.try_next().await? {
                if pieces.send(samples).await.is_err() {
                    return Ok(());
                }
            }
            whole.cancel();
            Ok::<_, io::Error>(())
        };
        let read = read.await;
        drop(pieces);
        writing.await.unwrap_or(Err(Error::Damaged("work on a file did not finish")))?;
        read.map_err(|_| Error::RecordingDamaged("it could not be read to its end"))?;
        metrics::counter!("callstore_peaks_made_total").increment(1);
        // A call that was deleted meanwhile has lost its files before this one had its name.
        if let Err(error) = self.recordings.get(recording.id).await {
            self.core.store.remove(&Store::peaks_path(recording.call_id)).await?;
            return Err(error);
        }
        Ok(())
    }

    /// All samples of a recording, checked.
    async fn all_samples(&self, recording: &Recording) -> Result<Samples, Error> {
        let bytes = self.recordings.read(recording, 0..recording.size_bytes, false).await?;
        Ok(samples(bytes, wav::HEADER_LEN, 2 * usize::from(recording.channels)))
    }
}

/// The shape of a recording's peaks.
fn shape(recording: &Recording, resolution: Resolution) -> Shape {
    let per_pixel = resolution.samples_per_pixel(recording.sample_rate_hz);
    Shape {
        sample_rate: recording.sample_rate_hz,
        per_pixel,
        pixels: pixels(recording.frames, per_pixel),
        channels: recording.channels,
        eight_bits: resolution.eight_bits,
    }
}

/// Joins pixels as they come.
fn coarsened(pixels: Pixels, coarser: Coarser) -> Pixels {
    let state = (pixels, Some(coarser));
    let joined = stream::try_unfold(state, |(mut pixels, coarser)| async move {
        let Some(mut coarser) = coarser else { return Ok(None) };
        let mut joined = Vec::new();
        match pixels.try_next().await? {
            Some(fine) => coarser.push(&fine, &mut joined),
            None => {
                coarser.finish(&mut joined);
                return Ok(Some((joined, (pixels, None))));
            }
        }
        Ok(Some((joined, (pixels, Some(coarser)))))
    });
    joined.boxed()
}

/// Finds pixels in samples as they come.
pub(super) fn metered(samples: Samples, meter: PeakMeter) -> Pixels {
    let state = (samples, Some(meter));
    let found = stream::try_unfold(state, |(mut samples, meter)| async move {
        let Some(mut meter) = meter else { return Ok(None) };
        let mut found = Vec::new();
        match samples.try_next().await? {
            Some(next) => meter.push(&next, &mut found),
            None => {
                meter.finish(&mut found);
                return Ok(Some((found, (samples, None))));
            }
        }
        Ok::<_, Error>(Some((found, (samples, Some(meter)))))
    });
    found.boxed()
}

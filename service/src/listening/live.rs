//! Calls that have no recording yet: a WAV file of what is stored so far, rendered while it is sent.
//!
//! It is rendered as the finalizer renders, by the same plan and the same readers, so it has the samples that the
//! recording will have wherever no later chunk changes them. Of a live call the last 20 ms are left out, since the
//! samples to come have an influence on them.

use std::{io, ops::Range, sync::Arc};

use audio::{TooLong, TrackReader, peaks, resampled_len, wav};
use bytes::Bytes;
use futures_util::{
    TryStreamExt,
    stream::{self, StreamExt},
};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{part::Listening, peaks::metered, samples::Samples, slice::trimmed};
use crate::{
    AudioStream, Error, Recording,
    calls::{AudioFormat, CallRef, CallRow, Status, find},
    database::{Database, OpenChunks, PagedChunks},
    finalizer::{Plan, RECORDING_RATE, lay_out},
    peaks::{Peaks, PeaksFormat, Resolution, draw},
};

/// Samples per channel that are rendered at a time: two seconds.
const BLOCK: usize = 32 * 1024;
/// Samples at the end of what is stored that depend on what follows: more than any resampler looks ahead.
const UNSETTLED: u64 = 320;

/// The audio of a call.
pub enum CallAudio {
    /// Its recording, and the name under which a listener saves it.
    Recorded(Recording, String),
    /// What is stored of a call that has no recording yet, or whose recording failed.
    Stored(LiveAudio, String),
}

/// What is stored of a call, as of one moment.
#[derive(Clone, Debug)]
pub struct LiveAudio {
    database: Database,
    call: Uuid,
    plan: Arc<Plan>,
    /// Samples per channel.
    frames: u64,
    header: [u8; 44],
}

impl Listening {
    /// The audio of a call: its recording, or what is stored so far.
    ///
    /// # Errors
    /// `CallNotFound`; `RecordingNotFound` for a call that was completed without audio; or a failing database.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
    /// # fn main() { example(async |callstore| {
    /// use service::{Author, CallAudio, CallRef, NewCall, NewChunk, Track};
    ///
    /// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
    /// let call = CallRef::parse(&call.stream_sid).unwrap();
    /// let audio = vec![0xFF; 8_000];
    /// let chunk = NewChunk { track: Track::Inbound, sequence: None, timestamp_ms: None, audio, format: None };
    /// callstore.chunks.add(&call, chunk, None).await?;
    /// let CallAudio::Stored(live, _) = callstore.listening.call_audio(&call).await? else { unreachable!() };
    /// // A second of 16,000 samples, without the last 320, after a header of 44 bytes.
    /// assert_eq!(live.size_bytes(), 44 + 2 * 15_680);
    /// # Ok(()) }) }
    /// ```
    pub async fn call_audio(&self, call: &CallRef) -> Result<CallAudio, Error> {
        let found = find(self.core.database.readers(), call).await?;
        if found.status == Status::Active {
            self.chunks.settle(found.id).await?;
        }
        if found.status != Status::Completed {
            let plan = self.plan(&found).await?;
            // The chunks are deleted once a call is completed: a plan that was made meanwhile may lack some.
            let now = find(self.core.database.readers(), &CallRef::of(found.id)).await?;
            if now.status != Status::Completed {
                let name = name(&now);
                return Ok(CallAudio::Stored(LiveAudio::new(&self.core.database, &found, plan)?, name));
            }
        }
        let (snapshot, call) = self.core.snapshot_of(&CallRef::of(found.id)).await?;
        let recording = self.recordings.of_call(&snapshot, call.id).await?.pop();
        Ok(CallAudio::Recorded(recording.ok_or(Error::RecordingNotFound)?.recording, name(&call)))
    }

    async fn plan(&self, call: &CallRow) -> Result<Plan, Error> {
        let (database, id, format) = (self.core.database.clone(), call.id, AudioFormat::of(call));
        let plan = spawn_blocking(move || lay_out(&database.storage().chunk_reader()?, id, format)).await;
        plan.unwrap_or(Err(Error::Damaged("the layout of a call did not finish")))
    }
}

/// Opens readers of chunks.
pub(super) fn opener(database: &Database) -> OpenChunks {
    let database = database.clone();
    Box::new(move || database.storage().chunk_reader())
}

/// The name under which a listener saves a call.
pub(super) fn name(call: &CallRow) -> String {
    call.stream_sid.clone().unwrap_or_else(|| call.id.to_string())
}

impl LiveAudio {
    fn new(database: &Database, call: &CallRow, plan: Plan) -> Result<Self, Error> {
        let frames = resampled_len(plan.length(), plan.format.sample_rate_hz, RECORDING_RATE);
        let frames = if call.status == Status::Active { frames.saturating_sub(UNSETTLED) } else { frames };
        let channels = if plan.tracks.len() == 2 { 2 } else { 1 };
        let header = wav::header(RECORDING_RATE, channels, frames);
        let header = header.map_err(|TooLong { .. }| Error::Damaged("the length of a recording"))?;
        Ok(Self { database: database.clone(), call: call.id, plan: Arc::new(plan), frames, header })
    }

    /// Channels: 2 once both parties have audio, else 1.
    #[must_use]
    pub fn channels(&self) -> u16 {
        if self.plan.tracks.len() == 2 { 2 } else { 1 }
    }

    /// Samples per channel.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Size of the WAV file, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        wav::file_len(self.channels(), self.frames)
    }

    /// Reads a range of the file. The call is rendered from its beginning, so a late range costs as much as all of it.
    /// The stream fails if the call is completed or deleted meanwhile.
    #[must_use]
    pub fn read(&self, part: Range<u64>) -> AudioStream {
        let end = part.end.saturating_sub(wav::HEADER_LEN).div_ceil(2 * u64::from(self.channels()));
        let header = Bytes::copy_from_slice(&self.header);
        let body = self.samples(end).map_ok(|samples| {
            let mut bytes = Vec::with_capacity(2 * samples.len());
            audio::pcm16_bytes(&samples, &mut bytes);
            Bytes::from(bytes)
        });
        let whole = stream::iter([Ok(header)]).chain(body).boxed();
        trimmed(whole, part.start, part.end - part.start)
    }

    /// The peaks of what is stored so far. With `head`, only says how long they are.
    #[must_use]
    pub fn peaks(&self, resolution: Resolution, format: PeaksFormat, head: bool) -> Peaks {
        let per_pixel = resolution.samples_per_pixel(RECORDING_RATE);
        let shape = peaks::Shape {
            sample_rate: RECORDING_RATE,
            per_pixel,
            pixels: peaks::pixels(self.frames, per_pixel),
            channels: self.channels(),
            eight_bits: resolution.eight_bits,
        };
        let samples = self.samples(if head { 0 } else { u64::MAX });
        draw(metered(samples, peaks::PeakMeter::new(self.channels(), per_pixel)), shape, format)
    }

    /// The first frames, interleaved.
    fn samples(&self, frames: u64) -> Samples {
        let state = (self.clone(), None, frames.min(self.frames));
        let samples = stream::try_unfold(state, |(this, renderer, left)| async move {
            if left == 0 {
                return Ok(None);
            }
            let render = move || {
                let mut renderer = match renderer {
                    Some(renderer) => renderer,
                    None => this.renderer(),
                };
                let samples = renderer.render(left)?;
                Ok::<_, io::Error>((samples, (this, renderer)))
            };
            let (samples, (this, renderer)) = spawn_blocking(render).await.unwrap_or_else(|_| Err(gone()))?;
            // The chunks of a completed call are deleted, and silence in their place is not what was said.
            let call = find(this.database.readers(), &CallRef::of(this.call)).await;
            if call.map_err(io::Error::other)?.status == Status::Completed {
                return Err(gone());
            }
            let left = left - audio::number::wide(samples.len()) / u64::from(this.channels());
            Ok(Some((samples, (this, Some(renderer), left))))
        });
        samples.boxed()
    }

    fn renderer(&self) -> Renderer {
        let (format, length) = (self.plan.format, self.plan.length());
        let mut tracks = Vec::new();
        for track in &self.plan.tracks {
            let chunks = PagedChunks::new(opener(&self.database), self.call, track.track, format, track.order);
            tracks.push(TrackReader::new(chunks, format.encoding, format.sample_rate_hz, RECORDING_RATE, length));
        }
        Renderer(tracks)
    }
}

/// Renders the tracks of a call from their beginning.
struct Renderer(Vec<TrackReader<PagedChunks>>);

impl Renderer {
    /// The next frames, `left` at most.
    fn render(&mut self, left: u64) -> io::Result<Vec<i16>> {
        let wanted = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        let mut blocks = [vec![0; wanted], vec![0; wanted]];
        for (track, block) in self.0.iter_mut().zip(&mut blocks) {
            if track.read(block).map_err(|error| io::Error::other(error.to_string()))? < wanted {
                return Err(gone());
            }
        }
        let [first, second] = blocks;
        Ok(if self.0.len() == 2 { interleaved(&first, &second) } else { first })
    }
}

/// The samples of two channels as frames.
pub(super) fn interleaved(first: &[i16], second: &[i16]) -> Vec<i16> {
    first.iter().zip(second).flat_map(|(first, second)| [*first, *second]).collect()
}

fn gone() -> io::Error {
    io::Error::other("a live call was completed or deleted while it was read")
}

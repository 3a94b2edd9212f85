//! Listening to a call while it runs: a WAV file that goes on until the call ends.
//!
//! What is stored is read again and again, each time where the last one stopped, and rendered with the finalizer's
//! [`TrackReader`]. Nothing is held while nobody reads: no thread, no query, no lock. So a reader that is slow, or
//! gone, costs nothing but a little memory until its connection is cut.
//!
//! Both tracks go on together. One that lags is waited for by 0.4 seconds, then it is silent, as it is for a party that
//! does not send silence. The tracks are read one after the other, and what was stored between the two does not count
//! as lagging: only what the other track had at the last look does. Once the call has ended, the rest comes from its
//! recording.

use std::{io, time::Duration};

use audio::{Encoding, StreamFormat, TooLong, TrackReader, number::wide, pcm16_bytes, wav};
use bytes::Bytes;
use entity::call_track::Track;
use futures_util::{
    TryStreamExt,
    stream::{self, StreamExt},
};
use sea_orm::Iterable;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use super::{
    live::{interleaved, name, opener},
    part::Listening,
    samples::{Samples, samples},
    slice::frame_at,
};
use crate::{
    AudioStream, CallAudio, Error,
    calls::{AudioFormat, CallRef, Status, find},
    database::GrowingChunks,
    finalizer::RECORDING_RATE,
};

/// How often it is looked for more audio, and for the end of the call.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How long a track may lag before it is taken as silent, in samples: 0.4 seconds.
const LAG: u64 = 6_400;
/// The most samples of a track that are rendered at a time: two seconds.
const BLOCK: usize = 32 * 1024;

/// A call that is followed.
struct Followed {
    listening: Listening,
    call: Uuid,
    tracks: Vec<FollowedTrack>,
    /// Frames that have been passed, and before which none are handed out.
    passed: u64,
    from: u64,
    /// Where the track that is ahead had got to at the last look.
    reached_before: u64,
    /// The recording's samples from here on, once the call has ended.
    rest: Option<Samples>,
    _counted: Counted,
}

/// Counts a response that follows a call, until it is dropped.
struct Counted;

impl Counted {
    fn new() -> Self {
        metrics::gauge!("callstore_followed_calls").increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        metrics::gauge!("callstore_followed_calls").decrement(1.0);
    }
}

/// A track of it.
struct FollowedTrack {
    reader: TrackReader<GrowingChunks>,
    /// Samples that were rendered and not handed out.
    ready: Vec<i16>,
    /// Samples of silence that were handed out in advance. As many of those to come are left out.
    ahead: u64,
}

impl FollowedTrack {
    /// Renders what is stored by now, up to a block.
    fn read(&mut self) -> io::Result<()> {
        let mut block = vec![0; BLOCK];
        let count = self.reader.read_ready(&mut block).map_err(|error| io::Error::other(error.to_string()))?;
        let late = wide(count).min(self.ahead);
        self.ahead -= late;
        self.ready.extend(block[..count].iter().skip(usize::try_from(late).unwrap_or(count)));
        Ok(())
    }

    /// The next samples, with silence where there are none.
    fn take(&mut self, count: usize) -> Vec<i16> {
        let mut taken: Vec<i16> = self.ready.drain(..self.ready.len().min(count)).collect();
        self.ahead += wide(count - taken.len());
        taken.resize(count, 0);
        taken
    }
}

impl Listening {
    /// The audio of a call from a second on, or from the end of what is stored, as a WAV file that goes on until the
    /// call ends: two channels, the caller left and the agent right. Its header states no length, since nobody knows
    /// it. Also returns the name under which a listener saves it.
    ///
    /// A call that has ended gives the rest of its recording. The stream fails if the call is deleted.
    ///
    /// # Errors
    /// `CallNotFound`, or a failing database.
    pub async fn follow(&self, call: &CallRef, from: Option<f64>) -> Result<(AudioStream, String), Error> {
        let found = find(self.core.database.readers(), call).await?;
        let from = match from {
            Some(seconds) => frame_at(seconds, RECORDING_RATE, u64::MAX),
            None => self.stored_frames(call).await?,
        };
        let (database, format) = (&self.core.database, AudioFormat::of(&found));
        let mut tracks = Vec::new();
        for track in Track::iter() {
            let chunks = GrowingChunks::new(opener(database), found.id, track, format);
            let rate = format.sample_rate_hz;
            let reader = TrackReader::new(chunks, format.encoding, rate, RECORDING_RATE, u64::MAX);
            tracks.push(FollowedTrack { reader, ready: Vec::new(), ahead: 0 });
        }
        let (listening, call, _counted) = (self.clone(), found.id, Counted::new());
        let followed = Followed { listening, call, tracks, passed: 0, from, reached_before: 0, rest: None, _counted };
        let format = StreamFormat { encoding: Encoding::Pcm16, sample_rate: RECORDING_RATE, channels: 2 };
        let header = wav::stream_header(&format, None);
        let header = header.map_err(|TooLong { .. }| Error::Damaged("the length of a recording"))?;
        let body = stream::try_unfold(followed, |mut followed| async move {
            let next = followed.next().await?;
            Ok::<_, io::Error>(next.map(|bytes| (bytes, followed)))
        });
        Ok((stream::iter([Ok(Bytes::from(header))]).chain(body).boxed(), name(&found)))
    }

    /// How many frames are stored of a call.
    async fn stored_frames(&self, call: &CallRef) -> Result<u64, Error> {
        match self.call_audio(call).await {
            Ok(CallAudio::Recorded(recording, _)) => Ok(recording.frames),
            Ok(CallAudio::Stored(live, _)) => Ok(live.frames()),
            Err(Error::RecordingNotFound) => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// What the recording of the ended call has from a frame on, with two channels.
    async fn rest_of_recording(self, call: Uuid, first: u64) -> Result<Samples, Error> {
        let recording = match self.call_audio(&CallRef::of(call)).await {
            Ok(CallAudio::Recorded(recording, _)) => recording,
            // A call that never had audio.
            Ok(CallAudio::Stored(..)) | Err(Error::RecordingNotFound) => return Ok(stream::empty().boxed()),
            Err(error) => return Err(error),
        };
        if first >= recording.frames {
            return Ok(stream::empty().boxed());
        }
        let frame = 2 * u64::from(recording.channels);
        let part = wav::HEADER_LEN + first * frame..recording.size_bytes;
        let bytes = self.recordings.read(&recording, part, false).await?;
        let rest = samples(bytes, 0, 2 * usize::from(recording.channels));
        if recording.channels == 2 {
            return Ok(rest);
        }
        let is_caller = self.has_track(&recording, Track::Inbound).await?;
        let stereo = rest.map_ok(move |own| {
            let silence = vec![0; own.len()];
            if is_caller { interleaved(&own, &silence) } else { interleaved(&silence, &own) }
        });
        Ok(stereo.boxed())
    }
}

impl Followed {
    /// The next bytes; `None` at the end of the call, and when the service stops.
    async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            if let Some(rest) = &mut self.rest {
                return Ok(rest.try_next().await?.map(|samples| bytes_of(&samples)));
            }
            let call = CallRef::of(self.call);
            let database = self.listening.core.database.clone();
            let is_active = find(database.readers(), &call).await.map_err(io::Error::other)?.status == Status::Active;
            if is_active {
                self.listening.chunks.settle(self.call).await.map_err(io::Error::other)?;
            }
            let tracks = std::mem::take(&mut self.tracks);
            self.tracks = spawn_blocking(move || read(tracks)).await.map_err(io::Error::other)??;
            // Chunks are deleted once a call is completed, so what was read counts only if it is not completed now.
            let found = find(database.readers(), &call).await.map_err(io::Error::other)?;
            let until = match found.status {
                Status::Active => self.settled(),
                Status::Finalizing => 0,
                Status::Completed => {
                    let first = self.passed.max(self.from);
                    let rest = self.listening.clone().rest_of_recording(self.call, first).await;
                    self.rest = Some(rest.map_err(io::Error::other)?);
                    continue;
                }
                // Nothing is added any more, and the chunks stay.
                Status::Failed if self.has_more() => self.reached().max(self.passed),
                Status::Failed => return Ok(None),
            };
            let before = self.passed;
            let samples = self.hand_out(until);
            if !samples.is_empty() {
                return Ok(Some(bytes_of(&samples)));
            }
            // Before the place to begin with, all that is stored is passed at once.
            if self.passed == before && !self.listening.core.background.pause(LOOK_EVERY).await {
                return Ok(None);
            }
        }
    }

    /// Where each track has got to.
    fn ends(&self) -> impl Iterator<Item = u64> {
        self.tracks.iter().map(|track| self.passed + wide(track.ready.len()))
    }

    /// Where the track that is ahead has got to.
    fn reached(&self) -> u64 {
        self.ends().max().unwrap_or(0)
    }

    /// Up to where nobody is waited for.
    fn settled(&mut self) -> u64 {
        let reached = self.reached();
        let before = std::mem::replace(&mut self.reached_before, reached);
        self.ends().min().unwrap_or(0).max(before.saturating_sub(LAG))
    }

    fn has_more(&self) -> bool {
        self.tracks.iter().any(|track| !track.ready.is_empty())
    }

    /// Takes the frames up to a place, and returns those that are wanted.
    fn hand_out(&mut self, until: u64) -> Vec<i16> {
        let count = usize::try_from(until.saturating_sub(self.passed)).unwrap_or(0);
        let taken: Vec<_> = self.tracks.iter_mut().map(|track| track.take(count)).collect();
        let unwanted = self.from.saturating_sub(self.passed).min(wide(count));
        self.passed += wide(count);
        let skip = usize::try_from(unwanted).unwrap_or(count);
        match taken.as_slice() {
            [inbound, outbound] => interleaved(&inbound[skip..], &outbound[skip..]),
            _ => Vec::new(),
        }
    }
}

/// Renders what is stored by now of each track.
fn read(mut tracks: Vec<FollowedTrack>) -> io::Result<Vec<FollowedTrack>> {
    for track in &mut tracks {
        // A track that waits for the other one is not read further.
        if track.ready.len() < BLOCK {
            track.read()?;
        }
    }
    Ok(tracks)
}

fn bytes_of(samples: &[i16]) -> Bytes {
    let mut bytes = Vec::with_capacity(2 * samples.len());
    pcm16_bytes(samples, &mut bytes);
    bytes.into()
}

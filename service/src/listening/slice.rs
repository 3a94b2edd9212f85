//! Parts and single channels of recordings: complete WAV files that exist nowhere, made while they are sent.
//!
//! A byte of such a file lies in a frame, and a frame of it is a frame of the recording. So any range of bytes is read
//! from that range of the recording, whose blocks are compared with their hashes as ever.

use std::ops::Range;

use audio::{TooLong, number::wide, pcm16_bytes, wav};
use bytes::Bytes;
use entity::call_track::{Column, Entity, Track};
use futures_util::{
    TryStreamExt,
    future::ready,
    stream::{self, StreamExt},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

use super::{part::Listening, samples::samples};
use crate::{AudioStream, Error, Recording};

/// Whom to hear of a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// The caller alone; silence if a recording has the agent alone.
    Inbound,
    /// The agent alone; silence if a recording has the caller alone.
    Outbound,
    /// Both in one channel: half the sum of both samples, rounded towards 0, which never clips. A recording with one
    /// channel is that channel, unchanged.
    Mix,
}

/// What to take of a recording; all of it by default.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cut {
    /// The first second; its beginning if `None`.
    pub start: Option<f64>,
    /// The second at which to stop; its end if `None`, or if it ends earlier.
    pub end: Option<f64>,
    /// Whom to hear; everybody, as recorded, if `None`.
    pub channel: Option<Channel>,
}

/// A part of a recording as a WAV file.
#[derive(Clone, Debug)]
pub struct RecordingSlice {
    recording: Recording,
    /// The first sample of each channel, and how many follow from there.
    first: u64,
    frames: u64,
    take: Take,
    header: [u8; 44],
    /// What tells it from other parts of any recording: the same for the same bytes of the same recording.
    pub version: String,
}

/// How a frame of the recording becomes one of the slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    /// As it is.
    All,
    /// The sample with this number.
    One(usize),
    /// Half the sum of both.
    Mix,
    /// A sample of silence.
    Silence,
}

impl Take {
    /// Samples that become `out`, of frames with several channels.
    fn apply(self, samples: &[i16], channels: usize) -> Vec<i16> {
        let frames = samples.chunks_exact(channels);
        match self {
            Self::All => samples.to_vec(),
            Self::One(number) => frames.filter_map(|frame| frame.get(number).copied()).collect(),
            Self::Mix => frames.map(mixed).collect(),
            Self::Silence => vec![0; samples.len() / channels],
        }
    }
}

/// The mean of a frame's samples.
fn mixed(frame: &[i16]) -> i16 {
    let sum: i32 = frame.iter().copied().map(i32::from).sum();
    let count = i32::try_from(frame.len()).unwrap_or(1);
    // The mean of numbers of 16 bits has no more.
    i16::try_from(sum / count.max(1)).unwrap_or(0)
}

impl RecordingSlice {
    /// Size of the file, in bytes.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        wav::HEADER_LEN + self.frames * self.frame()
    }

    /// Bytes of a frame.
    fn frame(&self) -> u64 {
        2 * u64::from(if self.take == Take::All { self.recording.channels } else { 1 })
    }
}

impl Listening {
    /// A part of a recording. `start` and `end` are rounded to the nearest sample.
    ///
    /// # Errors
    /// `Invalid` if no sample is between start and end, or a failing database.
    ///
    /// # Examples
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
    /// # fn main() { example(async |callstore| {
    /// use std::time::Duration;
    ///
    /// use service::{Author, CallRef, Channel, Cut, NewCall, NewChunk, Track};
    ///
    /// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
    /// let call = CallRef::parse(&call.stream_sid).unwrap();
    /// let audio = vec![0xFF; 800];
    /// let chunk = NewChunk { track: Track::Inbound, sequence: None, timestamp_ms: None, audio, format: None };
    /// callstore.chunks.add(&call, chunk, None).await?;
    /// callstore.calls.end(&call, None, Duration::from_secs(30), None).await?;
    ///
    /// let recording = callstore.recordings.list(&call).await?.remove(0).recording;
    /// let cut = Cut { start: Some(0.02), end: Some(0.03), channel: Some(Channel::Inbound) };
    /// let slice = callstore.listening.slice(recording, cut).await?;
    /// // 10 ms are 160 samples of 2 bytes, after a header of 44.
    /// assert_eq!(slice.size_bytes(), 364);
    /// let _bytes = callstore.listening.read_slice(&slice, 0..364, false).await?;
    /// # Ok(()) }) }
    /// ```
    pub async fn slice(&self, recording: Recording, cut: Cut) -> Result<RecordingSlice, Error> {
        let place = |seconds: f64| frame_at(seconds, recording.sample_rate_hz, recording.frames);
        let (first, end) = (cut.start.map_or(0, place), cut.end.map_or(recording.frames, place));
        if cut.start.is_some_and(|start| cut.end.is_some_and(|end| end <= start)) {
            return Err(Error::invalid("/end", "The end must be after the start."));
        }
        if first >= end && recording.frames > 0 {
            let seconds = crate::calls::samples_to_seconds(recording.frames, recording.sample_rate_hz);
            let detail =
                format!("No sample is between start and end. The recording has {seconds} seconds of 16,000 samples.");
            return Err(Error::invalid("/start", detail));
        }
        let take = match (cut.channel, recording.channels) {
            (None, _) | (Some(Channel::Mix), 1) => Take::All,
            (Some(Channel::Mix), _) => Take::Mix,
            (Some(Channel::Inbound), 2) => Take::One(0),
            (Some(Channel::Outbound), 2) => Take::One(1),
            (Some(Channel::Inbound), _) => self.own(&recording, Track::Inbound).await?,
            (Some(Channel::Outbound), _) => self.own(&recording, Track::Outbound).await?,
        };
        let frames = end - first;
        let channels = if take == Take::All { recording.channels } else { 1 };
        let header = wav::header(recording.sample_rate_hz, channels, frames);
        let header = header.map_err(|TooLong { .. }| Error::Damaged("the length of a recording"))?;
        let version = format!("{}-{first}-{frames}-{}", recording.sha256, take.name());
        Ok(RecordingSlice { recording, first, frames, take, header, version })
    }

    /// Reads a range of a slice's bytes. With `head`, only checks that the recording is there.
    ///
    /// # Errors
    /// As [`Recordings::read`](crate::Recordings::read).
    pub async fn read_slice(&self, slice: &RecordingSlice, part: Range<u64>, head: bool) -> Result<AudioStream, Error> {
        let (frame, channels) = (slice.frame(), slice.recording.channels);
        let header = wav::HEADER_LEN;
        let head_bytes = slice.header.get(place(part.start)..place(part.end.min(header))).unwrap_or_default();
        let head_bytes = Bytes::copy_from_slice(head_bytes);
        let data = part.start.saturating_sub(header)..part.end.saturating_sub(header);
        if data.is_empty() && !head {
            // The header says nothing of what was said, but a recording that is gone has no parts.
            let _there = self.recordings.read(&slice.recording, 0..1, true).await?;
            return Ok(stream::iter([Ok(head_bytes)]).boxed());
        }
        let frames = data.start / frame..data.end.div_ceil(frame);
        let own = 2 * u64::from(channels);
        let source = |number: u64| header + (slice.first + number) * own;
        let bytes = self.recordings.read(&slice.recording, source(frames.start)..source(frames.end), head).await?;
        if head {
            return Ok(bytes);
        }
        let (take, channels) = (slice.take, usize::from(channels));
        let taken = samples(bytes, 0, 2 * channels).map_ok(move |samples| {
            let mut bytes = Vec::new();
            pcm16_bytes(&take.apply(&samples, channels), &mut bytes);
            Bytes::from(bytes)
        });
        let body = trimmed(taken.boxed(), data.start - frames.start * frame, data.end - data.start);
        Ok(stream::iter([Ok(head_bytes)]).chain(body).try_filter(|bytes| ready(!bytes.is_empty())).boxed())
    }

    /// What a recording with one channel has of a track: that channel, or silence.
    async fn own(&self, recording: &Recording, track: Track) -> Result<Take, Error> {
        Ok(if self.has_track(recording, track).await? { Take::All } else { Take::Silence })
    }

    /// Whether a track of a recording has audio.
    pub(super) async fn has_track(&self, recording: &Recording, track: Track) -> Result<bool, Error> {
        let found = Entity::find()
            .filter(Column::CallId.eq(recording.call_id))
            .filter(Column::Track.eq(track))
            .filter(Column::Summary.is_not_null());
        Ok(found.one(self.core.database.readers()).await?.is_some())
    }
}

impl Take {
    fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::One(0) => "first",
            Self::One(_) => "second",
            Self::Mix => "mix",
            Self::Silence => "silence",
        }
    }
}

/// The frame nearest to a time, at most `frames`.
pub(super) fn frame_at(seconds: f64, rate: u32, frames: u64) -> u64 {
    let place = (seconds * f64::from(rate)).round();
    if place >= audio::number::real(frames) {
        return frames;
    }
    #[expect(clippy::as_conversions, reason = "it is between 0 and a number of frames")]
    {
        place.max(0.0) as u64
    }
}

/// A place in the header.
fn place(byte: u64) -> usize {
    usize::try_from(byte).unwrap_or(usize::MAX)
}

/// Leaves out the first bytes of a stream, and all after `length` more.
pub(super) fn trimmed(bytes: AudioStream, skip: u64, length: u64) -> AudioStream {
    let mut left = (skip, length);
    let cut = bytes.map_ok(move |bytes| {
        let (skip, length) = &mut left;
        let skipped = wide(bytes.len()).min(*skip);
        let kept = (wide(bytes.len()) - skipped).min(*length);
        *skip -= skipped;
        *length -= kept;
        bytes.slice(place(skipped)..place(skipped + kept))
    });
    cut.boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rounded_to_the_nearest_sample() {
        let at = |seconds| frame_at(seconds, 16_000, 1_000);
        assert_eq!(
            [0.0, 1.0 / 32_001.0, 1.0 / 31_999.0, 0.01, 0.0625, 0.07, 1e12].map(at),
            [0, 0, 1, 160, 1000, 1000, 1000]
        );
    }

    #[test]
    fn a_mix_is_half_the_sum_and_never_clips() {
        for (frame, wanted) in [([i16::MAX; 2], i16::MAX), ([i16::MIN; 2], i16::MIN), ([3, 0], 1), ([-3, 0], -1)] {
            assert_eq!(Take::Mix.apply(&frame, 2), [wanted]);
        }
        assert_eq!(Take::One(1).apply(&[1, 2, 3, 4], 2), [2, 4]);
    }
}

//! Reads one track of a recording, from its stored chunks to samples at the recording's rate, piece by piece.
#![expect(clippy::as_conversions, reason = "lengths are of 64 bits, or of buffers that memory holds")]

use crate::{Encoding, OddLength, Resampler, Timeline, decode_into, resampled_len};

/// Samples gathered at a time, before resampling.
const BLOCK: usize = 4096;

/// A stored chunk of a track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Start of the chunk, in milliseconds since the start of the stream, if known.
    pub timestamp_ms: Option<u32>,
    /// Its encoded samples.
    pub bytes: Vec<u8>,
}

/// Why a track could not be read further.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The source of the chunks failed.
    #[error("the track's chunks cannot be read")]
    Chunks(#[source] E),
    /// A chunk ends within a sample.
    #[error(transparent)]
    OddLength(#[from] OddLength),
}

/// Decodes, lays out, resamples and pads one track while it is read.
///
///
/// The finalizer reads two of them in lockstep. Memory is bounded by the largest chunk, however long the track and its
/// gaps are.
#[derive(Debug)]
pub struct TrackReader<I> {
    chunks: I,
    encoding: Encoding,
    timeline: Timeline,
    resampler: Resampler,
    /// Total length of the track, in samples at its own rate.
    total: u64,
    /// Samples passed to the resampler so far.
    pushed: u64,
    /// Samples of silence still to be output before `chunk`.
    silence: u64,
    chunk: Vec<u8>,
    block: Vec<i16>,
    ready: Vec<i16>,
    /// Number of samples of `ready` already handed out.
    taken: usize,
    finished: bool,
}

impl<I, E> TrackReader<I>
where
    I: Iterator<Item = Result<Chunk, E>>,
{
    /// A track whose chunks are ordered by (timestamp, sequence), or by sequence if there are no timestamps.
    ///
    ///
    /// The track is padded with silence or cut off to `total` samples at `from_hz`.
    ///
    /// # Panics
    /// If a rate is 0.
    pub fn new(chunks: I, encoding: Encoding, from_hz: u32, to_hz: u32, total: u64) -> Self {
        Self {
            chunks,
            encoding,
            timeline: Timeline::new(from_hz),
            resampler: Resampler::new(from_hz, to_hz),
            total,
            pushed: 0,
            silence: 0,
            chunk: Vec::new(),
            block: Vec::with_capacity(BLOCK),
            ready: Vec::with_capacity(resampled_len(2 * BLOCK as u64, from_hz, to_hz) as usize),
            taken: 0,
            finished: false,
        }
    }

    /// Fills `out` with the track's next samples at `to_hz`, and returns their number.
    ///
    ///
    /// It is smaller than `out` only at the end of the track, which is after `resampled_len(total)` samples, and 0 from
    /// then on.
    ///
    /// # Errors
    /// If the source of the chunks fails, or a chunk does not hold whole samples. The track cannot be read further
    /// after an error.
    pub fn read(&mut self, out: &mut [i16]) -> Result<usize, ReadError<E>> {
        let mut filled = 0;
        while filled < out.len() {
            if self.taken == self.ready.len() {
                if self.finished {
                    break;
                }
                self.refill()?;
            }
            let count = (out.len() - filled).min(self.ready.len() - self.taken);
            out[filled..filled + count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
            filled += count;
            self.taken += count;
        }
        Ok(filled)
    }

    /// Fills `out` with the samples that follow from the chunks so far, and returns their number. Unlike
    /// [`read`](Self::read), the end of the chunks is not that of the track: once there are more, it goes on. The last
    /// samples, on which those to come still have an influence, are held back.
    ///
    /// For a track whose length is not known yet, `total` is then `u64::MAX`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn read_ready(&mut self, out: &mut [i16]) -> Result<usize, ReadError<E>> {
        let mut filled = 0;
        loop {
            let count = (out.len() - filled).min(self.ready.len() - self.taken);
            out[filled..filled + count].copy_from_slice(&self.ready[self.taken..self.taken + count]);
            filled += count;
            self.taken += count;
            if filled == out.len() {
                return Ok(filled);
            }
            self.ready.clear();
            self.taken = 0;
            self.block.clear();
            let more = self.gather()?;
            self.push_block();
            if !more && self.ready.is_empty() {
                return Ok(filled);
            }
        }
    }

    /// The layout so far; complete once [`read`](Self::read) has reached the end.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// Resamples the next block, or flushes the resampler at the end. May leave `ready` empty.
    fn refill(&mut self) -> Result<(), ReadError<E>> {
        self.ready.clear();
        self.taken = 0;
        self.block.clear();
        let more = self.gather()?;
        let wanted = usize::try_from(self.total - self.pushed).unwrap_or(usize::MAX);
        self.block.truncate(wanted);
        self.push_block();
        if !more {
            self.pad_block();
            if self.pushed == self.total {
                self.resampler.finish(&mut self.ready);
                self.finished = true;
            }
        }
        Ok(())
    }

    /// Lays out silence and chunks until the block is full. Returns false when there are no more chunks.
    fn gather(&mut self) -> Result<bool, ReadError<E>> {
        while self.block.len() < BLOCK {
            if self.silence > 0 {
                let room = BLOCK - self.block.len();
                let count = usize::try_from(self.silence).map_or(room, |silence| silence.min(room));
                self.block.resize(self.block.len() + count, 0);
                self.silence -= count as u64;
            } else if !self.chunk.is_empty() {
                decode_into(self.encoding, &self.chunk, &mut self.block)?;
                self.chunk.clear();
            } else {
                match self.chunks.next() {
                    Some(chunk) => self.place(chunk.map_err(ReadError::Chunks)?)?,
                    None => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    /// Places a chunk and keeps the part that the track does not have yet.
    fn place(&mut self, chunk: Chunk) -> Result<(), OddLength> {
        let width = self.encoding.bytes_per_sample();
        let Chunk { timestamp_ms, mut bytes } = chunk;
        if !bytes.len().is_multiple_of(width) {
            return Err(OddLength { bytes: bytes.len() });
        }
        let placement = self.timeline.place(timestamp_ms, (bytes.len() / width) as u64);
        // Silence beyond the track's end would be cut off again.
        let wanted = self.total.saturating_sub(self.pushed + self.block.len() as u64);
        self.silence = placement.silence.min(wanted);
        bytes.drain(..placement.skip as usize * width);
        self.chunk = bytes;
        Ok(())
    }

    /// After the last chunk: appends up to a block of silence, until the track has its total length.
    fn pad_block(&mut self) {
        let rest = self.total - self.pushed;
        if rest > 0 {
            self.block.clear();
            self.block.resize(usize::try_from(rest).map_or(BLOCK, |rest| rest.min(BLOCK)), 0);
            self.push_block();
        }
    }

    fn push_block(&mut self) {
        self.resampler.push(&self.block, &mut self.ready);
        self.pushed += self.block.len() as u64;
    }
}

//! Packs chunks into rows. A row holds either one chunk, or several of a track that have consecutive sequence numbers,
//! the same length, and contiguous timestamps. The chunks of such a row can be told apart again by arithmetic.
//!
//! Fifty chunks of 20 ms a second become one row of 64 chunks, which is 10 KiB of mu-law: a page per row and not per
//! chunk. What cannot be told apart by arithmetic is not joined, so a row needs no list of its chunks:
//!
//! ```text
//! first_sequence = 128, last_sequence = 130, timestamp = 2560, data = 480 bytes
//!   -> chunk 128 at 2560 ms: bytes 0..160
//!      chunk 129 at 2580 ms: bytes 160..320
//!      chunk 130 at 2600 ms: bytes 320..480
//! ```

use std::{collections::BTreeMap, ops::Range};

use audio::number::{index, wide};
use entity::audio_chunk::ActiveModel;
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::{NewChunk, Track};
use crate::calls::AudioFormat;

/// Most chunks per row.
pub(crate) const ROW_MAX_CHUNKS: u32 = 64;
/// Most bytes in a row of several chunks.
const ROW_MAX_BYTES: usize = 32 * 1024;

/// A row of one or more chunks.
///
/// The same shape in the journal, in memory and in `audio_chunk`. `audio` is the chunks' bytes in order, all of one
/// length unless there is only one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChunkRow {
    pub call: Uuid,
    pub track: Track,
    /// The call's format.
    pub format: AudioFormat,
    pub first_sequence: u32,
    /// Number of chunks in the row.
    pub chunks: u32,
    /// Timestamp of the first chunk.
    pub timestamp_ms: Option<u32>,
    pub audio: Vec<u8>,
}

/// A row's metadata, from which the position of each of its chunks is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RowShape {
    pub first_sequence: u32,
    pub chunks: u32,
    pub timestamp_ms: Option<u32>,
    /// Bytes of each chunk.
    pub chunk_bytes: usize,
    /// Duration of each chunk. Exact if the row has timestamps and several chunks, since only those of whole
    /// milliseconds are packed.
    chunk_ms: u32,
}

impl RowShape {
    /// The shape of a stored row.
    pub(crate) fn new(first: u32, last: u32, timestamp_ms: Option<u32>, bytes: usize, format: AudioFormat) -> Self {
        let chunks = last - first + 1;
        let chunk_bytes = bytes / index(chunks);
        let chunk_ms = whole_ms(chunk_bytes, format).unwrap_or_default();
        Self { first_sequence: first, chunks, timestamp_ms, chunk_bytes, chunk_ms }
    }

    /// Timestamp of the row's chunk `index`.
    pub(crate) fn timestamp_ms(&self, index: u32) -> Option<u32> {
        self.timestamp_ms.map(|first| first + index * self.chunk_ms)
    }

    /// The byte range of the row's chunk `number`.
    pub(crate) fn bytes(&self, number: u32) -> Range<usize> {
        let from = index(number) * self.chunk_bytes;
        from..from + self.chunk_bytes
    }
}

impl ChunkRow {
    pub(crate) fn last_sequence(&self) -> u32 {
        self.first_sequence + (self.chunks - 1)
    }

    pub(crate) fn shape(&self) -> RowShape {
        RowShape::new(self.first_sequence, self.last_sequence(), self.timestamp_ms, self.audio.len(), self.format)
    }

    /// Appends the chunks of the next row if they fit. Returns whether it did.
    ///
    /// Used where rows of several requests meet: on the way out of the journal, and within one transaction. The result
    /// is the same as if all chunks had come in one request.
    fn join(&mut self, next: &Self) -> bool {
        let shape = self.shape();
        let follows = next.first_sequence == self.last_sequence() + 1
            && next.audio.len() == shape.chunk_bytes * index(next.chunks)
            && self.chunks + next.chunks <= ROW_MAX_CHUNKS
            && self.audio.len() + next.audio.len() <= ROW_MAX_BYTES;
        let stands = match (self.timestamp_ms, next.timestamp_ms) {
            (None, None) => true,
            (Some(_), Some(next)) => {
                whole_ms(shape.chunk_bytes, self.format).is_some() && shape.timestamp_ms(self.chunks) == Some(next)
            }
            _ => false,
        };
        if follows && stands {
            self.audio.extend_from_slice(&next.audio);
            self.chunks += next.chunks;
        }
        follows && stands
    }

    pub(crate) fn into_model(self) -> ActiveModel {
        ActiveModel {
            call_id: Set(self.call),
            track: Set(self.track),
            first_sequence: Set(stored_integer(self.first_sequence)),
            last_sequence: Set(stored_integer(self.last_sequence())),
            timestamp: Set(self.timestamp_ms.map(stored_integer)),
            data: Set(self.audio),
        }
    }
}

/// Packs a track's new chunks, given with their sequence numbers, into as few rows as possible. Copies their audio.
///
/// Chunks of unequal length or with a gap in time begin a new row. A client that sends irregular chunks therefore pays
/// with more rows, and with nothing else.
pub(crate) fn pack(
    call: Uuid,
    track: Track,
    format: AudioFormat,
    mut chunks: Vec<(u32, &NewChunk)>,
    rows: &mut Vec<ChunkRow>,
) {
    chunks.sort_unstable_by_key(|(sequence, _)| *sequence);
    let follows = |(sequence, chunk): &(u32, &NewChunk), (next_sequence, next): &(u32, &NewChunk)| {
        let bytes = chunk.audio.len();
        let stands = match (chunk.timestamp_ms, next.timestamp_ms) {
            (None, None) => true,
            (Some(at), Some(next)) => whole_ms(bytes, format).is_some_and(|duration| at + duration == next),
            _ => false,
        };
        *next_sequence == sequence + 1 && next.audio.len() == bytes && stands
    };
    for run in chunks.chunk_by(follows) {
        let Some((_, first)) = run.first() else { continue };
        let most = (ROW_MAX_BYTES / first.audio.len().max(1)).clamp(1, index(ROW_MAX_CHUNKS));
        for part in run.chunks(most) {
            let Some(&(first_sequence, first)) = part.first() else { continue };
            let mut audio = Vec::with_capacity(first.audio.len() * part.len());
            part.iter().for_each(|(_, chunk)| audio.extend_from_slice(&chunk.audio));
            let chunks = u32::try_from(part.len()).unwrap_or(ROW_MAX_CHUNKS);
            let timestamp_ms = first.timestamp_ms;
            rows.push(ChunkRow { call, track, format, first_sequence, chunks, timestamp_ms, audio });
        }
    }
}

/// Packs a track's rows into as few as possible.
fn gather(mut rows: Vec<ChunkRow>) -> Vec<ChunkRow> {
    if rows.len() < 2 {
        return rows;
    }
    rows.sort_by_key(|row| row.first_sequence);
    let mut gathered: Vec<ChunkRow> = Vec::new();
    for row in rows {
        if !gathered.last_mut().is_some_and(|last| last.join(&row)) {
            gathered.push(row);
        }
    }
    gathered
}

/// Packs rows of any tracks, track by track.
pub(crate) fn gather_tracks(rows: Vec<ChunkRow>) -> Vec<ChunkRow> {
    let mut tracks: BTreeMap<(Uuid, Track), Vec<ChunkRow>> = BTreeMap::new();
    for row in rows {
        tracks.entry((row.call, row.track)).or_default().push(row);
    }
    tracks.into_values().flat_map(gather).collect()
}

/// Duration of `bytes`, if it is a whole number of milliseconds.
fn whole_ms(bytes: usize, format: AudioFormat) -> Option<u32> {
    let thousandths = format.samples(wide(bytes)) * 1000;
    let rate = u64::from(format.sample_rate_hz);
    (thousandths.is_multiple_of(rate)).then(|| u32::try_from(thousandths / rate).ok()).flatten()
}

/// A sequence number or timestamp for the database. Never saturates: both were checked against limits that fit.
pub(crate) fn stored_integer(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_chunks_are_packed_into_the_rows_that_joining_gives() {
        let format = AudioFormat::default();
        let chunk = |timestamp_ms: Option<u32>, bytes: usize, fill: u8| {
            let audio = vec![fill; bytes];
            NewChunk { track: Track::Inbound, sequence: None, timestamp_ms, audio, format: None }
        };
        // Sequence number, timestamp, and bytes: out of order, with holes, other lengths, and more than fits in a row.
        let mut given: Vec<(u32, Option<u32>, usize)> =
            vec![(3, Some(60), 160), (2, Some(40), 160), (4, Some(90), 160)];
        given.extend([(5, Some(110), 80), (7, Some(130), 80), (8, None, 80), (9, None, 80), (10, None, 81)]);
        given.extend((20..220).map(|sequence| (sequence, Some(20 * sequence), 160)));
        given.extend((300..306).map(|sequence| (sequence, None, 12 * 1024)));
        given.extend((400..403).map(|sequence| (sequence, None, 40 * 1024)));
        let chunks: Vec<_> = given
            .iter()
            .map(|&(sequence, at, bytes)| (sequence, chunk(at, bytes, sequence.to_le_bytes()[0])))
            .collect();
        let (call, track) = (Uuid::from_u128(7), Track::Inbound);
        let single = |(first_sequence, chunk): &(u32, NewChunk)| {
            let (timestamp_ms, audio) = (chunk.timestamp_ms, chunk.audio.clone());
            ChunkRow { call, track, format, first_sequence: *first_sequence, chunks: 1, timestamp_ms, audio }
        };
        let joined = gather(chunks.iter().map(single).collect());
        let mut packed = Vec::new();
        pack(call, track, format, chunks.iter().map(|(sequence, chunk)| (*sequence, chunk)).collect(), &mut packed);
        assert!(packed == joined && packed.len() < chunks.len(), "{} and {} rows", packed.len(), joined.len());
    }
}

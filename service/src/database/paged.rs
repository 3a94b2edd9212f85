//! A track's chunks for readers that take their time: in pages, between which no query stays open, and which go on
//! where a call goes on.

use std::collections::VecDeque;

use entity::call_track::Track;
use sea_orm::DbErr;
use uuid::Uuid;

use super::chunks::{ChunkOrder, ChunkReader, OneByOne, StoredRow};
use crate::{calls::AudioFormat, chunks::ROW_MAX_CHUNKS};

/// Before the first row. Stored values are never negative.
const BEGINNING: (i32, i32) = (-1, -1);

/// Opens a reader for one page. A reader that takes its time holds no connection meanwhile.
pub(crate) type OpenChunks = Box<dyn Fn() -> Result<ChunkReader, DbErr> + Send>;

/// The rows of a track, page by page.
struct PagedRows {
    open: OpenChunks,
    about: (Uuid, Track, AudioFormat),
    order: ChunkOrder,
    page: VecDeque<StoredRow>,
    after: (i32, i32),
}

impl Iterator for PagedRows {
    type Item = Result<StoredRow, DbErr>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() {
            let (call, track, format) = self.about;
            let read = (self.open)().and_then(|reader| reader.page(call, track, format, self.order, self.after));
            match read {
                Ok(page) => self.page = page.into(),
                Err(error) => return Some(Err(error)),
            }
        }
        let row = self.page.pop_front()?;
        self.after = key(&row);
        Some(Ok(row))
    }
}

/// The key of a row, after which the next ones come.
fn key(row: &StoredRow) -> (i32, i32) {
    let number = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    (row.shape.timestamp_ms(0).map_or(0, number), number(row.shape.first_sequence))
}

/// All chunks of a track that are stored when they are reached, in the order in which a recording has them.
pub(crate) struct PagedChunks(OneByOne<PagedRows>);

impl PagedChunks {
    /// Reads a track from its beginning.
    pub(crate) fn new(open: OpenChunks, call: Uuid, track: Track, format: AudioFormat, order: ChunkOrder) -> Self {
        let about = (call, track, format);
        Self(OneByOne::new(PagedRows { open, about, order, page: VecDeque::new(), after: BEGINNING }, order))
    }
}

impl Iterator for PagedChunks {
    type Item = Result<audio::Chunk, DbErr>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(
            self.0.next()?.map(|(shape, index, bytes)| audio::Chunk { timestamp_ms: shape.timestamp_ms(index), bytes }),
        )
    }
}

/// The chunks of a track of a live call, by sequence number. After its end, which is `None`, it goes on once more are
/// stored. What is stored late, with a lower number than one that was read, is left out.
pub(crate) struct GrowingChunks {
    open: OpenChunks,
    about: (Uuid, Track, AudioFormat),
    /// Chunks that were read and not handed out.
    ready: VecDeque<audio::Chunk>,
    /// The last sequence number that was read.
    last: Option<u32>,
}

impl GrowingChunks {
    /// Reads a track from its beginning.
    pub(crate) fn new(open: OpenChunks, call: Uuid, track: Track, format: AudioFormat) -> Self {
        Self { open, about: (call, track, format), ready: VecDeque::new(), last: None }
    }

    /// Reads the next chunks, if there are any. A row may have got more chunks since it was read, so rows that may have
    /// reached beyond the last number are read again.
    fn read(&mut self) -> Result<(), DbErr> {
        let (call, track, format) = self.about;
        let from = self.last.and_then(|last| i32::try_from(last.checked_sub(ROW_MAX_CHUNKS)?).ok());
        let mut after = (-1, from.unwrap_or(-1));
        let reader = (self.open)()?;
        while self.ready.is_empty() {
            let page = reader.page(call, track, format, ChunkOrder::Sequence, after)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = key(last);
            for row in page {
                let shape = row.shape;
                for index in 0..shape.chunks {
                    let sequence = shape.first_sequence + index;
                    if self.last.is_none_or(|last| sequence > last) {
                        let bytes = row.audio.get(shape.bytes(index)).map(<[u8]>::to_vec).unwrap_or_default();
                        self.ready.push_back(audio::Chunk { timestamp_ms: shape.timestamp_ms(index), bytes });
                        self.last = Some(sequence);
                    }
                }
            }
        }
        Ok(())
    }
}

impl Iterator for GrowingChunks {
    type Item = Result<audio::Chunk, DbErr>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ready.is_empty()
            && let Err(error) = self.read()
        {
            return Some(Err(error));
        }
        self.ready.pop_front().map(Ok)
    }
}

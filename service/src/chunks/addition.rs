//! Sorts a request's chunks for one track into new ones, duplicates, and conflicts with stored ones.

use std::collections::{BTreeSet, HashMap};

use entity::audio_chunk::{Column, Entity};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    ChunkStored, NewChunk, Track,
    append::not_samples,
    rows::{ChunkRow, ROW_MAX_CHUNKS, RowShape, gather},
};
use crate::{
    Error,
    calls::AudioFormat,
    limits::SEQUENCE_MAX,
    writer::{Batch, LiveTrack, State, StoredTrack},
};

/// The chunks that a request adds to a track, and what is known of the stored ones.
pub(super) struct Addition {
    call: Uuid,
    pub track: Track,
    next: u32,
    /// Whether the track's chunks have timestamps; `None` while it has no chunks.
    timestamps: Option<bool>,
    /// Stored chunks with sequence numbers of the request: timestamp and audio by sequence number.
    known: HashMap<u32, (Option<u32>, Vec<u8>)>,
    /// The new chunks, one per row.
    rows: Vec<ChunkRow>,
    duplicates: i64,
}

impl Addition {
    /// For chunks after all stored ones. No query is needed.
    pub fn after(call: Uuid, track: Track, stored: LiveTrack) -> Self {
        let (next, timestamps) = match stored {
            LiveTrack::Stored(StoredTrack { next, timestamps }) => (next, Some(timestamps)),
            LiveTrack::Empty | LiveTrack::Unknown => (0, None),
        };
        Self { call, track, next, timestamps, known: HashMap::new(), rows: Vec::new(), duplicates: 0 }
    }

    /// For any chunks. Reads the stored ones with the same sequence numbers.
    pub async fn load(
        batch: &mut Batch,
        call: Uuid,
        track: Track,
        format: AudioFormat,
        chunks: &[NewChunk],
    ) -> Result<Self, DbErr> {
        let mut addition = Self::after(call, track, batch.track(call, track).await?);
        let named = chunks.iter().filter(|chunk| chunk.track == track).filter_map(|chunk| chunk.sequence);
        let named: BTreeSet<u32> = named.filter(|&sequence| sequence < addition.next).collect();
        if !named.is_empty() {
            addition.known = known_chunks(batch, call, track, format, &named).await?;
        }
        Ok(addition)
    }

    /// Whether a chunk comes after all chunks of the track so far.
    pub fn comes_next(&self, chunk: &NewChunk) -> bool {
        chunk.sequence.is_none_or(|sequence| sequence >= self.next)
    }

    /// Assigns a sequence number to a chunk, and gathers it unless it is a duplicate.
    pub fn take(
        &mut self,
        chunk: NewChunk,
        format: AudioFormat,
        pointer: impl Fn(&str) -> String,
    ) -> Result<ChunkStored, Error> {
        let sequence = chunk.sequence.unwrap_or(self.next);
        if sequence > SEQUENCE_MAX {
            return Err(Error::invalid(
                pointer("sequence"),
                "The track has a chunk with the largest sequence, 2,147,483,647. Send an explicit sequence.",
            ));
        }
        let bytes = chunk.audio.len();
        let duration = format.seconds(bytes as u64);
        let stored = ChunkStored { track: chunk.track, sequence, bytes, duration, duplicate: false };
        if let Some(same) = self.is_known(sequence, &chunk) {
            if !same {
                return Err(Error::ChunkConflict { pointer: pointer("sequence"), sequence });
            }
            self.duplicates += 1;
            return Ok(ChunkStored { duplicate: true, ..stored });
        }
        if self.timestamps.is_none()
            && let Some(container) = audio::sniff::leading_container(&chunk.audio)
        {
            return Err(Error::invalid(pointer("audio"), not_samples(container)));
        }
        let given = chunk.timestamp_ms.is_some();
        if *self.timestamps.get_or_insert(given) != given {
            let detail = if given {
                "Earlier chunks of this track have no timestamp. Send one with every chunk of a track, or with none."
            } else {
                "Earlier chunks of this track have timestamps. Send one with every chunk of a track, or with none."
            };
            return Err(Error::invalid(pointer("timestamp"), detail));
        }
        self.next = self.next.max(sequence + 1);
        self.rows.push(ChunkRow {
            call: self.call,
            track: self.track,
            format,
            first_sequence: sequence,
            chunks: 1,
            timestamp_ms: chunk.timestamp_ms,
            audio: chunk.audio,
        });
        Ok(stored)
    }

    /// Whether a sequence number is taken, and if so, whether by the same chunk.
    fn is_known(&self, sequence: u32, chunk: &NewChunk) -> Option<bool> {
        if sequence >= self.next {
            return None;
        }
        let same = |timestamp, audio: &Vec<u8>| timestamp == chunk.timestamp_ms && *audio == chunk.audio;
        if let Some(row) = self.rows.iter().find(|row| row.first_sequence == sequence) {
            return Some(same(row.timestamp_ms, &row.audio));
        }
        self.known.get(&sequence).map(|(timestamp, audio)| same(*timestamp, audio))
    }

    /// Number of duplicates.
    pub fn duplicates(&self) -> i64 {
        self.duplicates
    }

    /// Hands the new chunks to the writer.
    pub fn add_to(self, state: &mut State) {
        let stored = StoredTrack { next: self.next, timestamps: self.timestamps.unwrap_or_default() };
        state.add_chunks(self.call, self.track, gather(self.rows), stored);
    }
}

/// Chunks of a track with these sequence numbers, stored or gathered in this transaction.
async fn known_chunks(
    batch: &Batch,
    call: Uuid,
    track: Track,
    format: AudioFormat,
    named: &BTreeSet<u32>,
) -> Result<HashMap<u32, (Option<u32>, Vec<u8>)>, DbErr> {
    let mut known = HashMap::new();
    let mut keep = |shape: RowShape, audio: &[u8]| {
        for index in 0..shape.chunks {
            let sequence = shape.first_sequence + index;
            if named.contains(&sequence) {
                known.insert(sequence, (shape.timestamp_ms(index), audio[shape.bytes(index)].to_vec()));
            }
        }
    };
    for (from, to) in stretches(named) {
        for row in batch.recent(call, track, from, to) {
            keep(row.shape(), &row.audio);
        }
        let rows = Entity::find()
            .filter(Column::CallId.eq(call))
            .filter(Column::Track.eq(track))
            // A row that holds `from` may begin before it.
            .filter(Column::FirstSequence.gt(i64::from(from) - i64::from(ROW_MAX_CHUNKS)))
            .filter(Column::FirstSequence.lte(to))
            .filter(Column::LastSequence.gte(from))
            .all(batch.transaction())
            .await?;
        for row in rows {
            let (first, last) = (row.first_sequence.unsigned_abs(), row.last_sequence.unsigned_abs());
            let timestamp = row.timestamp.map(i32::unsigned_abs);
            keep(RowShape::new(first, last, timestamp, row.data.len(), format), &row.data);
        }
    }
    Ok(known)
}

/// Groups sequence numbers into ranges. Holes no longer than a row do not split a range, which saves queries.
fn stretches(named: &BTreeSet<u32>) -> Vec<(u32, u32)> {
    let mut stretches: Vec<(u32, u32)> = Vec::new();
    for &sequence in named {
        match stretches.last_mut() {
            Some((_, to)) if sequence - *to <= ROW_MAX_CHUNKS => *to = sequence,
            _ => stretches.push((sequence, sequence)),
        }
    }
    stretches
}

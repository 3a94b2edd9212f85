//! The rule about chunks: which are new, which are duplicates, and when a request is refused. It is written once, over
//! what is known of the call, whether the writer remembers that or reads it from the database. A call that has ended is
//! known to neither: [`Batch::active_call`] refuses its chunks.
//!
//! The rule, in the order in which [`Decision::decide`] applies it:
//!
//! | a chunk | becomes |
//! | --- | --- |
//! | in another format than the call's, or half a sample | the request is refused |
//! | whose number is stored with the same audio and timestamp | a duplicate: counted, and not stored again |
//! | whose number is stored with anything else | a conflict: the request is refused |
//! | that would be its track's first, and begins like a file | refused: it is not bare samples |
//! | with a timestamp where its track has none, or the reverse | refused |
//! | otherwise | new; without a number it gets the next one |
//!
//! A request is decided as a whole before any of it is stored. Its own chunks count as stored for the later ones among
//! them.

use std::collections::{BTreeSet, HashMap};

use audio::Encoding;
use audio::number::wide;
use entity::audio_chunk::{Column, Entity};
use sea_orm::{ColumnTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::{
    ChunkStored, NewChunk, Track,
    model::not_samples,
    rows::{ROW_MAX_CHUNKS, RowShape},
    track_index,
};
use crate::{
    CallRef, Error,
    calls::AudioFormat,
    limits::SEQUENCE_MAX,
    writer::{Batch, CachedCall, CachedTrack, State, StoredTrack},
};

/// A request's chunks, and what is known of the call that they are for.
pub(super) struct Decision<'c> {
    chunks: &'c [NewChunk],
    call: Uuid,
    format: AudioFormat,
    /// The tracks that get chunks.
    tracks: [Option<KnownTrack<'c>>; 2],
}

/// What is known of a track, and the chunks that it gets.
///
/// Changes while chunks are decided, and ends as the state of the track after the request.
struct KnownTrack<'c> {
    /// One more than the largest sequence number so far.
    next: u32,
    /// Whether the track's chunks have timestamps; `None` while it has no chunks.
    timestamps: Option<bool>,
    /// Stored chunks with sequence numbers of the request: timestamp and audio by sequence number.
    stored: HashMap<u32, (Option<u32>, Vec<u8>)>,
    /// The new chunks, with their sequence numbers.
    new: Vec<(u32, &'c NewChunk)>,
    duplicates: i64,
}

impl<'c> Decision<'c> {
    /// Over what the writer remembers. `None` if that does not suffice: a track is not remembered, or a chunk does not
    /// come after all stored ones.
    pub(super) fn from_memory(cached: &mut CachedCall, chunks: &'c [NewChunk]) -> Option<Self> {
        let mut tracks = [None, None];
        for chunk in chunks {
            let track = &mut tracks[track_index(chunk.track)];
            let track = match track {
                Some(track) => track,
                None => track.insert(match *cached.track(chunk.track) {
                    CachedTrack::Unknown => return None,
                    CachedTrack::Empty => KnownTrack::after(None),
                    CachedTrack::Stored(end) => KnownTrack::after(Some(end)),
                }),
            };
            if chunk.sequence.is_some_and(|sequence| sequence < track.next) {
                return None;
            }
        }
        Some(Self { chunks, call: cached.id, format: cached.format, tracks })
    }

    /// Over what the database holds: the ends of the tracks, and the chunks with the same sequence numbers.
    ///
    /// # Errors
    /// `CallNotFound`, `CallEnded`, or a failing database.
    pub(super) async fn from_database(
        batch: &mut Batch,
        call: &CallRef,
        chunks: &'c [NewChunk],
    ) -> Result<Self, Error> {
        let cached = batch.active_call(call).await?;
        let (call, format) = (cached.id, cached.format);
        let mut tracks = [None, None];
        for track in [Track::Inbound, Track::Outbound] {
            if !chunks.iter().any(|chunk| chunk.track == track) {
                continue;
            }
            let mut known = KnownTrack::after(batch.track(call, track).await?);
            let named = chunks.iter().filter(|chunk| chunk.track == track).filter_map(|chunk| chunk.sequence);
            let named: BTreeSet<u32> = named.filter(|&sequence| sequence < known.next).collect();
            if !named.is_empty() {
                known.stored = stored_chunks(batch, call, track, format, &named).await?;
            }
            tracks[track_index(track)] = Some(known);
        }
        Ok(Self { chunks, call, format, tracks })
    }

    /// Decides about the chunks in their order. The request is refused as a whole.
    ///
    /// # Errors
    /// `FormatMismatch`, `ChunkConflict` or `Invalid`.
    pub(super) fn decide(&mut self, pointer: fn(usize, &str) -> String) -> Result<Vec<ChunkStored>, Error> {
        check_format(self.chunks, self.format, pointer)?;
        let mut stored = Vec::with_capacity(self.chunks.len());
        for (index, chunk) in self.chunks.iter().enumerate() {
            let track = self.tracks[track_index(chunk.track)].as_mut();
            let track = track.ok_or(Error::Damaged("a chunk without a track"))?;
            stored.push(track.decide(chunk, self.format, |field| pointer(index, field))?);
        }
        Ok(stored)
    }

    /// Hands the new chunks to the writer, and returns the call's id.
    ///
    /// From here on nothing can fail, so a write that has come this far is committed with its transaction.
    pub(super) fn add_to(self, state: &mut State) -> Uuid {
        for (track, known) in [Track::Inbound, Track::Outbound].into_iter().zip(self.tracks) {
            let Some(known) = known else { continue };
            let end = StoredTrack { next: known.next, timestamps: known.timestamps.unwrap_or_default() };
            state.add_chunks(self.call, track, self.format, known.new, end);
            state.add_duplicates(self.call, track, known.duplicates);
        }
        self.call
    }
}

impl<'c> KnownTrack<'c> {
    /// A track with this end; `None` for one without chunks.
    fn after(end: Option<StoredTrack>) -> Self {
        let (next, timestamps) = end.map_or((0, None), |end| (end.next, Some(end.timestamps)));
        Self { next, timestamps, stored: HashMap::new(), new: Vec::new(), duplicates: 0 }
    }

    /// Decides about the next chunk, and assigns it a sequence number.
    fn decide(
        &mut self,
        chunk: &'c NewChunk,
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
        let duration = format.seconds(wide(bytes));
        let stored = ChunkStored { track: chunk.track, sequence, bytes, duration, duplicate: false };
        if let Some(same) = self.is_known(sequence, chunk) {
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
        self.new.push((sequence, chunk));
        Ok(stored)
    }

    /// Whether a sequence number is taken, and if so, whether by the same chunk.
    fn is_known(&self, sequence: u32, chunk: &NewChunk) -> Option<bool> {
        if sequence >= self.next {
            return None;
        }
        let same = |timestamp, audio: &[u8]| timestamp == chunk.timestamp_ms && *audio == chunk.audio;
        if let Some((_, new)) = self.new.iter().find(|(new, _)| *new == sequence) {
            return Some(same(new.timestamp_ms, &new.audio));
        }
        self.stored.get(&sequence).map(|(timestamp, audio)| same(*timestamp, audio))
    }
}

/// Checks what the call's format requires of its chunks.
fn check_format(chunks: &[NewChunk], expected: AudioFormat, pointer: fn(usize, &str) -> String) -> Result<(), Error> {
    for (index, chunk) in chunks.iter().enumerate() {
        if let Some(given) = chunk.format.filter(|&given| given != expected) {
            return Err(Error::FormatMismatch { expected: expected.to_string(), given: given.to_string() });
        }
        if expected.encoding == Encoding::Pcm16 && !chunk.audio.len().is_multiple_of(2) {
            let detail = "Must be whole samples: the call's audio is pcm16, with 2 bytes a sample, and this is an odd number of bytes.";
            return Err(Error::invalid(pointer(index, "audio"), detail));
        }
    }
    Ok(())
}

/// Chunks of a track with these sequence numbers, stored or gathered in this transaction.
///
/// Called only for numbers below the track's end: a client that resends, or fills a hole. Live audio never comes here.
/// The audio is copied, because a row of the writer's memory cannot be borrowed across a query.
async fn stored_chunks(
    batch: &Batch,
    call: Uuid,
    track: Track,
    format: AudioFormat,
    named: &BTreeSet<u32>,
) -> Result<HashMap<u32, (Option<u32>, Vec<u8>)>, DbErr> {
    let mut stored = HashMap::new();
    let mut keep = |shape: RowShape, audio: &[u8]| {
        for index in 0..shape.chunks {
            let sequence = shape.first_sequence + index;
            if named.contains(&sequence) {
                stored.insert(sequence, (shape.timestamp_ms(index), audio[shape.bytes(index)].to_vec()));
            }
        }
    };
    for (from, to) in stretches(named) {
        for row in batch.journaled(call, track, from, to) {
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
    Ok(stored)
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

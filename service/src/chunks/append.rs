//! Taking chunks: each is a row before it is acknowledged.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use audio::Encoding;
use entity::audio_chunk::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use uuid::Uuid;

use super::{Track, track_name};
use crate::{
    Callstore, Error, FieldError,
    calls::{AudioFormat, CallRef, Status},
    limits::{CHUNK_MAX_BYTES, CHUNK_MIN_BYTES, SEQUENCE_MAX, TIMESTAMP_MAX_MS},
};

/// A chunk as it arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewChunk {
    /// Whose voice.
    pub track: Track,
    /// Its number on the track; the next one unless given.
    pub sequence: Option<u32>,
    /// Where it stands: milliseconds since the start of the stream.
    pub timestamp_ms: Option<u32>,
    /// The codec's bytes; PCM16 is little-endian.
    pub audio: Vec<u8>,
    /// The format that the request names; it has to be the call's.
    pub format: Option<AudioFormat>,
}

/// A chunk that is on disk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChunkStored {
    /// Whose voice.
    pub track: Track,
    /// Its number on the track.
    pub sequence: u32,
    /// Bytes of audio.
    pub bytes: usize,
    /// Seconds of audio.
    pub duration: f64,
    /// Whether it had been stored before.
    pub duplicate: bool,
}

impl Callstore {
    /// Stores a chunk; it is on disk when this returns.
    ///
    /// # Errors
    /// `CallNotFound`, `CallEnded`, `FormatMismatch`, `ChunkConflict`, `Invalid`, or a failing database.
    pub async fn add_chunk(&self, call: &CallRef, chunk: NewChunk) -> Result<ChunkStored, Error> {
        let stored = self.append(call, vec![chunk], |_, field| format!("/{field}")).await?;
        stored.into_iter().next().ok_or(Error::Damaged("a stored chunk without an answer"))
    }

    /// Stores several chunks, all or none of them.
    ///
    /// # Errors
    /// As [`add_chunk`](Self::add_chunk).
    pub async fn add_chunks(&self, call: &CallRef, chunks: Vec<NewChunk>) -> Result<Vec<ChunkStored>, Error> {
        self.append(call, chunks, |index, field| format!("/chunks/{index}/{field}")).await
    }

    async fn append(
        &self,
        call: &CallRef,
        chunks: Vec<NewChunk>,
        pointer: fn(usize, &str) -> String,
    ) -> Result<Vec<ChunkStored>, Error> {
        check_limits(&chunks, pointer)?;
        let transaction = self.0.database.begin().await?;
        let call = self.find_call(&transaction, call).await?;
        if call.status != Status::Active {
            return Err(Error::CallEnded);
        }
        let format = AudioFormat::of(&call);
        check_format(&chunks, format, pointer)?;
        let mut tracks = BTreeMap::new();
        for track in chunks.iter().map(|chunk| chunk.track).collect::<BTreeSet<_>>() {
            tracks.insert(track, TrackState::load(&transaction, call.id, track, &chunks).await?);
        }

        let mut stored = Vec::with_capacity(chunks.len());
        let mut rows = Vec::with_capacity(chunks.len());
        for (index, chunk) in chunks.into_iter().enumerate() {
            let state = tracks.get_mut(&chunk.track).ok_or(Error::Damaged("a chunk without a track"))?;
            let (bytes, track) = (chunk.audio.len(), chunk.track);
            let (sequence, row) = state.take(call.id, chunk, |field| pointer(index, field))?;
            let duplicate = row.is_none();
            rows.extend(row);
            stored.push(ChunkStored { track, sequence, bytes, duration: format.seconds(bytes as u64), duplicate });
        }
        if !rows.is_empty() {
            Entity::insert_many(rows).exec_without_returning(&transaction).await?;
        }
        for (track, state) in tracks {
            count_duplicates(&transaction, call.id, track, state.duplicates).await?;
        }
        transaction.commit().await?;
        count(&stored);
        Ok(stored)
    }
}

/// Counts what was taken, for the metrics.
fn count(stored: &[ChunkStored]) {
    for chunk in stored {
        let track = track_name(chunk.track);
        if chunk.duplicate {
            metrics::counter!("callstore_chunk_duplicates_total", "track" => track).increment(1);
        } else {
            metrics::counter!("callstore_chunks_total", "track" => track).increment(1);
            metrics::counter!("callstore_chunk_bytes_total", "track" => track).increment(chunk.bytes as u64);
        }
    }
}

/// What is stored of a track, as far as a request needs to know.
struct TrackState {
    /// The sequence number after the largest.
    next: u32,
    /// Whether its chunks have timestamps; unknown while it has no chunk.
    timestamps: Option<bool>,
    /// The chunks that the request names and that are stored, or were taken from it before.
    known: HashMap<u32, (Option<u32>, Vec<u8>)>,
    duplicates: i64,
}

impl TrackState {
    async fn load(
        transaction: &DatabaseTransaction,
        call: Uuid,
        track: Track,
        chunks: &[NewChunk],
    ) -> Result<Self, DbErr> {
        let of_track = || Entity::find().filter(Column::CallId.eq(call)).filter(Column::Track.eq(track));
        let last: Option<(i32, Option<i32>)> = of_track()
            .select_only()
            .columns([Column::LastSequence, Column::Timestamp])
            .order_by_desc(Column::FirstSequence)
            .limit(1)
            .into_tuple()
            .one(transaction)
            .await?;
        let next = last.map_or(0, |(sequence, _)| sequence.unsigned_abs() + 1);
        let named: Vec<u32> = chunks
            .iter()
            .filter(|chunk| chunk.track == track)
            .filter_map(|chunk| chunk.sequence.filter(|&sequence| sequence < next))
            .collect();
        let mut known = HashMap::new();
        if !named.is_empty() {
            for row in of_track().filter(Column::FirstSequence.is_in(named)).all(transaction).await? {
                let timestamp = row.timestamp.map(i32::unsigned_abs);
                known.insert(row.first_sequence.unsigned_abs(), (timestamp, row.data));
            }
        }
        let timestamps = last.map(|(_, timestamp)| timestamp.is_some());
        Ok(Self { next, timestamps, known, duplicates: 0 })
    }

    /// Gives a chunk its sequence number, and a row unless it is stored already.
    fn take(
        &mut self,
        call_id: Uuid,
        chunk: NewChunk,
        pointer: impl Fn(&str) -> String,
    ) -> Result<(u32, Option<ActiveModel>), Error> {
        let sequence = chunk.sequence.unwrap_or(self.next);
        if sequence > SEQUENCE_MAX {
            return Err(Error::invalid(pointer("sequence"), "The track has used the largest sequence number."));
        }
        if let Some((timestamp, audio)) = self.known.get(&sequence) {
            if *timestamp != chunk.timestamp_ms || *audio != chunk.audio {
                return Err(Error::ChunkConflict { pointer: pointer("sequence"), sequence });
            }
            self.duplicates += 1;
            return Ok((sequence, None));
        }
        let given = chunk.timestamp_ms.is_some();
        if *self.timestamps.get_or_insert(given) != given {
            let detail = if given {
                "The chunks before on this track have no timestamp; leave it out of all, or give it to all."
            } else {
                "The chunks before on this track have timestamps; give one to each."
            };
            return Err(Error::invalid(pointer("timestamp"), detail));
        }
        self.next = Ord::max(self.next, sequence + 1);
        self.known.insert(sequence, (chunk.timestamp_ms, chunk.audio.clone()));
        let row = ActiveModel {
            call_id: Set(call_id),
            track: Set(chunk.track),
            first_sequence: Set(stored_integer(sequence)),
            last_sequence: Set(stored_integer(sequence)),
            timestamp: Set(chunk.timestamp_ms.map(stored_integer)),
            data: Set(chunk.audio),
        };
        Ok((sequence, Some(row)))
    }
}

/// A sequence number or timestamp as it is stored; both have passed their limits, which fit.
fn stored_integer(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

async fn count_duplicates(
    transaction: &DatabaseTransaction,
    call: Uuid,
    track: Track,
    duplicates: i64,
) -> Result<(), DbErr> {
    use entity::call_track::{ActiveModel, Column, Entity};
    if duplicates == 0 {
        return Ok(());
    }
    let row = ActiveModel { call_id: Set(call), track: Set(track), duplicates: Set(duplicates), summary: Set(None) };
    let sum = Expr::col((Entity, Column::Duplicates)).add(duplicates);
    let add = OnConflict::columns([Column::CallId, Column::Track]).value(Column::Duplicates, sum).to_owned();
    Entity::insert(row).on_conflict(add).exec_without_returning(transaction).await?;
    Ok(())
}

/// What holds for a chunk whatever is stored.
fn check_limits(chunks: &[NewChunk], pointer: fn(usize, &str) -> String) -> Result<(), Error> {
    let mut errors = Vec::new();
    let mut check = |fits: bool, index: usize, field: &str, detail: String| {
        if !fits {
            errors.push(FieldError { pointer: pointer(index, field), detail });
        }
    };
    for (index, chunk) in chunks.iter().enumerate() {
        let allowed = CHUNK_MIN_BYTES..=CHUNK_MAX_BYTES;
        let detail = || format!("A chunk is {CHUNK_MIN_BYTES} to {CHUNK_MAX_BYTES} bytes of audio.");
        check(allowed.contains(&chunk.audio.len()), index, "audio", detail());
        let fits = chunk.sequence.is_none_or(|sequence| sequence <= SEQUENCE_MAX);
        check(fits, index, "sequence", format!("A sequence is 0 to {SEQUENCE_MAX}."));
        let fits = chunk.timestamp_ms.is_none_or(|timestamp| timestamp <= TIMESTAMP_MAX_MS);
        check(fits, index, "timestamp", format!("A timestamp is 0 to {TIMESTAMP_MAX_MS} ms."));
    }
    if errors.is_empty() { Ok(()) } else { Err(Error::Invalid(errors)) }
}

/// What holds for a chunk of this call.
fn check_format(chunks: &[NewChunk], expected: AudioFormat, pointer: fn(usize, &str) -> String) -> Result<(), Error> {
    for (index, chunk) in chunks.iter().enumerate() {
        if let Some(given) = chunk.format.filter(|&given| given != expected) {
            return Err(Error::FormatMismatch { expected: expected.to_string(), given: given.to_string() });
        }
        if expected.encoding == Encoding::Pcm16 && !chunk.audio.len().is_multiple_of(2) {
            let detail = "The call's audio is pcm16, two bytes a sample; this is an odd number of bytes.";
            return Err(Error::invalid(pointer(index, "audio"), detail));
        }
    }
    Ok(())
}

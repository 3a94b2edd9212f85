//! The journal of new chunks. A row holds the chunks of one transaction, of any calls, one entry after the other.
//!
//! An entry is the call's id (16 bytes), the track (1), whether it has a timestamp (1), the encoding (2), the sample
//! rate (4), the first sequence number (4), the number of chunks (4), the timestamp in milliseconds (4), the number of
//! bytes of audio (4), and the audio. Integers are little-endian.
//!
//! Rows live for seconds, but a start may find some that an earlier version wrote before a crash. A change of the
//! format must therefore still read this one.
//!
//! Why a journal: rows of chunks lie in the order of their call, so the chunks of a hundred calls would change a
//! hundred pages in each commit, and the log would get all of them. One journal row is appended at the end of its table
//! and changes a page or two. Later, rows of many commits move into `audio_chunk` together, when each page gets many
//! chunks.

use audio::Encoding;
use audio::number::index;
use entity::{
    call_track::Track,
    chunk_journal::{Column, Entity},
};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::{calls::AudioFormat, chunks::ChunkRow, database::WriteSet};

/// Size of an entry without its audio.
const HEAD: usize = 40;
/// Rows read at once.
const PAGE: u64 = 64;

/// The journal row of a set's new chunks: id and data; `None` if it has none.
pub(super) fn row(set: &WriteSet) -> Option<(i64, Vec<u8>)> {
    if set.new.is_empty() {
        return None;
    }
    let mut data = Vec::with_capacity(set.new_bytes() + set.new.len() * HEAD);
    set.new.iter().for_each(|row| encode(row, &mut data));
    Some((set.journal_id, data))
}

/// The id of the last row; 0 if there is none.
pub(super) async fn end(connection: &impl ConnectionTrait) -> Result<i64, DbErr> {
    let ids = Entity::find().select_only().column(Column::Id).order_by_desc(Column::Id).limit(1);
    Ok(ids.into_tuple().one(connection).await?.unwrap_or(0))
}

/// All chunks in the journal, by the id of their row.
///
/// A damaged row fails the start rather than losing what was acknowledged; the message names the row.
///
/// Called once by the writer, when it starts or has lost its state, before it accepts anything. The rows come in the
/// order of their commits.
pub(super) async fn read(connection: &impl ConnectionTrait) -> Result<Vec<(i64, Vec<ChunkRow>)>, DbErr> {
    let mut read: Vec<(i64, Vec<ChunkRow>)> = Vec::new();
    loop {
        let after = read.last().map_or(i64::MIN, |(id, _)| *id);
        let page = Entity::find().filter(Column::Id.gt(after)).order_by_asc(Column::Id).limit(PAGE);
        let rows = page.all(connection).await?;
        if rows.is_empty() {
            return Ok(read);
        }
        for row in rows {
            let damaged = || DbErr::Custom(format!("row {} of the chunk journal is damaged", row.id));
            read.push((row.id, decode(&row.data).ok_or_else(damaged)?));
        }
    }
}

/// Appends the entry of one row of chunks.
fn encode(row: &ChunkRow, journal: &mut Vec<u8>) {
    journal.extend_from_slice(row.call.as_bytes());
    journal.push(match row.track {
        Track::Inbound => 0,
        Track::Outbound => 1,
    });
    journal.push(row.timestamp_ms.is_some().into());
    let encoding: u16 = match row.format.encoding {
        Encoding::Mulaw => 0,
        Encoding::Alaw => 1,
        Encoding::Pcm16 => 2,
    };
    journal.extend_from_slice(&encoding.to_le_bytes());
    for number in [row.format.sample_rate_hz, row.first_sequence, row.chunks, row.timestamp_ms.unwrap_or_default()] {
        journal.extend_from_slice(&number.to_le_bytes());
    }
    // Never saturates: a row of chunks is far smaller.
    let bytes = u32::try_from(row.audio.len()).unwrap_or(u32::MAX);
    journal.extend_from_slice(&bytes.to_le_bytes());
    journal.extend_from_slice(&row.audio);
}

/// The entries of a journal row; `None` if it is damaged.
///
/// A row that is cut short anywhere is damaged as a whole: SQLite commits a row or does not, so a partial one means
/// that the file was changed from outside.
fn decode(mut journal: &[u8]) -> Option<Vec<ChunkRow>> {
    let mut rows = Vec::new();
    while !journal.is_empty() {
        let (head, rest) = journal.split_at_checked(HEAD)?;
        let number = |at: usize| head.get(at..)?.first_chunk().copied().map(u32::from_le_bytes);
        let (audio, rest) = rest.split_at_checked(index(number(36)?))?;
        let encoding = match head[18] {
            0 => Encoding::Mulaw,
            1 => Encoding::Alaw,
            _ => Encoding::Pcm16,
        };
        rows.push(ChunkRow {
            call: Uuid::from_slice(&head[..16]).ok()?,
            track: if head[16] == 0 { Track::Inbound } else { Track::Outbound },
            format: AudioFormat { encoding, sample_rate_hz: number(20)? },
            first_sequence: number(24)?,
            chunks: number(28)?.max(1),
            timestamp_ms: if head[17] == 1 { number(32) } else { None },
            audio: audio.to_vec(),
        });
        journal = rest;
    }
    Some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(track: Track, timestamp_ms: Option<u32>, audio: &[u8]) -> ChunkRow {
        let call = Uuid::from_u128(7);
        let format = AudioFormat { encoding: Encoding::Pcm16, sample_rate_hz: 44_100 };
        ChunkRow { call, track, format, first_sequence: 4, chunks: 2, timestamp_ms, audio: audio.to_vec() }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_cut_is_not() {
        let rows = [
            row(Track::Inbound, None, &[1, 2]),
            row(Track::Outbound, Some(80), &[]),
            row(Track::Inbound, Some(0), &[3; 900]),
        ];
        let mut journal = Vec::new();
        for row in &rows {
            encode(row, &mut journal);
        }
        assert_eq!(decode(&journal).as_deref(), Some(&rows[..]));
        let whole = [0, HEAD + 2, 2 * HEAD + 2];
        for end in (0..journal.len()).filter(|end| !whole.contains(end)) {
            assert_eq!(decode(&journal[..end]), None, "{end}");
        }
    }
}

//! The hashes of a recording's blocks. They are the states that the SHA-256 of the file passes through, one after each
//! block. So noting them costs nothing while the file is hashed anyway, each block can be checked on its own from the
//! state before it, and the last one ends in the SHA-256 of the file.
//!
//! ```text
//! file    |  block 0  |  block 1  |  block 2  | rest |
//! states              s0          s1          s2     SHA-256 of the file
//!
//! block 1 is right  <=>  SHA-256, continued from s0 over its bytes, is at s1
//! ```

use std::ops::Range;

use audio::number::wide;
use bytes::Bytes;
use entity::recording_check::{Column, Entity};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, Func},
};
use uuid::Uuid;

use super::sha256::{STATE_BYTES, Sha256, State};
use crate::{Error, hex::hex};

/// Size of a block. A range costs at most two of them more than its length; a recording of 12 hours has 675 kB of
/// hashes.
pub(crate) const BLOCK_BYTES: usize = 128 * 1024;
/// The same as a position in a file.
pub(super) const BLOCK: u64 = 128 * 1024;

/// Hashes a file, and notes the hashes of its blocks.
pub(crate) struct BlockHasher {
    hash: Sha256,
    /// Bytes still missing from the current block.
    room: usize,
    states: Vec<u8>,
}

impl BlockHasher {
    pub(crate) fn new() -> Self {
        Self { hash: Sha256::new(), room: BLOCK_BYTES, states: Vec::new() }
    }

    pub(crate) fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(self.room));
            self.hash.update(now);
            self.room -= now.len();
            bytes = later;
            if self.room == 0 {
                self.states.extend(self.hash.state());
                self.room = BLOCK_BYTES;
            }
        }
    }

    /// The file's SHA-256, in hexadecimal, and the hashes of its full blocks.
    pub(crate) fn finish(&self) -> (String, Vec<u8>) {
        (hex(&self.hash.clone().finish()), self.states.clone())
    }
}

/// What the blocks that a range touches must be.
///
/// Read for one response, and only the part that its range needs: a player that asks for a second of a long call loads
/// 64 bytes of hashes and not all of them.
#[derive(Clone)]
pub(crate) struct Blocks {
    /// The recording's size in bytes, and its SHA-256 in hexadecimal.
    size: u64,
    sha256: String,
    /// The blocks.
    touched: Range<u64>,
    /// Number of the block that the first of `states` ends.
    first_state: u64,
    states: Vec<u8>,
}

impl Blocks {
    /// Reads the hashes for a range that is not empty; `None` for a recording whose hashes nobody has noted.
    pub(crate) async fn of(
        connection: &impl ConnectionTrait,
        recording: Uuid,
        (size, sha256): (u64, &str),
        part: &Range<u64>,
    ) -> Result<Option<Self>, Error> {
        let touched = part.start / BLOCK..part.end.div_ceil(BLOCK);
        let first_state = touched.start.saturating_sub(1);
        // Neither can overflow: a WAV file is smaller than 4 GiB, and has fewer than 32,768 blocks.
        let place = |blocks: u64| i32::try_from(blocks * wide(STATE_BYTES)).unwrap_or(i32::MAX);
        let states = Func::cust("SUBSTR").args([
            Expr::col(Column::BlockHashes),
            Expr::val(place(first_state) + 1),
            Expr::val(place(touched.end - first_state)),
        ]);
        let found = Entity::find()
            .filter(Column::RecordingId.eq(recording))
            .select_only()
            .expr_as(states, "states")
            .into_tuple::<Option<Vec<u8>>>();
        let Some(states) = found.one(connection).await? else { return Ok(None) };
        // SQLite has no part of what is empty.
        let states = states.unwrap_or_default();
        Ok(Some(Self { size, sha256: sha256.to_owned(), touched, first_state, states }))
    }

    /// The bytes of all touched blocks.
    pub(crate) fn bytes(&self) -> Range<u64> {
        self.touched.start * BLOCK..(self.touched.end * BLOCK).min(self.size)
    }

    /// Whether the block that begins at `start` has these bytes.
    ///
    /// False also if the database's hashes are too short, so that damage there is no way around the check.
    pub(super) fn has(&self, start: u64, pieces: &[Bytes]) -> bool {
        let block = start / BLOCK;
        let before = block.checked_sub(1).map(|before| self.state(before));
        let mut hash = match before {
            None => Sha256::new(),
            Some(Some(state)) => Sha256::after(&state, start),
            Some(None) => return false,
        };
        pieces.iter().for_each(|piece| hash.update(piece));
        if start + BLOCK >= self.size {
            return hex(&hash.finish()) == self.sha256;
        }
        self.state(block) == Some(hash.state())
    }

    /// The state at the end of a block.
    fn state(&self, block: u64) -> Option<State> {
        let number = usize::try_from(block.checked_sub(self.first_state)?).ok()?;
        self.states.as_chunks().0.get(number).copied()
    }
}

/// The part of a block, `length` bytes from `start` on, that is within a range.
pub(super) fn cut(pieces: Vec<Bytes>, mut start: u64, part: &Range<u64>) -> Vec<Bytes> {
    let mut kept = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let length = wide(piece.len());
        let within = |place: u64| usize::try_from(place.saturating_sub(start).min(length)).unwrap_or(piece.len());
        let piece = piece.slice(within(part.start)..within(part.end));
        if !piece.is_empty() {
            kept.push(piece);
        }
        start += length;
    }
    kept
}

/// The length of the block at a position of a file, or what is left of it.
pub(super) fn block_length(start: u64, end: u64) -> usize {
    usize::try_from((end - start).min(BLOCK)).unwrap_or(BLOCK_BYTES)
}

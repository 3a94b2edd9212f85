//! Checks a recording's bytes on their way out, block by block.
//!
//! A byte leaves only after its block was hashed. So a damaged recording can end a response early, but never with wrong
//! sound in it; the client sees a connection that was cut, or a 500 if the first block is the damaged one.
//!
//! Costs one SHA-256 over what is sent, and up to two blocks that are read beyond the range. Two blocks are hashed
//! ahead while one is sent, on threads that may block, so that a fast reader waits for neither.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use tokio::task::spawn_blocking;

use super::blocks::{BLOCK, BlockHasher, Blocks, block_length, cut};
use crate::{Error, store::AudioStream};

/// How many blocks are hashed at a time: while one is sent, the next one is read and hashed.
const AHEAD: usize = 2;
/// The most bytes that are hashed where they are, which takes 0.1 ms a block: less than a step on another thread.
const SHORT: u64 = 2 * BLOCK;

/// A block: where it begins, and its bytes in the pieces in which they were read.
type Block = (u64, Vec<Bytes>);
/// A stream of bytes that have been checked.
type Checked = BoxStream<'static, Result<Bytes, Error>>;

/// The bytes of `part`, from a stream of all blocks that it touches. A block that differs from what was written is an
/// error, and none of its bytes are passed on.
///
/// The stream must begin with the first block that `blocks` covers, not with `part`: only whole blocks can be compared.
///
/// # Errors
/// `RecordingDamaged` at the block that differs or is cut short, or the error of the stream.
pub(crate) fn checked(audio: AudioStream, blocks: Blocks, part: Range<u64>) -> Checked {
    let bytes = blocks.bytes();
    let is_short = bytes.end - bytes.start <= SHORT;
    let read = in_blocks(audio, bytes);
    let check = move |(start, pieces): Block| {
        let blocks = blocks.clone();
        let check = move || if blocks.has(start, &pieces) { Ok((start, pieces)) } else { Err(differs()) };
        async move {
            if is_short {
                return check();
            }
            spawn_blocking(check).await.unwrap_or(Err(Error::Damaged("the check of a recording did not finish")))
        }
    };
    let checked = read.map_ok(check).try_buffered(AHEAD);
    checked.map_ok(move |(start, pieces)| passed(cut(pieces, start, &part))).try_flatten().boxed()
}

/// The bytes of a whole recording without hashes of its blocks, by its size and SHA-256. The last block is passed on
/// only if the hash of the whole is right.
///
/// For recordings of earlier versions, until the scrub has noted their hashes. Ranges of such a recording read it from
/// the beginning, because one hash of the whole is all that there is.
pub(crate) fn checked_at_end(audio: AudioStream, size: u64, sha256: String) -> Checked {
    let read = (in_blocks(audio, 0..size).boxed(), BlockHasher::new());
    let checked = stream::try_unfold(read, move |(mut read, mut hash)| {
        let sha256 = sha256.clone();
        async move {
            let Some((start, pieces)) = read.try_next().await? else { return Ok(None) };
            pieces.iter().for_each(|piece| hash.update(piece));
            let is_last = start + BLOCK >= size;
            if is_last && hash.finish().0 != sha256 {
                return Err(differs());
            }
            Ok(Some((pieces, (read, hash))))
        }
    });
    checked.map_ok(passed).try_flatten().boxed()
}

/// Divides the bytes of a range, which begins and ends with a block, into its blocks.
fn in_blocks(audio: AudioStream, range: Range<u64>) -> impl Stream<Item = Result<Block, Error>> {
    stream::try_unfold((audio, Bytes::new(), range.start), move |(mut audio, mut rest, start)| async move {
        if start >= range.end {
            return Ok(None);
        }
        let length = block_length(start, range.end);
        let (mut pieces, mut missing) = (Vec::new(), length);
        while missing > 0 {
            if rest.is_empty() {
                rest = audio.try_next().await?.ok_or(Error::RecordingDamaged("it ends early"))?;
            }
            let piece = rest.split_to(rest.len().min(missing));
            missing -= piece.len();
            pieces.push(piece);
        }
        let next = start + audio::number::wide(length);
        Ok(Some(((start, pieces), (audio, rest, next))))
    })
}

fn passed(pieces: Vec<Bytes>) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::iter(pieces.into_iter().map(Ok))
}

fn differs() -> Error {
    Error::RecordingDamaged("its bytes differ from their hash")
}

//! Compares a whole file in a store with its recording.

use std::time::Duration;

use audio::number::wide;
use entity::recording;
use futures_util::TryStreamExt;

use super::BlockHasher;
use crate::{Error, Store, background::Background};

/// How fast the scrub reads at most, in bytes per second.
const PACE: u64 = 8 * 1024 * 1024;

/// Reads a recording's file and returns the hashes of its blocks. With `background`, reads slowly and ends early when
/// the service stops.
///
/// # Errors
/// `RecordingDamaged`, `RecordingMissing`, or a failing store.
pub(super) async fn examine(
    store: &Store,
    recording: &recording::Model,
    background: Option<&Background>,
) -> Result<Vec<u8>, Error> {
    let size = recording.size_bytes.unsigned_abs();
    let mut audio = store.read(&recording.file_path, 0..size, size, false).await?;
    let (mut hash, mut length) = (BlockHasher::new(), 0);
    while let Some(piece) = audio.try_next().await? {
        hash.update(&piece);
        length += wide(piece.len());
        let pause = Duration::from_micros(wide(piece.len()) * 1_000_000 / PACE);
        if let Some(background) = background
            && !background.pause(pause).await
        {
            return Err(Error::StoreUnavailable("the service stops".to_owned()));
        }
    }
    let (sha256, block_hashes) = hash.finish();
    if length != size {
        return Err(Error::RecordingDamaged("it ends early"));
    }
    if sha256 != recording.sha256 {
        return Err(Error::RecordingDamaged("its bytes differ from their hash"));
    }
    Ok(block_hashes)
}

//! Compares a whole file in a store with its recording.

use std::time::Duration;

use audio::number::wide;
use entity::recording;
use futures_util::TryStreamExt;

use super::BlockHasher;
use crate::{Error, Store, background::Background};

/// How fast the scrub reads at most, in bytes per second.
const PACE: u64 = 8 * 1024 * 1024;

/// Reads a recording's file, passes its bytes to `take`, and returns the hashes of its blocks. With `background`, reads
/// slowly and ends early when the service stops.
///
/// That the bytes are right is known in the end only: whoever has taken them must forget them after an error.
///
/// The length is compared before the hash: it tells a file that was cut from one whose bytes have changed, and those
/// have different causes.
///
/// # Errors
/// `RecordingDamaged`, `RecordingMissing`, a failing store, or an error of `take`.
pub(crate) async fn examine(
    store: &Store,
    recording: &recording::Model,
    background: Option<&Background>,
    mut take: impl FnMut(&[u8]) -> Result<(), Error> + Send,
) -> Result<Vec<u8>, Error> {
    let size = recording.size_bytes.unsigned_abs();
    let mut audio = store.read(&recording.file_path, 0..size, size, false).await?;
    let (mut hash, mut length) = (BlockHasher::new(), 0);
    while let Some(piece) = audio.try_next().await? {
        hash.update(&piece);
        take(&piece)?;
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

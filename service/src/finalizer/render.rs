//! Writes a recording. Chunks are decoded, laid out, resampled, interleaved, hashed and written block by block, so
//! memory does not grow with the length of the call.
//!
//! The steps of [`audio`]: a track's chunks are decoded and put into their places ([`TrackReader`]), with silence for
//! what is missing; then resampled to 16 kHz and interleaved. Both tracks have the length of the longer one. The hash
//! is that of the file's bytes, taken while they are written, and speech and peaks are found in the same pass.
//!
//! What is in memory for one recording: a block of 32,768 samples per track, the same samples as bytes, the resampler's
//! history, and the parts of an upload, if there is one. Resampling takes most of the time.

use std::cell::Cell;

use audio::number::wide;
use audio::{Chunk, ReadError, TrackReader, interleave, pcm16_bytes, resampled_len, wav};
use sea_orm::DbErr;
use uuid::Uuid;

use super::{
    failure::{Failure, Stop},
    plan::Plan,
};
use crate::{
    Error,
    computed::{Heard, Listener, Tracks},
    crash,
    database::ChunkReader,
    integrity::BlockHasher,
    peaks::PeaksDraft,
    store::{Draft, Store},
};

/// Sample rate of recordings, in hertz.
pub(crate) const RECORDING_RATE: u32 = 16_000;

/// A finished recording, published in the store.
#[derive(Debug)]
pub(super) struct RenderedFile {
    pub file_path: String,
    pub channels: u16,
    pub frames: u64,
    pub size_bytes: u64,
    pub sha256: String,
    /// The hashes of its blocks.
    pub block_hashes: Vec<u8>,
    /// The speech in it.
    pub heard: Heard,
}

/// Samples rendered per track and block.
const BLOCK: usize = 32 * 1024;

/// Renders a call's recording and publishes it, after its peaks. `unique` names both drafts until then.
///
/// Blocks its thread, and looks at `stop` between blocks, several times a second. An error leaves no file: drafts are
/// removed when they are dropped, and those that a crash leaves are removed by the next start.
///
/// # Errors
/// `Stopped` if the service stops or the lease was lost; `TooLong` if the samples exceed a WAV file; `Damaged` for a
/// chunk that is no whole number of samples; `Store` or `Later` from the store; `Later` if the database fails or chunks
/// vanish.
pub(super) fn render(
    chunks: &ChunkReader,
    store: &Store,
    call: Uuid,
    plan: &Plan,
    unique: [Uuid; 2],
    stop: &Stop,
) -> Result<RenderedFile, Failure> {
    crash::hold_thread("finalize.planned");
    let present: Vec<_> = plan.tracks.iter().map(|track| track.track).collect();
    let present = Tracks::of(&present).ok_or(Failure::Damaged)?;
    let channels = present.channels();
    let (rate, length) = (plan.format.sample_rate_hz, plan.length());
    let frames = resampled_len(length, rate, RECORDING_RATE);
    let header = wav::header(RECORDING_RATE, channels, frames).map_err(|_| Failure::TooLong)?;
    let mut queries = Vec::with_capacity(plan.tracks.len());
    for track in &plan.tracks {
        queries.push(chunks.chunks(track.order)?);
    }
    let (read, planned) = (Cell::new(0), plan.tracks.iter().map(|track| track.summary.chunks).sum::<u64>());
    let mut tracks = Vec::with_capacity(plan.tracks.len());
    for (query, track) in queries.iter_mut().zip(&plan.tracks) {
        let chunks = query.of(call, track.track, plan.format)?.inspect(|_| read.set(read.get() + 1));
        tracks.push(TrackReader::new(chunks, plan.format.encoding, rate, RECORDING_RATE, length));
    }
    let file_path = Store::file_path(call);
    let mut draft = store.draft(&file_path, unique[0], &stop.0)?;
    let mut peaks = PeaksDraft::begin(store, call, unique[1], &stop.0, (RECORDING_RATE, channels, frames))?;
    let mut listener = Listener::new(present);
    let heard_by = (&mut listener, &mut peaks);
    let (size_bytes, (sha256, block_hashes)) = write(&mut draft, &header, tracks, heard_by, stop)?;
    if read.get() != planned {
        // Another node has completed the call, or it was deleted, and its chunks were deleted after they had been
        // planned. The rendered file has silence in their place and must not replace the recording.
        return Err(Failure::Later(Error::StorageUnavailable("a call's chunks went while they were read".to_owned())));
    }
    crash::point("finalize.rendered");
    peaks.publish(&sha256)?;
    draft.publish()?;
    crash::point("finalize.published");
    Ok(RenderedFile { file_path, channels, frames, size_bytes, sha256, block_hashes, heard: listener.finish() })
}

/// Writes header and samples, and returns the file's length, its SHA-256 and the hashes of its blocks. The listener
/// and the peaks hear the samples before they become bytes.
///
/// Each track is read into its own block; both give the same number of samples, since they have the same length.
fn write(
    draft: &mut Draft,
    header: &[u8],
    mut tracks: Vec<TrackReader<impl Iterator<Item = Result<Chunk, DbErr>>>>,
    (listener, peaks): (&mut Listener, &mut PeaksDraft),
    stop: &Stop,
) -> Result<(u64, (String, Vec<u8>)), Failure> {
    let mut hash = BlockHasher::new();
    let mut size = 0;
    let mut put = |bytes: &[u8]| {
        hash.update(bytes);
        size += wide(bytes.len());
        draft.write(bytes)
    };
    put(header)?;
    let mut samples = [vec![0; BLOCK], vec![0; BLOCK]];
    let mut bytes = Vec::with_capacity(4 * BLOCK);
    loop {
        stop.check()?;
        let mut count = 0;
        for (track, block) in tracks.iter_mut().zip(&mut samples) {
            count = track.read(block).map_err(failure)?;
        }
        if count == 0 {
            break;
        }
        listener.hear(&samples[0][..count], &samples[1][..count]);
        peaks.hear(&[&samples[0][..count], &samples[1][..count]])?;
        bytes.clear();
        match tracks.len() {
            1 => pcm16_bytes(&samples[0][..count], &mut bytes),
            _ => interleave(&samples[0][..count], &samples[1][..count], &mut bytes),
        }
        put(&bytes)?;
    }
    Ok((size, hash.finish()))
}

fn failure(error: ReadError<DbErr>) -> Failure {
    match error {
        ReadError::Chunks(error) => error.into(),
        ReadError::OddLength(_) => Failure::Damaged,
    }
}

//! Writing a recording: chunks flow from the database through bounded channels to one blocking thread, which decodes,
//! lays out, resamples, interleaves, hashes and writes. What is in memory does not depend on the call's length.

use std::io::{self, Write};

use audio::{Chunk, ReadError, TrackReader, interleave, pcm16_bytes, resampled_len, wav};
use entity::call_track::Track;
use futures_util::TryStreamExt;
use sea_orm::DbErr;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Failure,
    plan::{ChunkOrder, Plan, to_chunk},
};
use crate::{
    Callstore,
    calls::{AudioFormat, Call},
    limits::RECORDING_RATE,
    store::{Draft, Store},
};

/// A finished recording, on disk under its name.
#[derive(Debug)]
pub(super) struct RenderedFile {
    pub file_path: String,
    pub channels: u16,
    pub frames: u64,
    pub size_bytes: u64,
    pub sha256: String,
}

/// How many chunks travel together, and how many such batches wait at most.
const BATCH: usize = 128;
const WAITING: usize = 4;
/// How many samples of each track are rendered at a time.
const BLOCK: usize = 32 * 1024;

/// Chunks that travel together; the one without any is the last.
type Batch = Result<Vec<Chunk>, DbErr>;

impl Callstore {
    /// Writes a call's recording and puts it into the store.
    pub(super) async fn render(&self, call: &Call, plan: &Plan) -> Result<RenderedFile, Failure> {
        let channels = if plan.tracks.len() == 2 { 2 } else { 1 };
        let length = plan.length();
        let frames = resampled_len(length, plan.format.sample_rate_hz, RECORDING_RATE);
        let header = wav::header(RECORDING_RATE, channels, frames).map_err(|_| Failure::TooLong)?;
        let readers: Vec<_> = plan
            .tracks
            .iter()
            .map(|track| track_reader(self.feed(call.id, track.track, track.order), plan.format, length))
            .collect();
        let store = self.0.store.clone();
        let unique = self.0.ids.next();
        let file_path = Store::file_path(call.id);
        let stop = self.0.finalizer.stop.clone();
        let render = move || {
            let mut draft = store.draft(unique)?;
            let (size_bytes, sha256) = write(&mut draft, &header, readers, &stop)?;
            store.publish(draft, &file_path)?;
            Ok(RenderedFile { file_path, channels, frames, size_bytes, sha256 })
        };
        tokio::task::spawn_blocking(render)
            .await
            .unwrap_or_else(|_| Err(Failure::Store(io::Error::other("rendering did not finish"))))
    }

    /// Reads a track's chunks in order, as fast as they are taken.
    fn feed(&self, call: Uuid, track: Track, order: ChunkOrder) -> mpsc::Receiver<Batch> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let this = self.clone();
        self.0.finalizer.spawn(async move {
            if let Err(error) = this.send_chunks(call, track, order, &sender).await {
                // Nobody listens any more when the renderer has failed on its own.
                let _ = sender.send(Err(error)).await;
            }
        });
        receiver
    }

    async fn send_chunks(
        &self,
        call: Uuid,
        track: Track,
        order: ChunkOrder,
        sender: &mpsc::Sender<Batch>,
    ) -> Result<(), DbErr> {
        let mut rows = order.select(call, track).stream(self.0.database.streams()).await?;
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(row) = rows.try_next().await? {
            batch.push(to_chunk(row));
            if batch.len() == BATCH && sender.send(Ok(std::mem::take(&mut batch))).await.is_err() {
                return Ok(());
            }
        }
        if !batch.is_empty() {
            let _ = sender.send(Ok(batch)).await;
        }
        let _ = sender.send(Ok(Vec::new())).await;
        Ok(())
    }
}

fn track_reader(chunks: mpsc::Receiver<Batch>, format: AudioFormat, length: u64) -> TrackReader<Chunks> {
    let chunks = Chunks { batches: chunks, batch: Vec::new().into_iter(), ended: false };
    TrackReader::new(chunks, format.encoding, format.sample_rate_hz, RECORDING_RATE, length)
}

/// The chunks of a track, on the thread that renders them.
struct Chunks {
    batches: mpsc::Receiver<Batch>,
    batch: std::vec::IntoIter<Chunk>,
    ended: bool,
}

impl Iterator for Chunks {
    type Item = Result<Chunk, DbErr>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.ended {
            if let Some(chunk) = self.batch.next() {
                return Some(Ok(chunk));
            }
            match self.batches.blocking_recv() {
                Some(Ok(batch)) if batch.is_empty() => self.ended = true,
                Some(Ok(batch)) => self.batch = batch.into_iter(),
                Some(Err(error)) => return Some(Err(error)),
                // A sender that is gone without its last word must not pass for the end of the audio.
                None => return Some(Err(DbErr::Custom("reading chunks did not finish".to_owned()))),
            }
        }
        None
    }
}

/// Writes header and samples, and returns the file's length and SHA-256.
fn write(
    draft: &mut Draft,
    header: &[u8],
    mut tracks: Vec<TrackReader<Chunks>>,
    stop: &CancellationToken,
) -> Result<(u64, String), Failure> {
    let mut hash = Sha256::new();
    let mut size = 0;
    let mut put = |bytes: &[u8]| {
        hash.update(bytes);
        size += bytes.len() as u64;
        draft.file.write_all(bytes)
    };
    put(header)?;
    let mut samples = [vec![0; BLOCK], vec![0; BLOCK]];
    let mut bytes = Vec::with_capacity(4 * BLOCK);
    loop {
        if stop.is_cancelled() {
            return Err(Failure::Stopped);
        }
        let mut count = 0;
        for (track, block) in tracks.iter_mut().zip(&mut samples) {
            count = track.read(block).map_err(failure)?;
        }
        if count == 0 {
            break;
        }
        bytes.clear();
        match tracks.len() {
            1 => pcm16_bytes(&samples[0][..count], &mut bytes),
            _ => interleave(&samples[0][..count], &samples[1][..count], &mut bytes),
        }
        put(&bytes)?;
    }
    let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((size, sha256))
}

fn failure(error: ReadError<DbErr>) -> Failure {
    match error {
        ReadError::Chunks(error) => Failure::Database(error),
        ReadError::OddLength(_) => Failure::Damaged,
    }
}

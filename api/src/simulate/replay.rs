//! The replay of one call, from its start to its recording.

use std::{fmt, time::Duration};

use super::{CallFailure, answer::Call, client::Client, names::Names, pace::Pace, progress::Progress, script::Script};

/// A call that was replayed and finalized. It is printed as `<id> <URL>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The call's id.
    pub call: String,
    /// Where its recording can be downloaded; `None`, printed as `-`, where there was no audio.
    pub recording: Option<String>,
}

impl fmt::Display for Replayed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.call, self.recording.as_deref().unwrap_or("-"))
    }
}

/// Replays a call; when it fails, says so, and which one and why.
pub async fn replay(
    client: &Client,
    script: &Script,
    names: &Names,
    pace: Pace,
    progress: &Progress,
) -> Option<Replayed> {
    let mut chunks_left = script.chunks();
    match attempt(client, script, names, pace, progress, &mut chunks_left).await {
        Ok(replayed) => Some(replayed),
        Err(failure) => {
            progress.give_up(chunks_left);
            progress.say(&format!("{}, stream {}: {failure}", script.file.display(), names.stream_sid));
            None
        }
    }
}

async fn attempt(
    client: &Client,
    script: &Script,
    names: &Names,
    pace: Pace,
    progress: &Progress,
    chunks_left: &mut u64,
) -> Result<Replayed, CallFailure> {
    pace.wait(Duration::ZERO).await;
    let Call { id, status, .. } = client.start(script.start(names)).await?;
    if status != "active" {
        return Err(CallFailure::Over { status });
    }
    if let Some(metadata) = &script.metadata {
        client.set_metadata(&id, metadata.clone()).await?;
    }
    for part in &script.parts {
        pace.wait(part.due).await;
        client.add_chunks(&id, part).await?;
        progress.add(part);
        *chunks_left -= part.chunks;
    }
    for transcripts in &script.transcripts {
        client.add_transcripts(&id, transcripts.clone()).await?;
    }
    let ended = client.end(&id).await?;
    if ended.status == "failed" {
        let detail = ended.failure.map_or_else(|| "the service does not say why.".to_owned(), |failure| failure.detail);
        return Err(CallFailure::NotRecorded { detail });
    }
    let recording = ended.recordings.first().map(|recording| client.recording_url(&recording.id));
    Ok(Replayed { call: id, recording })
}

//! The replies to a client: an acknowledgement or a problem for each chunk.

use serde::Serialize;
use service::{Added, ChunkStored, Error, NewChunk, SocketWriter};

use super::frame::Incoming;
use crate::{
    access::paths::CALL_STREAM,
    chunks::model::Track,
    problem::{Problem, ProblemCode, ProblemDetails},
    request::RequestId,
};

/// The reply to one message.
#[derive(Debug)]
pub(super) enum Reply {
    /// The chunk is on disk.
    Ack { track: Track, sequence: u32 },
    /// The chunk was refused. `track` and `sequence` are set as far as the client stated them.
    Error { problem: Problem, track: Option<Track>, sequence: Option<u32> },
}

impl Reply {
    /// Whether the reply means that the call accepts no more audio.
    pub(super) fn is_call_ended(&self) -> bool {
        matches!(self, Self::Error { problem, .. }
            if matches!(problem.code(), ProblemCode::CallEnded | ProblemCode::CallNotFound))
    }

    /// The reply as JSON.
    pub(super) fn text(self, request_id: &str) -> String {
        #[derive(Serialize)]
        #[serde(rename_all = "lowercase")]
        enum Wire {
            Ack {
                track: Track,
                sequence: u32,
            },
            Error {
                #[serde(flatten)]
                details: ProblemDetails,
                track: Option<Track>,
                sequence: Option<u32>,
            },
        }
        let wire = match self {
            Self::Ack { track, sequence } => Wire::Ack { track, sequence },
            Self::Error { problem, track, sequence } => {
                Wire::Error { details: problem.details(request_id), track, sequence }
            }
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    fn of(result: Result<ChunkStored, Error>, position: ChunkPosition) -> Self {
        match result {
            Ok(stored) => Self::Ack { track: stored.track.into(), sequence: stored.sequence },
            Err(error) => position.refused(error.into()),
        }
    }
}

/// The track and sequence that a client stated for a chunk.
#[derive(Clone, Copy)]
struct ChunkPosition {
    track: Option<service::Track>,
    sequence: Option<u32>,
}

impl ChunkPosition {
    fn of(chunk: &NewChunk) -> Self {
        Self { track: Some(chunk.track), sequence: chunk.sequence }
    }

    fn refused(self, problem: Problem) -> Reply {
        problem.code().count(CALL_STREAM);
        Reply::Error { problem, track: self.track.map(Into::into), sequence: self.sequence }
    }
}

/// Stores the chunks in `messages`, and returns one reply per message in the same order.
pub(super) async fn store(writer: SocketWriter, messages: Vec<Incoming>, request_id: RequestId) -> Vec<Reply> {
    let mut positions = Vec::with_capacity(messages.len());
    let mut chunks = Vec::with_capacity(messages.len());
    for message in messages {
        match message {
            Incoming::Chunk(chunk) => {
                positions.push(Ok(ChunkPosition::of(&chunk)));
                chunks.push(chunk);
            }
            Incoming::Refused { problem, track, sequence } => {
                positions.push(Err((problem, ChunkPosition { track, sequence })))
            }
        }
    }
    let Added { chunks: results, halted } = writer.add(chunks).await;
    // An error that stopped the whole batch is logged once, and becomes the reply to each remaining chunk.
    let halted = halted.map(|(error, _)| Problem::from(error));
    if let Some(problem) = &halted {
        problem.log(request_id.text(), request_id.own);
    }
    let mut results = results.into_iter();
    let answer = |position: Result<ChunkPosition, (Problem, ChunkPosition)>| match position {
        Err((problem, position)) => position.refused(problem),
        Ok(position) => match results.next() {
            Some(result) => Reply::of(result, position),
            None => position.refused(
                halted.clone().unwrap_or_else(|| Problem::new(ProblemCode::InternalError, "The service failed.")),
            ),
        },
    };
    positions.into_iter().map(answer).collect()
}

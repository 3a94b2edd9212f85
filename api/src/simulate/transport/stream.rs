//! Over the service's own stream: each frame is acknowledged when it is on disk, and sent again when its connection broke before
//! that.

use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    super::{
        CallFailure,
        call::{Call, Run},
        message::Track,
        pace::Pace,
    },
    socket::{Outbox, Protocol, Session},
};

struct Stream {
    path: String,
}

/// What the service says.
#[derive(Deserialize)]
enum Down {
    #[serde(rename = "ack")]
    Ack { track: Track, sequence: u32 },
    #[serde(rename = "error")]
    Error { detail: String, track: Option<Track>, sequence: Option<u32> },
}

/// Sends what a call has to send, to the call with this id.
pub async fn send(run: &Run, call: &mut Call, id: &str, pace: Pace) -> Result<(), CallFailure> {
    let stream = Stream { path: format!("/calls/{id}/stream") };
    let mut session = Session::open(run, call, stream).await?;
    session.send(pace).await?;
    session.settle().await?;
    session.finish(None).await
}

impl Protocol for Stream {
    fn path(&self) -> &str {
        &self.path
    }

    fn opening(&mut self, call: &mut Call, now: Instant, out: &mut Outbox) {
        for item in call.ledger.take_waiting() {
            call.ledger.counts.resent += 1;
            self.item(call, item, now, out);
        }
    }

    fn item(&mut self, call: &mut Call, item: usize, now: Instant, out: &mut Outbox) {
        if let Some(frame) = call.source.frame(item) {
            out.add(|buffer| call.source.write_stream(item, buffer));
            call.ledger.await_ack(item, frame, now);
        }
    }

    fn take(&mut self, run: &Run, call: &mut Call, text: &Bytes) {
        match serde_json::from_slice(text) {
            Ok(Down::Ack { track, sequence }) => {
                if let Some(took) = call.ledger.settle(track.is_outbound(), sequence, Instant::now(), true) {
                    run.progress.acknowledged(1);
                    run.measure(|measures| measures.latency.note(took, 1));
                }
            }
            Ok(Down::Error { detail, track, sequence }) => {
                if let (Some(track), Some(sequence)) = (track, sequence) {
                    call.ledger.settle(track.is_outbound(), sequence, Instant::now(), false);
                    call.refused(format!("{} {sequence}", track.name()), detail);
                } else {
                    call.refused("which it does not name".to_owned(), detail);
                }
            }
            Err(_) => call.refused("none".to_owned(), "the service says something that is no answer.".to_owned()),
        }
    }

    fn take_at_risk(&mut self) -> Vec<usize> {
        // What was not acknowledged is sent again.
        Vec::new()
    }

    fn comes_back(&self, code: u16) -> bool {
        // Restart, internal error, try again later, abnormal closure.
        matches!(code, 1005 | 1006 | 1011 | 1012 | 1013)
    }
}

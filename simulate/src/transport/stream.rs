//! Sends chunks over the service's own WebSocket protocol. The service acknowledges each frame once it is on disk.
//! Unacknowledged frames are sent again after a reconnect.

use bytes::Bytes;
use serde::Deserialize;
use tokio::time::Instant;

use super::socket::{Outbox, Protocol, Sender};
use crate::{call::Call, error::CallFailure, frame::Track, pace::Pace, run::Run};

struct Stream {
    path: String,
}

/// A message of the service.
#[derive(Deserialize)]
enum Down {
    #[serde(rename = "ack")]
    Ack { track: Track, sequence: u32 },
    #[serde(rename = "error")]
    Error { detail: String, track: Option<Track>, sequence: Option<u32> },
}

/// Sends all items of `call` to the started call `id`, until a stop is requested.
pub(crate) async fn send(run: &Run, call: &mut Call, id: &str, pace: Pace) -> Result<(), CallFailure> {
    let stream = Stream { path: format!("/calls/{id}/stream") };
    let mut sender = Sender::open(run, call, stream).await?;
    sender.send(pace).await?;
    sender.settle().await?;
    sender.finish(None).await
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
                    call.note_refusal(format!("{} {sequence}", track.name()), detail);
                } else {
                    call.note_refusal("not named".to_owned(), detail);
                }
            }
            Err(_) => call.note_refusal(
                "not named".to_owned(),
                "the service sent a message that is neither ack nor error.".to_owned(),
            ),
        }
    }

    fn take_at_risk(&mut self) -> Vec<usize> {
        // Unacknowledged frames are sent again, so none is lost.
        Vec::new()
    }

    fn comes_back(&self, code: u16) -> bool {
        // 1005 and 1006: no close frame; 1011: internal error; 1012: restart; 1013: try again later.
        matches!(code, 1005 | 1006 | 1011 | 1012 | 1013)
    }
}

//! Sends chunks over HTTP in batches. A batch is sent when the one before is acknowledged.

use std::{mem, time::Duration};

use bytes::BytesMut;
use tokio::time::Instant;

use crate::{
    batch::BATCH_MAX_BYTES,
    call::Call,
    error::CallFailure,
    pace::Pace,
    run::Run,
    schedule::{Schedule, Step},
};

/// The longest time, in microseconds, after which chaos drops a request's connection.
const CUT_MAX_US: u64 = 5_000;

/// Chunks that are sent in one request.
#[derive(Default)]
struct Batch {
    body: BytesMut,
    items: Vec<usize>,
    /// Whether chaos drops the connection before the response.
    cut: bool,
}

/// Sends all items of `call` to the started call `id`, until a stop is requested.
pub(crate) async fn send(run: &Run, call: &mut Call, id: &str, pace: Pace) -> Result<(), CallFailure> {
    let mut schedule = Schedule::new(call.chaos);
    let (mut steps, mut batch) = (Vec::new(), Batch::default());
    let mut latest = None;
    while !run.stop.is_requested() {
        let Some(due) = schedule.next(&call.source, &mut call.ledger.counts, &mut steps) else { break };
        let deadline = pace.deadline(due);
        if let Some(deadline) = deadline {
            run.stop.sleep_until(deadline).await;
            if run.stop.is_requested() {
                break;
            }
        }
        latest = deadline;
        for step in steps.drain(..) {
            match step {
                Step::Break => batch.cut = true,
                Step::Send(item) => {
                    batch.add(call, item);
                    if batch.items.len() >= run.settings.batch || batch.body.len() >= BATCH_MAX_BYTES {
                        batch.post(run, call, id, latest).await?;
                    }
                }
            }
        }
    }
    batch.post(run, call, id, latest).await
}

impl Batch {
    fn add(&mut self, call: &Call, item: usize) {
        if call.source.frame(item).is_some() {
            if !self.items.is_empty() {
                self.body.extend_from_slice(b",");
            }
            call.source.write_chunk(item, &mut self.body);
            self.items.push(item);
        }
    }

    async fn post(&mut self, run: &Run, call: &mut Call, id: &str, due: Option<Instant>) -> Result<(), CallFailure> {
        if self.items.is_empty() {
            return Ok(());
        }
        let (body, items, cut) = (self.body.split().freeze(), mem::take(&mut self.items), mem::take(&mut self.cut));
        let (path, body) = if run.settings.batch == 1 {
            ("chunks", body)
        } else {
            let mut whole = BytesMut::with_capacity(body.len() + 16);
            for part in [&b"{\"chunks\":["[..], &body, b"]}"] {
                whole.extend_from_slice(part);
            }
            ("chunks/batch", whole.freeze())
        };
        for &item in &items {
            call.ledger.send(item);
        }
        let frames = items.len() as u64;
        run.progress.sent(frames);
        let sent_at = Instant::now();
        run.measure(|measures| {
            if let Some(due) = due {
                measures.lateness.note(sent_at.saturating_duration_since(due), frames);
            }
        });
        let cut = cut.then(|| Duration::from_micros(fastrand::u64(..CUT_MAX_US)));
        run.client.add_chunks(id, path, body, cut).await?;
        run.measure(|measures| measures.latency.note(sent_at.elapsed(), frames));
        for item in items {
            call.ledger.acknowledge(item);
        }
        run.progress.acknowledged(frames);
        Ok(())
    }
}

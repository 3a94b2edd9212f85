//! One client. Each time the service was gone, it looks for everything that was acknowledged, and continues.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio_util::sync::CancellationToken;

use super::{
    call::Call,
    line::Line,
    service::{Gone, Service},
};

/// Number of acknowledged chunks after which a call is ended.
const CHUNKS: usize = 1_500;

/// A client, and what it knows of its current call.
pub(crate) struct Caller {
    number: u32,
    calls: u32,
    line: Line,
    call: Call,
    begun: bool,
    writes: u32,
    /// Acknowledged writes of all clients.
    acknowledged: Arc<AtomicUsize>,
    /// Acknowledged writes that were found after their call had ended.
    pub found: usize,
    /// Recordings of calls that have ended.
    pub recordings: usize,
}

impl Caller {
    pub(crate) fn new(number: u32, acknowledged: Arc<AtomicUsize>) -> Self {
        let line = Line::of(number);
        let call = Call::new(number, 0, line.base());
        Self { number, calls: 0, line, call, begun: false, writes: 0, acknowledged, found: 0, recordings: 0 }
    }

    /// The id of its current call.
    pub(crate) fn call(&self) -> &str {
        &self.call.name
    }

    /// Number of calls that have ended.
    pub(crate) fn ended(&self) -> usize {
        self.calls as usize
    }

    /// Looks for all acknowledged writes, then writes until told to stop.
    pub(crate) async fn check_and_write(&mut self, service: &Service, stop: &CancellationToken) -> Result<(), Gone> {
        self.line.hang_up();
        if self.begun {
            self.call.check(service).await?;
        }
        while !stop.is_cancelled() {
            let before = self.call.writes();
            let written = self.write(service).await;
            // Some may be acknowledged although the rest is not.
            self.acknowledged.fetch_add(self.call.writes().saturating_sub(before), Ordering::Relaxed);
            written?;
        }
        Ok(())
    }

    /// Ends the last call.
    pub(crate) async fn finish(&mut self, service: &Service) {
        self.line.hang_up();
        if self.begun {
            self.call.check(service).await.unwrap();
            self.end(service).await.unwrap();
        }
    }

    async fn write(&mut self, service: &Service) -> Result<(), Gone> {
        self.writes += 1;
        if !self.begun {
            self.line.start(service, &self.call).await?;
            self.begun = true;
            Ok(())
        } else if self.call.ending || self.call.acknowledged.len() >= CHUNKS {
            self.end(service).await
        } else if self.writes.is_multiple_of(4) {
            self.call.note(service, self.writes).await
        } else {
            self.line.send(service, &mut self.call).await
        }
    }

    async fn end(&mut self, service: &Service) -> Result<(), Gone> {
        self.line.stop(&self.call).await?;
        self.recordings += self.call.end(service).await?;
        self.found += self.call.writes();
        self.calls += 1;
        self.call = Call::new(self.number, self.calls, self.line.base());
        self.begun = false;
        Ok(())
    }
}

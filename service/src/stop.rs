//! How a call store stops.

use crate::Callstore;

impl Callstore {
    /// Stops the background work, which the next start resumes, and closes the database. Requests that wait for a
    /// call's recording return as soon as this begins.
    pub async fn close(&self) {
        self.core.background.close().await;
        self.audit.write_refusals().await;
        self.core.writer.close().await;
        self.core.database.close().await;
        self.core.store.close();
    }

    /// Tells waiting requests to return and sockets to close, because the service is about to stop.
    pub fn stop_waiting(&self) {
        self.streams.sockets.stop();
        self.core.background.cancel();
    }
}

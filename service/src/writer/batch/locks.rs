//! What a transaction locks and reads first if other nodes write too: then it relies on nothing else.
//!
//! On SQLite a transaction that writes has the whole database, and all of this does nothing. On PostgreSQL it costs two
//! queries a transaction, whatever the number of calls: one that locks their rows, and one that reads the ends of their
//! tracks.

use std::collections::BTreeSet;

use entity::call_track::Track;
use sea_orm::{ActiveEnum, DbErr, Iterable};
use uuid::Uuid;

use super::Batch;
use crate::{
    CallRef,
    writer::{CachedTrack, StoredTrack},
};

impl Batch {
    /// Locks the calls of these writes and reads them; for calls that get audio, also the ends of their tracks.
    ///
    /// A call that another node has ended meanwhile is locked and read, but not cached, so that its chunks are refused.
    /// A call that no longer exists is not locked; whoever asks for it finds nothing. Tracks without a row are set to
    /// empty, since the lock keeps others from adding to them.
    pub(in crate::writer) async fn lock(&mut self, calls: Vec<(&CallRef, bool)>) -> Result<(), DbErr> {
        if calls.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = calls.iter().map(|(call, _)| *call).collect();
        let locked = self.database.storage().lock_calls(&self.transaction, &names).await?;
        if locked.is_empty() {
            return Ok(());
        }
        for call in locked.iter().filter(|call| call.deleted_at.is_none()) {
            self.remember(call);
        }
        let with_audio = calls.iter().filter(|(_, adds_audio)| *adds_audio);
        let ids: BTreeSet<Uuid> = with_audio.filter_map(|(call, _)| self.state.cache.find(call)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = ids.into_iter().collect();
        for id in &ids {
            if let Some(call) = self.state.cache.get(*id) {
                Track::iter().for_each(|track| *call.track(track) = CachedTrack::Empty);
            }
        }
        for row in self.database.storage().last_rows(&self.transaction, &ids).await? {
            let track = Track::try_from_value(&row.track)?;
            if let Some(call) = self.state.cache.get(row.call_id) {
                let stored = StoredTrack::ends(row.last_sequence.unsigned_abs(), row.timestamp.is_some());
                *call.track(track) = CachedTrack::Stored(stored);
            }
        }
        Ok(())
    }

    /// Whether even a lone write needs a savepoint.
    pub(in crate::writer) fn needs_savepoints(&self) -> bool {
        self.database.storage().needs_savepoints()
    }

    /// Checks that the database accepts writes.
    ///
    /// The health check writes through the queue like everyone else, so it also notices a writer that no longer
    /// commits.
    pub(crate) async fn check_writable(&self) -> Result<(), DbErr> {
        self.database.storage().check_writable(&self.transaction).await
    }

    /// Makes other nodes with the same idempotency name wait for this transaction.
    ///
    /// Two nodes may get the same request at the same time, for example by a load balancer that retries. The second one
    /// then finds the outcome of the first.
    pub(crate) async fn lock_name(&self, name: &[u8; 32]) -> Result<(), DbErr> {
        self.database.storage().lock_name(&self.transaction, name).await
    }
}

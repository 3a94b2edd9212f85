//! What a transaction locks and reads first if other nodes write too: then it relies on nothing else.

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
    pub(crate) async fn check_writable(&self) -> Result<(), DbErr> {
        self.database.storage().check_writable(&self.transaction).await
    }

    /// Makes other nodes with the same idempotency name wait for this transaction.
    pub(crate) async fn lock_name(&self, name: &[u8; 32]) -> Result<(), DbErr> {
        self.database.storage().lock_name(&self.transaction, name).await
    }
}

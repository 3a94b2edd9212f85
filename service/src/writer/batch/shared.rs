//! A transaction on a database to which other nodes write too: nothing is known but what is locked and read in it.

use std::collections::BTreeSet;

use entity::call_track::Track;
use sea_orm::{ActiveEnum, DbErr, Iterable};
use uuid::Uuid;

use super::Batch;
use crate::{
    CallRef,
    writer::{LiveTrack, StoredTrack},
};

impl Batch {
    /// Locks the calls that writes are about, and reads what is stored of them and, where audio is added, of their tracks.
    pub(in crate::writer) async fn lock(&mut self, calls: Vec<(&CallRef, bool)>) -> Result<(), DbErr> {
        if calls.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = calls.iter().map(|(call, _)| *call).collect();
        for call in self.database.lock_calls(&self.transaction, &names).await? {
            if call.deleted_at.is_none() {
                self.remember(&call);
            }
        }
        let with_audio = calls.iter().filter(|(_, adds_audio)| *adds_audio);
        let ids: BTreeSet<Uuid> = with_audio.filter_map(|(call, _)| self.state.live.find(call)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let ids: Vec<Uuid> = ids.into_iter().collect();
        for id in &ids {
            if let Some(call) = self.state.live.get(*id) {
                Track::iter().for_each(|track| *call.track(track) = LiveTrack::Empty);
            }
        }
        for row in self.database.last_rows(&self.transaction, &ids).await? {
            let track = Track::try_from_value(&row.track)?;
            if let Some(call) = self.state.live.get(row.call_id) {
                let stored = StoredTrack::ends(row.last_sequence.unsigned_abs(), row.timestamp.is_some());
                *call.track(track) = LiveTrack::Stored(stored);
            }
        }
        Ok(())
    }

    /// Whether the transaction goes on after a statement that failed.
    pub(in crate::writer) fn survives_errors(&self) -> bool {
        !self.database.is_shared()
    }

    /// Sees whether the database can be written.
    pub async fn check_writable(&self) -> Result<(), DbErr> {
        self.database.check_writable(&self.transaction).await
    }

    /// Has other nodes that come with the same name wait for this transaction.
    pub async fn lock_name(&self, name: &[u8; 32]) -> Result<(), DbErr> {
        self.database.lock_name(&self.transaction, name).await
    }
}

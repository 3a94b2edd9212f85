//! The scrub: compares every recording with its hash from time to time, so that damage is found while there is still a
//! backup. It reads one recording at a time, slowly, and longest unchecked first. Recordings whose blocks have no
//! hashes get them.
//!
//! It competes with requests for the disk, so it reads 8 MiB a second at most and pauses between recordings. At that
//! pace a terabyte takes a day and a half, far less than the 30 days that it has. `--scrub-interval 0` turns it off.
//!
//! What it finds is told three ways: an error in the log, once an hour and recording; the counter
//! `callstore_recording_faults_total`; and the counter of checked recordings by outcome. It repairs nothing, since only
//! a backup can.

use std::time::Duration;

use entity::{call, recording, recording_check};
use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, ExprTrait, OnConflict, Query},
};
use uuid::Uuid;

use super::{Findings, file::examine};
use crate::{
    Error, Timestamp,
    calls::{CallRef, Visible},
    core::Core,
    policy::milliseconds,
};

/// Pause between two recordings.
const PAUSE: Duration = Duration::from_millis(100);
/// Pause after which to look whether a recording is due.
const IDLE: Duration = Duration::from_secs(1);
/// Pause after a failing store or database.
const TROUBLE: Duration = Duration::from_secs(60);

/// Checks recordings in the background.
///
/// Its place is in the database, as the time of each recording's last check. So a restart goes on where it was, and a
/// damaged recording counts as checked, or the scrub would read nothing else.
pub(crate) struct Scrub {
    core: Core,
    findings: Findings,
    /// Recordings up to this one have hashes of their blocks, or were found damaged; `None` once all have.
    hashed: Option<Uuid>,
    /// What was checked since the scrub was last idle.
    checked: u64,
    bytes: u64,
    faults: u64,
}

impl Scrub {
    pub(crate) fn new(core: Core, findings: Findings) -> Self {
        Self { core, findings, hashed: Some(Uuid::nil()), checked: 0, bytes: 0, faults: 0 }
    }

    /// Checks recordings as they become due until the service stops.
    pub(crate) async fn keep_scrubbing(mut self) {
        if self.core.policy.scrub_interval.is_zero() {
            return;
        }
        let mut pause = IDLE;
        while self.core.background.pause(pause).await {
            pause = match self.scrub_next().await {
                Ok(true) => PAUSE,
                Ok(false) => {
                    self.tell();
                    IDLE
                }
                Err(_) if self.core.background.is_stopping() => return,
                Err(error) => {
                    tracing::warn!(%error, "A recording could not be checked; the service tries again.");
                    TROUBLE
                }
            };
        }
    }

    /// Checks the next recording that is due; returns whether there was one.
    ///
    /// A store or database that does not answer decides nothing: the recording stays due and is tried again a minute
    /// later. A recording whose call was deleted while it was read is passed in silence.
    async fn scrub_next(&mut self) -> Result<bool, Error> {
        if self.next().await?.is_none() {
            return Ok(false);
        }
        // One node at a time, which then asks again: another one may have checked it meanwhile.
        let Some(_lease) = self.core.lease("scrub".to_owned()).await? else { return Ok(false) };
        let Some(recording) = self.next().await? else { return Ok(false) };
        let outcome = examine(&self.core.store, &recording, Some(&self.core.background), |_| Ok(())).await;
        let outcome = match outcome {
            // A call that was deleted meanwhile has no file, and soon no recording.
            Err(_) if !self.is_visible(recording.call_id).await? => return self.pass(&recording, None).await,
            Err(error) if error.is_passing() => return Err(error),
            other => other,
        };
        self.checked += 1;
        self.bytes += recording.size_bytes.unsigned_abs();
        if let Err(error) = &outcome {
            self.faults += 1;
            self.findings.note((recording.id, recording.call_id), error, self.core.now());
            if let Error::Store(error) = error {
                tracing::error!(recording = %recording.id, call = %recording.call_id, %error, "A recording cannot be read.");
            }
        }
        let label = match &outcome {
            Ok(_) => "intact",
            Err(Error::RecordingMissing) => "missing",
            Err(_) => "damaged",
        };
        metrics::counter!("callstore_recordings_checked_total", "outcome" => label).increment(1);
        self.pass(&recording, outcome.ok()).await
    }

    /// The recording that was checked the longest time ago, if that is long enough; those without hashes come first.
    async fn next(&mut self) -> Result<Option<recording::Model>, DbErr> {
        let readers = self.core.database.readers();
        if let Some(hashed) = self.hashed {
            let check = Query::select()
                .expr(Expr::val(1))
                .from(recording_check::Entity)
                .and_where(
                    Expr::col((recording_check::Entity, recording_check::Column::RecordingId))
                        .equals((recording::Entity, recording::Column::Id)),
                )
                .take();
            let without = recording::Entity::find()
                .filter(recording::Column::Id.gt(hashed))
                .filter(Expr::exists(check).not())
                .order_by_asc(recording::Column::Id)
                .limit(1);
            if let Some(found) = without.one(readers).await? {
                return Ok(Some(found));
            }
            self.hashed = None;
        }
        let before = Timestamp(self.core.now().0.saturating_sub(milliseconds(self.core.policy.scrub_interval)));
        let due = recording_check::Entity::find()
            .select_only()
            .column(recording_check::Column::RecordingId)
            .filter(recording_check::Column::CheckedAt.lte(before))
            .order_by_asc(recording_check::Column::CheckedAt)
            .order_by_asc(recording_check::Column::RecordingId)
            .limit(1);
        let Some(due) = due.into_tuple::<Uuid>().one(readers).await? else { return Ok(None) };
        recording::Entity::find_by_id(due).one(readers).await
    }

    async fn is_visible(&self, call: Uuid) -> Result<bool, DbErr> {
        let call = call::Entity::find_by_id(call).visible().one(self.core.database.readers()).await?;
        Ok(call.is_some())
    }

    /// Notes that a recording was checked, and the hashes of its blocks if it is intact.
    async fn pass(&mut self, recording: &recording::Model, block_hashes: Option<Vec<u8>>) -> Result<bool, Error> {
        use recording_check::{ActiveModel, Column, Entity};
        if let Some(hashed) = &mut self.hashed {
            *hashed = recording.id;
        }
        let (id, now, call) = (recording.id, self.core.now(), CallRef::of(recording.call_id));
        let work = self.core.write(Some(&call), 0, move |batch| {
            async move {
                let transaction = batch.transaction();
                let Some(block_hashes) = block_hashes else {
                    let change = ActiveModel { checked_at: Set(now), ..Default::default() };
                    let row = Entity::update_many().set(change).filter(Column::RecordingId.eq(id));
                    return Ok(row.exec(transaction).await.map(drop)?);
                };
                // Its call may have been removed.
                if recording::Entity::find_by_id(id).one(transaction).await?.is_none() {
                    return Ok(());
                }
                let row = ActiveModel { recording_id: Set(id), block_hashes: Set(block_hashes), checked_at: Set(now) };
                let replace = OnConflict::column(Column::RecordingId)
                    .update_columns([Column::BlockHashes, Column::CheckedAt])
                    .to_owned();
                Ok(Entity::insert(row).on_conflict(replace).exec_without_returning(transaction).await.map(drop)?)
            }
            .boxed()
        });
        work.await.map(|()| true)
    }

    /// Logs what was checked since the last time.
    fn tell(&mut self) {
        if self.checked > 0 {
            let (recordings, bytes, faults) = (self.checked, self.bytes, self.faults);
            tracing::info!(recordings, bytes, faults, "Recordings were compared with their hashes.");
            (self.checked, self.bytes, self.faults) = (0, 0, 0);
        }
    }
}

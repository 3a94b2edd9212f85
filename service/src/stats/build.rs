//! Builds the slots of statistics from the rows of their calls, wherever they are marked.
//!
//! Two nodes may build the same slot at the same time, and the older result must not win. So a build removes exactly
//! the marks that its snapshot has shown. If one of them is gone by then, another build has seen it, and maybe more:
//! then the slot is marked again.
//!
//! How a change of a call and a build of its slot meet:
//!
//! 1. The change commits before the snapshot: its mark is seen, the calls are read with the change, the mark goes.
//! 2. It commits after the snapshot: its mark has an id that the build has not seen, and stays. The slot is built
//!    again.
//! 3. It commits after the build: the same as a change of an unmarked slot.
//!
//! In no order does a slot count that lacks a committed change, because a read looks for marks in its own snapshot.

use std::{collections::BTreeMap, time::Duration};

use entity::{stats_mark, stats_slot};
use futures_util::FutureExt;
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::OnConflict,
};
use tokio::time::Instant;

use super::{slot::slot_of, source::calls_of_slot};
use crate::{Error, Timestamp, core::Core};

/// Shortest and longest pause between two rounds.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LAST: Duration = Duration::from_secs(60);
/// How many times as long as the longest build of a round the pause after it is, so that a busy service, whose latest
/// slot is large and always marked, spends a twentieth of a core on it.
const PAUSE_TIMES: u32 = 20;
/// Most marks that a round takes.
const MARKS: u64 = 20_000;

/// Builds slots. What it does can be repeated, interrupted and done by several nodes at any time.
///
/// Only the latest slot is marked most of the time, by calls that begin and end. Old slots are marked when a call of
/// theirs is deleted, when its metadata changes, or when an upgrade marks all.
#[derive(Clone)]
pub(crate) struct Slots {
    core: Core,
}

impl Slots {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Builds marked slots until the service stops.
    pub(crate) async fn keep_building(self) {
        let mut pause = PAUSE_FIRST;
        while self.core.background.pause(pause).await {
            let longest = self.build_marked().await.unwrap_or_else(|error| {
                tracing::error!(%error, "The statistics could not be brought up to date; the service tries again.");
                Duration::ZERO
            });
            pause = (longest * PAUSE_TIMES).clamp(PAUSE_FIRST, PAUSE_LAST);
        }
    }

    /// Builds all slots that are marked now, the latest first, and returns how long the longest build took. With
    /// several nodes, only one that holds the lease does.
    ///
    /// A round takes at most 20,000 marks, the newest. What is left is taken by the next round, so an upgrade of
    /// millions of calls is done in the background within minutes, and statistics are exact meanwhile, only slower.
    ///
    /// # Errors
    /// A failing database. Slots that were built before stay built.
    async fn build_marked(&self) -> Result<Duration, Error> {
        let marks = stats_mark::Entity::find().order_by_desc(stats_mark::Column::Slot).limit(MARKS);
        let marks = marks.all(self.core.database.readers()).await?;
        let mut slots = BTreeMap::<i64, bool>::new();
        for mark in marks {
            *slots.entry(mark.slot.0).or_default() |= mark.erases;
        }
        let mut longest = Duration::ZERO;
        for (slot, erases) in slots.into_iter().rev() {
            let begun = Instant::now();
            if !self.core.has_lease("statistics").await? {
                break;
            }
            self.build(slot).await?;
            if erases {
                self.core.note_deleted();
            }
            // Many slots are marked after an upgrade; requests have the other half of the time.
            let taken = begun.elapsed();
            longest = longest.max(taken);
            if !self.core.background.pause(taken).await {
                break;
            }
        }
        Ok(longest)
    }

    /// Builds the slot of a call that begins at a time, so that nothing of a deleted call is left in it.
    ///
    /// Removing a call waits for this before its row goes. A slot holds no caller, but the agent's name, and that of a
    /// deleted call must not stay for as long as the slot happens to be marked.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(crate) async fn forget_deleted(&self, start: Timestamp) -> Result<(), Error> {
        // Only a concurrent build of another node can come in between.
        while !self.build(slot_of(start)).await? {}
        Ok(())
    }

    /// Builds a slot. Returns false if another build came first; the slot then stays marked.
    async fn build(&self, start: i64) -> Result<bool, Error> {
        let snapshot = self.core.database.snapshot().await?;
        let seen: Vec<i64> = stats_mark::Entity::find()
            .select_only()
            .column(stats_mark::Column::Id)
            .filter(stats_mark::Column::Slot.eq(Timestamp(start)))
            .order_by_asc(stats_mark::Column::Id)
            .limit(MARKS)
            .into_tuple()
            .all(&snapshot)
            .await?;
        let slot = calls_of_slot(start, &snapshot).await?;
        drop(snapshot);
        let data = (!slot.calls.is_empty()).then(|| slot.pack(start));
        let bytes = data.as_ref().map_or(0, Vec::len);
        self.core
            .write(None, bytes, move |batch| {
                async move {
                    let transaction = batch.transaction();
                    let mut removed = 0;
                    for seen in seen.chunks(1_000) {
                        let marks = stats_mark::Entity::delete_many();
                        let marks = marks.filter(stats_mark::Column::Id.is_in(seen.iter().copied()));
                        removed += marks.exec(transaction).await?.rows_affected;
                    }
                    if removed != audio::number::wide(seen.len()) {
                        let again =
                            stats_mark::ActiveModel { id: NotSet, slot: Set(Timestamp(start)), erases: Set(true) };
                        stats_mark::Entity::insert(again).exec_without_returning(transaction).await?;
                        return Ok(false);
                    }
                    match data {
                        Some(data) => {
                            let row = stats_slot::ActiveModel { start_time: Set(Timestamp(start)), data: Set(data) };
                            let replace = OnConflict::column(stats_slot::Column::StartTime)
                                .update_column(stats_slot::Column::Data)
                                .to_owned();
                            let insert = stats_slot::Entity::insert(row).on_conflict(replace);
                            insert.exec_without_returning(transaction).await?;
                        }
                        None => {
                            stats_slot::Entity::delete_by_id(Timestamp(start)).exec(transaction).await?;
                        }
                    }
                    Ok(true)
                }
                .boxed()
            })
            .await
    }
}

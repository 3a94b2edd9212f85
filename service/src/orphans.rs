//! Recordings without a call. A power cut may bring one back after its deletion, and a node that has lost its lease may
//! upload one that was deleted meanwhile. They are looked for after the start and once a day, by one node of a cluster.
//!
//! What makes a removal safe: a file that is older than an hour and whose call has no row, deleted or not. A call that
//! is being removed still has its row, and one that is being recorded has had it since it started. If most files have
//! no call, nothing is removed, because an operator has probably connected the wrong database or store.

use std::time::{Duration, SystemTime};

use entity::call::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{
    Error,
    core::Core,
    policy::milliseconds,
    store::{Listed, Store},
};

/// How old a file must be. A recording has its call before it has its name, so any age would do.
const AGE: Duration = Duration::from_hours(1);
/// How many calls are looked up at a time.
const SLICE: usize = 500;
/// How often they are looked for.
const EVERY: Duration = Duration::from_hours(24);
/// The lease of the node that looks for them.
const LEASE: &str = "recordings without a call";

/// Removes recordings without a call, unless there are more of them than of others: then this is more likely another
/// database than the one that the store belongs to.
pub(crate) async fn keep_removing(core: Core) {
    loop {
        if let Err(error) = find_and_remove(&core).await {
            tracing::warn!(%error, "Recordings without a call could not be looked for; the service tries again in a day.");
        }
        if !core.background.pause(EVERY).await {
            return;
        }
    }
}

async fn find_and_remove(core: &Core) -> Result<(), Error> {
    let Some(_lease) = core.lease(LEASE.to_owned()).await? else { return Ok(()) };
    let before = core.now().0.saturating_sub(milliseconds(AGE));
    let before = SystemTime::UNIX_EPOCH + Duration::from_millis(before.unsigned_abs());
    let (mut orphans, mut known) = (Vec::new(), 0);
    let mut part = Some(Store::first_part());
    while let Some(begin) = part {
        if core.background.is_stopping() {
            return Ok(());
        }
        let Listed { calls, next } = core.store.old_calls(begin, before).await?;
        for calls in calls.chunks(SLICE) {
            let stored =
                Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(calls.iter().copied()));
            let stored: Vec<Uuid> = stored.into_tuple().all(core.database.readers()).await?;
            known += stored.len();
            orphans.extend(calls.iter().filter(|call| !stored.contains(call)));
        }
        part = next;
    }
    let count = orphans.len();
    if count > known {
        tracing::error!(
            recordings = count,
            "Most recordings have no call in this database, so they are kept. Is it the right database?"
        );
        return Ok(());
    }
    for call in orphans {
        core.store.remove_call(call).await?;
    }
    if count > 0 {
        tracing::info!(recordings = count, "Recordings without a call were removed.");
    }
    Ok(())
}

//! Recordings without a call, which a power cut brought back after an earlier version had deleted them. They are looked
//! for once, after the start.

use std::time::{Duration, SystemTime};

use entity::call::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use crate::{Error, core::Core, policy::milliseconds, store::Store};

/// How old a file must be. A recording has its call before it has its name, so any age would do.
const AGE: Duration = Duration::from_hours(1);
/// How many calls are looked up at a time.
const SLICE: usize = 500;

/// Removes recordings without a call, unless there are more of them than of others: then this is more likely another
/// database than the one that the folder belongs to.
pub(crate) async fn remove(core: Core) {
    if let Err(error) = find_and_remove(&core).await {
        tracing::warn!(%error, "Recordings without a call could not be looked for; the next start tries again.");
    }
}

async fn find_and_remove(core: &Core) -> Result<(), Error> {
    let before = core.now().0.saturating_sub(milliseconds(AGE));
    let before = SystemTime::UNIX_EPOCH + Duration::from_millis(before.unsigned_abs());
    let (mut orphans, mut known) = (Vec::new(), 0);
    for shard in 0..=u8::MAX {
        if core.background.is_stopping() {
            return Ok(());
        }
        for calls in core.store.old_calls_in(&format!("{shard:02x}"), before).await?.chunks(SLICE) {
            let stored =
                Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(calls.iter().copied()));
            let stored: Vec<Uuid> = stored.into_tuple().all(core.database.readers()).await?;
            known += stored.len();
            orphans.extend(calls.iter().filter(|call| !stored.contains(call)));
        }
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
        core.store.remove(&Store::file_path(call)).await?;
    }
    if count > 0 {
        tracing::info!(recordings = count, "Recordings without a call were removed.");
    }
    Ok(())
}

//! What deleted rows leave in the database's files. A deleted row is overwritten at once, but earlier versions of its
//! page stay in the log until that is emptied, and a call's latest audio in the journal until its rows have moved.
//! After each deletion of personal data, a background task waits for the journal and then empties the log.

use std::time::Duration;

use futures_util::FutureExt;

use crate::{Error, core::Core};

/// The first and the longest pause between attempts. The first also lets deletions that follow each other share one.
const PAUSE_FIRST: Duration = Duration::from_secs(1);
const PAUSE_LAST: Duration = Duration::from_secs(8);

/// Removes leftovers after each deletion, until the service stops. It begins with those of the last run.
pub(crate) async fn keep_removing(core: Core) {
    core.note_deleted();
    let stopping = core.background.stopping();
    while stopping.run_until_cancelled(core.deleted.notified()).await.is_some() {
        if let Err(error) = remove(&core).await {
            tracing::error!(%error, "Deleted data may still be in the database's log; the service tries again.");
            core.note_deleted();
            if !core.background.pause(PAUSE_LAST).await {
                return;
            }
        }
    }
}

/// Removes words from the index for search, then empties the log once the journal has lost the rows that it has now.
async fn remove(core: &Core) -> Result<(), Error> {
    let storage = core.database.storage();
    core.write(None, 0, |batch| {
        async move { Ok(batch.storage().rewrite_small_index(batch.transaction()).await?) }.boxed()
    })
    .await?;
    let end = storage.journal_end().await?;
    let mut pause = PAUSE_FIRST;
    while core.background.pause(pause).await {
        if storage.empty_log(end).await? {
            return Ok(());
        }
        pause = (pause * 2).min(PAUSE_LAST);
    }
    Ok(())
}

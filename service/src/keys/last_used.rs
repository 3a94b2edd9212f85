//! Writes when keys were last used, in a task of its own.

use std::time::Duration;

use entity::api_key::{Column, Entity};
use futures_util::FutureExt;
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::Expr};

use super::Keys;
use crate::Error;

/// How often uses are looked through.
const BEAT: Duration = Duration::from_secs(1);

impl Keys {
    /// Writes the last uses of keys, each at most once a minute, until the service stops.
    pub(crate) async fn keep_noting_use(self) {
        let mut failing = false;
        while self.core.background.pause(BEAT).await {
            let written = self.write_use().await;
            if let Err(error) = &written
                && !failing
            {
                tracing::warn!(%error, "The last use of keys could not be stored; the service tries again.");
            }
            failing = written.is_err();
        }
    }

    /// Writes the uses that are due, in one transaction.
    async fn write_use(&self) -> Result<(), Error> {
        let now = self.core.now();
        let due = self.usage.due(now);
        if due.is_empty() {
            return Ok(());
        }
        let keys = due.clone();
        let written = self.core.write(None, 0, |batch| {
            async move {
                for (key, at) in keys {
                    // Another node may have written a later use.
                    let earlier = Condition::any().add(Column::LastUsedAt.is_null()).add(Column::LastUsedAt.lt(at));
                    let update = Entity::update_many().col_expr(Column::LastUsedAt, Expr::value(at));
                    update.filter(Column::Id.eq(key)).filter(earlier).exec(batch.transaction()).await?;
                }
                Ok(())
            }
            .boxed()
        });
        written.await?;
        self.usage.note_written(&due, now);
        Ok(())
    }
}

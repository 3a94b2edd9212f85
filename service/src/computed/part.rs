//! The part of the call store for computed analytics. Its operations are in the other files of this folder.

use std::collections::HashMap;

use entity::computed_analytics::{Column, Entity};
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter};
use uuid::Uuid;

use super::ComputedAnalytics;
use crate::{Error, core::Core};

/// Operations on analytics that are computed from recordings.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, NewCall};
///
/// let call = callstore.calls.start(NewCall::default(), Author::default(), None).await?.call;
/// // A call has computed analytics once it is recorded.
/// assert!(callstore.computed.of_calls(&[call.id]).await?.is_empty());
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Computed {
    pub(super) core: Core,
}

impl Computed {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// The computed analytics of several calls, by the calls' ids; calls without any are left out. Whether the calls
    /// exist is for the caller to know.
    ///
    /// # Errors
    /// A failing database.
    pub async fn of_calls(&self, calls: &[Uuid]) -> Result<HashMap<Uuid, ComputedAnalytics>, Error> {
        Ok(computed_of(self.core.database.readers(), calls).await?)
    }
}

/// The computed analytics of several calls, read in one query.
///
/// For those who have a snapshot, so that the figures fit the calls beside which they are shown.
pub(crate) async fn computed_of(
    connection: &impl ConnectionTrait,
    calls: &[Uuid],
) -> Result<HashMap<Uuid, ComputedAnalytics>, DbErr> {
    let rows = Entity::find().filter(Column::CallId.is_in(calls.iter().copied())).all(connection).await?;
    Ok(rows.iter().map(|row| (row.call_id, row.into())).collect())
}

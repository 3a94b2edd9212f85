//! The audit trail: who read recordings and transcripts, changed something, or administered keys. Entries are only
//! added.
//!
//! Two ways in. Most entries are written after the response is known, by [`Audit::add`]; if that fails, it is logged
//! with the whole entry, and the response stands. An entry about a transcript is part of the transaction that stores
//! it.
//!
//! Entries are never changed, and outlive the calls that they name.

use entity::audit_entry::{Column, Entity, Model};
use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, IntoActiveModel, QueryFilter,
    QueryOrder, QuerySelect, sea_query::ExprTrait,
};
use uuid::Uuid;

pub use entity::audit_entry::Actor;

use crate::{
    Clock, Error, Ids, Page, Slice, Timestamp,
    core::Core,
    writer::{Batch, Outcome, Pending, State, Write},
};

/// Longest stored `forwarded_for` and `resource`, in characters; the rest is cut off.
const FORWARDED_MAX: usize = 256;
const RESOURCE_MAX: usize = 512;

/// An entry of the audit trail: a request or a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// UUIDv7, in order of creation.
    pub id: Uuid,
    /// When the request was answered.
    pub created_at: Timestamp,
    /// Type of caller.
    pub actor: Actor,
    /// The key's id, if the caller used a key.
    pub key_id: Option<Uuid>,
    /// Address of the peer; `None` for a command.
    pub address: Option<String>,
    /// The client's address as a proxy forwarded it, if any. It can be forged.
    pub forwarded_for: Option<String>,
    /// What was requested: an operationId.
    pub operation: String,
    /// The path of the request, or of the resource it created.
    pub resource: String,
    /// Status of the response; `None` for a command.
    pub status: Option<u16>,
    /// The request's id, as in the log; `None` for a command.
    pub request_id: Option<String>,
}

impl From<Model> for AuditEntry {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            actor: row.actor,
            key_id: row.key_id,
            address: row.address,
            forwarded_for: row.forwarded_for,
            operation: row.operation,
            resource: row.resource,
            status: u16::try_from(row.status).ok().filter(|status| *status > 0),
            request_id: row.request_id,
        }
    }
}

/// A new entry of the audit trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Type of caller.
    pub actor: Actor,
    /// The key's id, if the caller used a key.
    pub key_id: Option<Uuid>,
    /// Address of the peer.
    pub address: Option<String>,
    /// The client's address as a proxy forwarded it; it can be forged.
    pub forwarded_for: Option<String>,
    /// What was requested: an operationId.
    pub operation: String,
    /// The path of the resource.
    pub resource: String,
    /// Status of the response.
    pub status: u16,
    /// The request's id.
    pub request_id: Option<String>,
}

/// Selects entries; all conditions given must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListAudit {
    /// The page to return.
    pub page: Page,
    /// Only entries of this key.
    pub key_id: Option<Uuid>,
    /// Only entries of this operation.
    pub operation: Option<String>,
    /// Only entries of this path and of paths below it.
    pub resource: Option<String>,
    /// Only entries created then or later.
    pub created_after: Option<Timestamp>,
    /// Only entries created before then.
    pub created_before: Option<Timestamp>,
}

/// Operations on the audit log.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Actor, ListAudit, NewAuditEntry, Page};
///
/// let entry = NewAuditEntry {
///     actor: Actor::Anyone,
///     key_id: None,
///     address: Some("192.0.2.7".to_owned()),
///     forwarded_for: None,
///     operation: "getRecording".to_owned(),
///     resource: "/recordings/1".to_owned(),
///     status: 404,
///     request_id: None,
/// };
/// callstore.audit.add(entry).await;
///
/// let list = ListAudit {
///     page: Page { limit: 50, offset: 0 },
///     key_id: None,
///     operation: Some("getRecording".to_owned()),
///     resource: None,
///     created_after: None,
///     created_before: None,
/// };
/// assert_eq!(callstore.audit.list(&list).await?.items[0].status, Some(404));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Audit {
    core: Core,
}

impl Audit {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }

    /// Adds an entry, durable when this returns. If that fails, the entry goes to the log instead.
    pub async fn add(&self, new: NewAuditEntry) {
        let entry = new.into_row(self.core.ids.next(), self.core.now());
        let row = entry.clone();
        if let Err(error) = self.core.queue(0, |outcome| AddEntry { row, outcome }).await {
            metrics::counter!("callstore_audit_misses_total").increment(1);
            tracing::error!(%error, ?entry, "An audit entry could not be written.");
        }
    }

    /// Entries, newest first.
    ///
    /// # Errors
    /// A failing database.
    pub async fn list(&self, list: &ListAudit) -> Result<Slice<AuditEntry>, Error> {
        let rows = select(list).all(self.core.database.readers()).await?;
        Ok(Slice::cut(rows, list.page.limit))
    }
}

impl NewAuditEntry {
    /// The entry's row.
    pub(crate) fn into_row(self, id: Uuid, now: Timestamp) -> Model {
        let cut = |text: String, most: usize| text.chars().take(most).collect();
        Model {
            id,
            created_at: now,
            actor: self.actor,
            key_id: self.key_id,
            address: self.address,
            forwarded_for: self.forwarded_for.map(|text| cut(text, FORWARDED_MAX)),
            operation: self.operation,
            resource: cut(self.resource, RESOURCE_MAX),
            status: i16::try_from(self.status).unwrap_or_default(),
            request_id: self.request_id,
        }
    }
}

/// Adds the entry of a command, in the command's own transaction.
pub(crate) async fn enter_command(
    transaction: &impl ConnectionTrait,
    operation: &str,
    resource: String,
    clock: &dyn Clock,
    ids: &dyn Ids,
) -> Result<(), DbErr> {
    let new = NewAuditEntry {
        actor: Actor::Command,
        key_id: None,
        address: None,
        forwarded_for: None,
        operation: operation.to_owned(),
        resource,
        status: 0,
        request_id: None,
    };
    let row = new.into_row(ids.next(), clock.now()).into_active_model().reset_all();
    Entity::insert(row).exec_without_returning(transaction).await.map(drop)
}

/// An entry in the writer's queue.
struct AddEntry {
    row: Model,
    outcome: Outcome<()>,
}

impl Write for AddEntry {
    fn work_at_once(&mut self, state: &mut State) -> bool {
        state.add_audit(self.row.clone());
        self.outcome.set(Ok(())).is_ok()
    }

    fn has_statements(&self) -> bool {
        false
    }

    fn work<'a>(&'a mut self, batch: &'a mut Batch) -> BoxFuture<'a, Result<(), DbErr>> {
        async move {
            batch.state().add_audit(self.row.clone());
            self.outcome.set(Ok(()))
        }
        .boxed()
    }

    fn outcome(&mut self) -> &mut dyn Pending {
        &mut self.outcome
    }
}

fn select(list: &ListAudit) -> sea_orm::Select<Entity> {
    let below = |path: &String| {
        // Paths below `path` sort between "path/" and "path0", because `0` follows `/` in ASCII.
        let inside = Column::Resource.gte(format!("{path}/")).and(Column::Resource.lt(format!("{path}0")));
        Condition::any().add(Column::Resource.eq(path)).add(inside)
    };
    let wanted = Condition::all()
        .add_option(list.key_id.map(|key| Column::KeyId.eq(key)))
        .add_option(list.operation.as_ref().map(|operation| Column::Operation.eq(operation)))
        .add_option(list.resource.as_ref().map(below))
        .add_option(list.created_after.map(|time| Column::CreatedAt.gte(time)))
        .add_option(list.created_before.map(|time| Column::CreatedAt.lt(time)));
    Entity::find()
        .filter(wanted)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .offset(list.page.offset)
        .limit(list.page.limit + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plans::{database, in_index_order, plan};

    #[tokio::test]
    async fn entries_are_read_in_the_order_of_an_index() {
        let (database, _folder) = database().await;
        let page = Page { limit: 50, offset: 10 };
        let all = ListAudit {
            page,
            key_id: None,
            operation: None,
            resource: None,
            created_after: None,
            created_before: None,
        };
        let some = ListAudit {
            key_id: Some(Uuid::nil()),
            operation: Some("downloadRecording".to_owned()),
            resource: Some("/calls/MZ1".to_owned()),
            created_after: Some(Timestamp(0)),
            created_before: Some(Timestamp(1)),
            ..all.clone()
        };
        for list in [all, some] {
            let plan = plan(&database, select(&list)).await;
            assert!(in_index_order(&plan), "{plan:#?}");
        }
    }
}

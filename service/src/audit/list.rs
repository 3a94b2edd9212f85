//! The query for a page of the audit trail.

use entity::audit_entry::{Column, Entity};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::ExprTrait};
use uuid::Uuid;

use crate::{Page, Timestamp};

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

/// The entries, newest first, and one more than the page has room for.
///
/// Ids break ties between entries of one millisecond, so that pages neither repeat nor skip.
pub(super) fn select(list: &ListAudit) -> sea_orm::Select<Entity> {
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

//! Parts of the list of calls that one index returns in order.
//!
//! A list by duration has two segments, because calls that run have none: an index has them as NULL at one end, where
//! the two databases disagree, so they are read by their ids, after all others.

use entity::call::{Column, Entity};
use sea_orm::{
    Condition, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait, Iden, Order, QueryFilter, QueryOrder, Select,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};

use super::{
    Visible,
    cursor::Position,
    filter::{CallFilter, CallSort, SortField},
    matching::{Lead, matching},
};

/// Selects all calls that match a filter, the earliest first, by the index that finds them best.
///
/// # Errors
/// When the database does not answer.
pub(crate) async fn select_by_start(
    filter: &CallFilter,
    connection: &impl ConnectionTrait,
) -> Result<Select<Entity>, DbErr> {
    let lead = Lead::choose(filter, connection).await?;
    let sort = CallSort { field: SortField::StartTime, descending: false };
    Ok(Segment::ByStart.select(filter, sort, lead, None, connection.get_database_backend()))
}

/// A part of a sorted list that one index returns in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment {
    /// All calls, by start time.
    ByStart,
    /// Calls that have ended, by duration.
    ByDuration,
    /// Calls that have not ended, by id.
    WithoutDuration,
}

impl Segment {
    pub(super) fn of(field: SortField) -> &'static [Self] {
        match field {
            SortField::StartTime => &[Self::ByStart],
            SortField::Duration => &[Self::ByDuration, Self::WithoutDuration],
        }
    }

    pub(super) fn holds(self, position: Position) -> bool {
        position.key.is_none() == (self == Self::WithoutDuration)
    }

    pub(super) fn key(self) -> Column {
        match self {
            Self::ByStart => Column::StartTime,
            Self::ByDuration | Self::WithoutDuration => Column::DurationMs,
        }
    }

    /// The sort key. Few calls are sorted: the index of the order would pass all calls to find them.
    fn key_for(self, lead: Lead) -> SimpleExpr {
        if lead.is_unsorted() {
            Expr::cust(format!("+\"call\".\"{}\"", self.key().unquoted()))
        } else {
            SimpleExpr::from(Expr::col((Entity, self.key())))
        }
    }

    /// A call has a duration once it has ended.
    pub(super) fn condition(self, filter: &CallFilter, lead: Lead, backend: DatabaseBackend) -> Condition {
        let condition = matching(filter, lead, Some(self.key()), backend);
        match self {
            Self::ByStart => condition,
            Self::ByDuration => condition.add(self.key_for(lead).is_not_null()),
            Self::WithoutDuration => condition.add(self.key_for(lead).is_null()),
        }
    }

    /// The position is compared as a tuple, `(key, id) > (?, ?)`, which both databases answer from the index.
    ///
    /// `after` is exclusive. The id breaks ties, in the direction of the sort, so that the order is total and a cursor
    /// exact.
    pub(super) fn select(
        self,
        filter: &CallFilter,
        sort: CallSort,
        lead: Lead,
        after: Option<Position>,
        backend: DatabaseBackend,
    ) -> Select<Entity> {
        let key = self.key_for(lead);
        let id = SimpleExpr::from(Expr::col((Entity, Column::Id)));
        let mut condition = self.condition(filter, lead, backend);
        if let Some(position) = after {
            let (mut columns, mut values) = (Vec::new(), Vec::new());
            if let Some(value) = position.key {
                columns.push(key.clone());
                values.push(Expr::val(value));
            }
            columns.push(id.clone());
            values.push(Expr::val(position.id));
            let (place, end) = (Expr::tuple(columns), Expr::tuple(values));
            condition = condition.add(if sort.descending { place.lt(end) } else { place.gt(end) });
        }
        let order = if sort.descending { Order::Desc } else { Order::Asc };
        Entity::find().visible().filter(condition).order_by(key, order.clone()).order_by(id, order)
    }
}

//! Soft deletion. A deleted call is hidden at once, while its file and its rows are being removed.

use entity::call::{Column, Entity};
use sea_orm::{ColumnTrait, QueryFilter, Select, UpdateMany};

/// Restricts a statement to calls that are not deleted. Every statement about calls that the API shows or changes needs
/// it; only what removes deleted calls does not.
pub(crate) trait Visible: Sized {
    /// Leaves out deleted calls.
    fn visible(self) -> Self;
}

impl Visible for Select<Entity> {
    fn visible(self) -> Self {
        self.filter(Column::DeletedAt.is_null())
    }
}

impl Visible for UpdateMany<Entity> {
    fn visible(self) -> Self {
        self.filter(Column::DeletedAt.is_null())
    }
}

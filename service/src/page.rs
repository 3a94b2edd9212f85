//! Pages of lists by offset.

/// A page of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most items to return.
    pub limit: u64,
    /// Number of items to skip.
    pub offset: u64,
}

/// The items of a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more items follow.
    pub has_more: bool,
}

impl<T> Slice<T> {
    /// Builds a page from rows that were queried with `limit + 1`, so that the extra row tells whether more follow.
    pub(crate) fn cut(rows: Vec<impl Into<T>>, limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        Self { items: rows.into_iter().take(limit).map(Into::into).collect(), has_more }
    }
}

//! Pages of lists by offset.
//!
//! For lists that are short or rarely paged, such as keys and transcripts of one call. A list that may have millions of
//! items uses a cursor, because an offset costs what it skips.

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

//! Pages of lists inside a call: a place to begin and how many.

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// How many items, at most.
    pub limit: u64,
    /// How many items to pass over.
    pub offset: u64,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice<T> {
    /// The items.
    pub items: Vec<T>,
    /// Whether more follow.
    pub has_more: bool,
}

impl<T> Slice<T> {
    /// Cuts rows that were asked for with one more than `limit`.
    pub(crate) fn cut(mut items: Vec<T>, limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self { items, has_more }
    }
}

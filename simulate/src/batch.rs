//! How many items one request carries.

/// The most items in one request, as the service allows.
pub(crate) const BATCH_MAX: usize = 500;
/// The most bytes of items in one request. The service accepts bodies of 8 MiB; the rest is room for the surrounding
/// JSON.
pub(crate) const BATCH_MAX_BYTES: usize = 6 * 1024 * 1024;

/// Splits a list into slices of at most `count` items that fit into one request. An item that is too large gets its own
/// slice.
pub(crate) fn cut<T>(mut items: &[T], count: usize, size: impl Fn(&T) -> usize) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = items.iter().take(count.max(1)).take_while(|item| {
            bytes += size(item);
            bytes <= BATCH_MAX_BYTES
        });
        let (run, rest) = items.split_at(fits.count().max(1).min(items.len()));
        items = rest;
        (!run.is_empty()).then_some(run)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_items_are_cut_by_their_size() {
        let lengths = |items: &[usize]| cut(items, 3, |size| *size).map(<[_]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(&[1; 7]), [3, 3, 1]);
        assert_eq!(lengths(&[BATCH_MAX_BYTES, 1, BATCH_MAX_BYTES + 1, 1]), [1, 1, 1, 1]);
        assert_eq!(lengths(&[]), [0; 0]);
    }
}

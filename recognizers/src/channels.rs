//! Which channel of a document is which side of the call.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::Track;

/// The channels of a document. They only count where there are at least two: a mono document has no track.
#[derive(Clone, Copy)]
pub(crate) struct Channels {
    /// The number of the first channel; none if channels do not count.
    first: Option<i64>,
}

impl Channels {
    /// The channels that a document names, numbered from `first`.
    pub(crate) fn named(first: i64, channels: impl IntoIterator<Item = Option<i64>>) -> Self {
        let different: BTreeSet<i64> = channels.into_iter().flatten().collect();
        Self::declared(first, different.len())
    }

    /// A number of channels that the document states.
    pub(crate) fn declared(first: i64, count: usize) -> Self {
        Self { first: (count >= 2).then_some(first) }
    }

    /// Whether there are two or more.
    pub(crate) fn count(self) -> bool {
        self.first.is_some()
    }

    /// The first channel is inbound, the second outbound, and any other has no track.
    pub(crate) fn track(self, channel: Option<i64>) -> Option<Track> {
        match channel?.checked_sub(self.first?)? {
            0 => Some(Track::Inbound),
            1 => Some(Track::Outbound),
            _ => None,
        }
    }
}

/// Items with their positions, by channel and in order. Without channels that count, all are one.
pub(crate) fn by_channel(
    items: &[Value],
    channels: Channels,
    channel: impl Fn(&Value) -> Option<i64>,
) -> BTreeMap<Option<i64>, Vec<(usize, &Value)>> {
    let mut found = BTreeMap::<_, Vec<_>>::new();
    for (at, item) in items.iter().enumerate() {
        let channel = channel(item).filter(|_| channels.count());
        found.entry(channel).or_default().push((at, item));
    }
    if found.is_empty() {
        found.insert(None, Vec::new());
    }
    found
}

//! The order in which the rules look at segments.

use super::model::Party;
use crate::speech::{Segment, Speech};

/// The segments of both parties by (start, end), the caller's first.
pub(super) fn in_order(speech: &Speech) -> Vec<(Segment, Party)> {
    let caller = speech.inbound.iter().map(|segment| (*segment, Party::Caller));
    let mut all: Vec<_> = caller.chain(speech.outbound.iter().map(|segment| (*segment, Party::Agent))).collect();
    all.sort_by_key(|(segment, party)| (segment.start, segment.end, *party));
    all
}

//! Times that need no rule about turns: how long each party speaks, when nobody does, and when both do.

use super::{model::Conversation, order::in_order};
use crate::speech::{Segment, Speech};

/// Talk time, silence and overlap.
pub(super) fn measure(speech: &Speech) -> Conversation {
    let mut conversation = Conversation::default();
    conversation.caller.talk_time = total(&speech.inbound);
    conversation.agent.talk_time = total(&speech.outbound);
    // Where the speech of any party that has begun so far ends.
    let mut until = None;
    for (segment, _) in in_order(speech) {
        let span = conversation.span.get_or_insert(segment);
        span.end = span.end.max(segment.end);
        let spoken = until.unwrap_or(segment.start);
        if segment.start > spoken {
            conversation.pauses.push(Segment { start: spoken, end: segment.start });
        }
        until = Some(spoken.max(segment.end));
    }
    conversation.silence = total(&conversation.pauses);
    // A frame of the span is silent, or one party speaks in it, or both do and it is in the talk time twice.
    conversation.overlap = conversation.talk_time() + conversation.silence - conversation.span_frames();
    conversation
}

fn total(segments: &[Segment]) -> u64 {
    segments.iter().map(|segment| u64::from(segment.end - segment.start)).sum()
}

//! From segments to figures.

use super::{floor::follow, model::Conversation, spans::measure};
use crate::speech::Speech;

impl Conversation {
    /// Computes the figures. The segments of each track must be in order and disjoint, as a detector returns them.
    #[must_use]
    pub fn of(speech: &Speech) -> Self {
        let mut conversation = measure(speech);
        follow(speech, &mut conversation);
        conversation
    }
}

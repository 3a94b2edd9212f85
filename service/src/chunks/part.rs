//! The part of the call store for chunks. Its operations are in the other files of this folder.

use crate::core::Core;

/// Operations on chunks.
#[derive(Clone)]
pub struct Chunks {
    pub(super) core: Core,
}

impl Chunks {
    pub(crate) fn new(core: Core) -> Self {
        Self { core }
    }
}

//! Whether a recording's file is what was written. Each block of 128 KiB has a hash, so that a range can be checked
//! without the rest of the file, and no byte of a damaged block is sent.

mod blocks;
mod check;
mod file;
mod findings;
mod scrub;
mod sha256;
mod verify;

pub(crate) use blocks::{BlockHasher, Blocks};
pub(crate) use check::{checked, checked_at_end};
pub(crate) use file::examine;
pub(crate) use findings::Findings;
pub(crate) use scrub::Scrub;
pub use verify::{Report, StoreFault, VerifiedStore, verify};

//! Properties and golden files of the crate, through its public functions.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocation;
mod base64;
mod convert;
mod g711;
mod resampler;
mod spectrum;
mod state;
mod stream;
mod timeline;
mod track;
mod twilio;
mod wav;
mod wide;

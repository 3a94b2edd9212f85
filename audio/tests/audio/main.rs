//! Properties and golden files of the crate, through its public functions.
#![expect(clippy::as_conversions, reason = "numbers are small, and samples are cut")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod allocation;
mod base64;
mod convert;
mod g711;
mod resampler;
mod spectrum;
mod speech;
mod state;
mod stream;
mod timeline;
mod track;
mod twilio;
mod wav;
mod wide;

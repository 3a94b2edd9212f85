//! Analytics that the service computes from a call's recording: who speaks when, and the figures that follow from it.
//! Those that clients send are in `analytics.rs`.

mod model;
mod part;

pub use model::ComputedAnalytics;
pub use part::Computed;
pub(crate) use part::computed_of;

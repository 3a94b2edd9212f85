//! Platforms that sign the handshakes of their streams. Once the secret of one is set, its streams need its signature,
//! or a key.

mod check;
mod code;
mod genesys;
mod plivo;
mod settings;
#[cfg(test)]
mod tests;
mod vendor;
mod vonage;

pub(crate) use check::Vendors;
pub(crate) use settings::VendorSettings;
pub(crate) use vendor::Vendor;

//! API keys: who may do what. A key is shown once, when it is created; only its SHA-256 is stored.

mod manage;
mod model;
mod ring;
mod secret;

pub use manage::{CreatedKey, FILE_LABEL, NewKey, Revoked};
pub use model::{ApiKey, Scope};
pub use ring::{KeyGrant, KeyRefusal, Keys};
pub use secret::{KEY_MIN_CHARACTERS, Secret};

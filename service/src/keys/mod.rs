//! API keys: who may do what. A key is shown once, when it is created; only its SHA-256 is stored.

mod check;
pub(crate) mod claim;
mod last_used;
mod manage;
mod model;
mod network;
mod ring;
mod rotate;
mod secret;
mod stored;
mod token;
mod usage;

pub use check::{GrantEnd, KeyGrant, Keys};
pub use claim::TOKEN_PREFIX;
pub use manage::{CreatedKey, NewKey};
pub use model::{ApiKey, Scope};
pub use ring::{CheckedKey, KeyRefusal};
pub use secret::{KEY_MIN_CHARACTERS, Secret};
pub use stored::{FILE_LABEL, Revoked};
pub use token::CallToken;

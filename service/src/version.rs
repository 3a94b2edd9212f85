//! Versions of resources, so that a client changes only what it has seen: HTTP entity tags (RFC 9110, section 8.8.3)
//! and the preconditions of requests (section 13.1).
//!
//! A version is a hash of what a reader gets, and no counter: it needs no column, and a change that nobody can see
//! changes nothing. Two changes that cancel out give the first version again, which is right: what the client has seen
//! is what is stored.

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Error, hex::hex};

/// Bytes of the hash that make a version: enough to make collisions negligible.
const VERSION_BYTES: usize = 16;

/// A resource with versions.
pub trait Versioned {
    /// The current version in hexadecimal. It changes whenever a reader would see something else.
    fn version(&self) -> String;
}

/// Hashes what a reader sees.
///
/// # Examples
///
/// ```
/// use service::digest;
///
/// // Equal content has an equal version, also after it was changed and changed back.
/// assert_eq!(digest(&("completed", 3)), digest(&("completed", 3)));
/// assert_ne!(digest(&("completed", 3)), digest(&("completed", 4)));
/// ```
pub fn digest(shown: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(shown).unwrap_or_default();
    hex(&Sha256::digest(bytes)[..VERSION_BYTES])
}

/// The versions that a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Any version.
    Any,
    /// One of these versions.
    OneOf(Vec<String>),
}

/// Conditions for a change. All given ones must hold.
///
/// The default has no condition and always holds. A condition is checked in the transaction that makes the change, so
/// of two clients that have seen the same version one succeeds, and the other is told that it has changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// The stored version must be one of these.
    pub if_match: Option<Versions>,
    /// The stored version must be none of these.
    pub if_none_match: Option<Versions>,
}

impl Versions {
    fn have(&self, version: Option<&str>) -> bool {
        match self {
            Self::Any => version.is_some(),
            Self::OneOf(versions) => version.is_some_and(|version| versions.iter().any(|one| one == version)),
        }
    }
}

impl Precondition {
    /// Checks the conditions against the stored resource.
    ///
    /// # Errors
    /// `PreconditionFailed`.
    pub(crate) fn check(&self, stored: Option<&impl Versioned>) -> Result<(), Error> {
        if *self == Self::default() {
            return Ok(());
        }
        let version = stored.map(Versioned::version);
        let matches = self.if_match.as_ref().is_none_or(|versions| versions.have(version.as_deref()));
        let none = !self.if_none_match.as_ref().is_some_and(|versions| versions.have(version.as_deref()));
        if matches && none { Ok(()) } else { Err(Error::PreconditionFailed { exists: matches }) }
    }
}

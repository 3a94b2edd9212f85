//! Versions of what changes, so that a client changes only what it has seen: the entity tags of HTTP (RFC 9110, section 8.8.3),
//! and the conditions that a request makes of them (section 13.1).

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{Call, Error, Metadata, hex::hex};

/// How many bytes of the hash are a version: enough that two are never the same.
const VERSION_BYTES: usize = 16;

/// Something of which there are versions.
pub trait Versioned {
    /// Its version: hexadecimal, another whenever a reader would see something else.
    fn version(&self) -> String;
}

impl Versioned for Call {
    fn version(&self) -> String {
        // What is noted while audio comes is no change that a reader sees.
        digest(&Call { last_write_at: None, disconnected_at: None, ..self.clone() })
    }
}

impl Versioned for Metadata {
    fn version(&self) -> String {
        digest(self)
    }
}

/// The hash of what is shown.
pub fn digest(shown: &impl Serialize) -> String {
    let bytes = serde_json::to_vec(shown).unwrap_or_default();
    hex(&Sha256::digest(bytes)[..VERSION_BYTES])
}

/// Which versions a condition names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Versions {
    /// Whichever there is.
    Any,
    /// One of these.
    OneOf(Vec<String>),
}

/// What has to hold for a change to be made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// The version that is stored is one of these.
    pub if_match: Option<Versions>,
    /// It is none of these.
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
    /// Looks at what is stored.
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
        if matches && none { Ok(()) } else { Err(Error::PreconditionFailed) }
    }
}

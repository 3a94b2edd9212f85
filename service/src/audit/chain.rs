//! The hash chain over audit entries. Each link has a position, and a hash over the hash before it, its position and
//! its entry. Somebody who changes, removes or reorders entries must rewrite all later hashes, and cannot rewrite a
//! head that was noted elsewhere.

use std::{fmt, str::FromStr};

use entity::audit_entry::Model;
use sea_orm::ActiveEnum;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::entry::Actor;
use crate::hex::hex;

/// The hash before the first link.
const NO_HASH: [u8; 32] = [0; 32];

/// What a hash covers of an entry: its JSON in this order, without spaces. A field that is added later must be left out
/// where it has no value, so that earlier hashes stay right.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Content {
    pub id: Uuid,
    pub created_at_ms: i64,
    pub actor: String,
    pub key_id: Option<Uuid>,
    pub address: Option<String>,
    pub forwarded_for: Option<String>,
    pub operation: String,
    pub resource: String,
    pub status: i16,
    pub count: i32,
    pub request_id: Option<String>,
    pub server_request_id: Option<Uuid>,
}

impl From<Model> for Content {
    fn from(row: Model) -> Self {
        Self {
            id: row.id,
            created_at_ms: row.created_at.0,
            actor: row.actor.to_value(),
            key_id: row.key_id,
            address: row.address,
            forwarded_for: row.forwarded_for,
            operation: row.operation,
            resource: row.resource,
            status: row.status,
            count: row.count,
            request_id: row.request_id,
            server_request_id: row.server_request_id,
        }
    }
}

/// A position of the chain and its hash, such as the last one. Printed and parsed as `position:hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChainHead {
    /// The position, from 1.
    pub position: i64,
    /// The SHA-256 at this position.
    pub hash: [u8; 32],
}

impl ChainHead {
    /// Before the first link.
    pub(super) const START: Self = Self { position: 0, hash: NO_HASH };

    /// The link after this one.
    pub(super) fn next(&self, content: &Content) -> Self {
        let position = self.position + 1;
        Self { position, hash: link(&self.hash, position, content) }
    }
}

/// The hash of a link: SHA-256 over the hash before it in hexadecimal, a newline, the position, a newline, and the
/// entry.
pub(super) fn link(previous: &[u8; 32], position: i64, content: &Content) -> [u8; 32] {
    let entry = serde_json::to_string(content).unwrap_or_default();
    Sha256::digest(format!("{}\n{position}\n{entry}", hex(previous))).into()
}

impl fmt::Display for ChainHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.position, hex(&self.hash))
    }
}

impl FromStr for ChainHead {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "this is not a head of the chain; write POSITION:HASH as `callstore audit verify` prints it";
        let (position, digits) = text.split_once(':').ok_or(wrong)?;
        let position = position.parse().ok().filter(|position| *position > 0).ok_or(wrong)?;
        Ok(Self { position, hash: hash_of(digits).ok_or(wrong)? })
    }
}

/// Parses a hash of 64 hexadecimal digits.
pub(super) fn hash_of(digits: &str) -> Option<[u8; 32]> {
    let mut hash = NO_HASH;
    if digits.len() != 2 * hash.len() || !digits.is_ascii() {
        return None;
    }
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(hash)
}

/// Where the audit does not fit its chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditFault {
    /// Positions are missing.
    #[error("position {position} is missing: position {found} follows {} in its place", .position - 1)]
    Gap {
        /// The first missing one.
        position: i64,
        /// The next one that is there.
        found: i64,
    },
    /// An entry is missing.
    #[error("the entry at position {position} was removed")]
    Removed {
        /// Its position.
        position: i64,
    },
    /// An entry, its place or its hash was changed.
    #[error("the entry {id} at position {position} does not fit its hash: it was changed or moved")]
    Changed {
        /// Its position.
        position: i64,
        /// Its id.
        id: Uuid,
    },
    /// An entry that never went through the chain.
    #[error("the entry {id} is not in the chain: it was inserted past the service, or its link was removed")]
    Stray {
        /// Its id.
        id: Uuid,
    },
    /// Old entries are missing, and the service did not remove them.
    #[error("the entries up to position {position} were removed, and not by the service's retention")]
    Beginning {
        /// The last one that is missing.
        position: i64,
    },
    /// The chain is shorter than it was.
    #[error("the chain ends at position {end}, before the noted head {head}: entries at its end were removed")]
    End {
        /// Its last position.
        end: i64,
        /// The noted head.
        head: ChainHead,
    },
    /// The noted head cannot be compared.
    #[error(
        "the noted head {head} comes before the first entry here, and was not compared; verify the export that contains it, or note a newer head"
    )]
    NotCovered {
        /// The noted head.
        head: ChainHead,
    },
    /// The chain is another one.
    #[error("position {} has the hash {}, not the noted {}: the chain was rewritten", .head.position, hex(.found), hex(.head.hash.as_slice()))]
    Rewritten {
        /// The noted head.
        head: ChainHead,
        /// The hash that is there.
        found: [u8; 32],
    },
}

/// A chain that fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Number of entries.
    pub entries: u64,
    /// The position before the first entry; 0 unless earlier ones were removed, or are in another file.
    pub begins_after: i64,
    /// The last position; `None` for an empty chain.
    pub head: Option<ChainHead>,
    /// Entries that wait for the chain.
    pub waiting: u64,
}

/// Follows a chain from its beginning, and stops at the first link that does not fit.
pub(super) struct Walk {
    begin: ChainHead,
    at: ChainHead,
    entries: u64,
    /// Hashes that must be found on the way, in the order of their positions.
    expected: Vec<ChainHead>,
}

impl Walk {
    /// A walk that begins after `begin`.
    pub(super) fn new(begin: ChainHead, mut expected: Vec<ChainHead>) -> Result<Self, AuditFault> {
        expected.sort_by_key(|head| head.position);
        if let Some(head) = expected.first().filter(|head| head.position < begin.position) {
            return Err(AuditFault::NotCovered { head: *head });
        }
        let walk = Self { begin, at: begin, entries: 0, expected };
        walk.check_expected()?;
        Ok(walk)
    }

    /// The link reached.
    pub(super) fn at(&self) -> ChainHead {
        self.at
    }

    /// Takes the next link and its entry.
    pub(super) fn step(&mut self, link: ChainHead, content: Option<&Content>) -> Result<(), AuditFault> {
        let position = self.at.position + 1;
        if link.position != position {
            return Err(AuditFault::Gap { position, found: link.position });
        }
        let content = content.ok_or(AuditFault::Removed { position })?;
        if self.at.next(content) != link {
            return Err(AuditFault::Changed { position, id: content.id });
        }
        (self.at, self.entries) = (link, self.entries + 1);
        self.check_expected()
    }

    fn check_expected(&self) -> Result<(), AuditFault> {
        match self.expected.iter().find(|head| head.position == self.at.position) {
            Some(head) if head.hash != self.at.hash => Err(AuditFault::Rewritten { head: *head, found: self.at.hash }),
            _ => Ok(()),
        }
    }

    /// Ends the walk.
    pub(super) fn end(self) -> Result<Verified, AuditFault> {
        if let Some(head) = self.expected.last().filter(|head| head.position > self.at.position) {
            return Err(AuditFault::End { end: self.at.position, head: *head });
        }
        let head = (self.at.position > 0).then_some(self.at);
        Ok(Verified { entries: self.entries, begins_after: self.begin.position, head, waiting: 0 })
    }
}

/// The operation by which the service enters a removal, and its resource: the last position that it removes.
pub(super) const REMOVAL: &str = "removeAudit";
const REMOVED_THROUGH: &str = "/admin/audit/";

/// The resource of a removal up to a position.
pub(super) fn removal_of(head: &ChainHead) -> String {
    format!("{REMOVED_THROUGH}{head}")
}

/// The last position that an entry says was removed by the service.
pub(super) fn removed_through(entry: &Model) -> Option<ChainHead> {
    let is_own = entry.actor == Actor::Service && entry.operation == REMOVAL;
    entry.resource.strip_prefix(REMOVED_THROUGH).filter(|_| is_own)?.parse().ok()
}

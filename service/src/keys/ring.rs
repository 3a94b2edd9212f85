//! The keys in memory, against which requests are checked. They are read from the database again twice a second,
//! because the command line creates and revokes keys while the service runs.

use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
};

use entity::api_key::Model;
use subtle::ConstantTimeEq;
use tokio::sync::watch;
use uuid::Uuid;

use super::{Scope, network, secret::KeyHash};
use crate::{Author, Timestamp, author::Reach, network::Network};

/// How many unknown keys are looked for in the database in a second. Beyond that a new key is known with the next
/// reading; a client that guesses keys costs no more than these reads, and learns nothing that a response does not say.
const LOOKUPS_PER_SECOND: u32 = 20;

/// The keys as last read.
pub(super) struct Ring {
    /// Whether any key exists, even a revoked or expired one. If so, every request needs a key, so a service whose keys
    /// have all expired does not become open.
    required: AtomicBool,
    /// Sorted by hash.
    keys: RwLock<Vec<Held>>,
    /// Notified when keys change: one was created or revoked, or has expired, and when a call token in use expires. The
    /// value is the time of the last reading.
    changes: watch::Sender<Timestamp>,
    /// When the call tokens of open sockets expire.
    token_ends: Mutex<BTreeSet<Timestamp>>,
    /// Serializes readings, so that a slow one cannot overwrite the result of a later one.
    pub(super) reading: tokio::sync::Mutex<()>,
    /// The second in which unknown keys were last looked for in the database, and how many.
    lookups: Mutex<(i64, u32)>,
}

/// The part of a key that is needed to check it.
#[derive(Clone, PartialEq, Eq)]
struct Held {
    id: Uuid,
    hash: KeyHash,
    family: Uuid,
    scope: Scope,
    own_calls_only: bool,
    /// `None` for all networks.
    networks: Option<Arc<[Network]>>,
    expires_at: Option<Timestamp>,
    revoked: bool,
}

/// A key or a call token that is valid now.
#[derive(Clone, Debug)]
pub struct CheckedKey {
    /// Whom it makes of its client.
    pub author: Author,
    /// The scope. A call token writes, like `ingest`.
    pub scope: Scope,
    /// `None` for all networks.
    networks: Option<Arc<[Network]>>,
}

impl CheckedKey {
    /// Whether the key may be used from an address. An unknown address lies in no network.
    #[must_use]
    pub fn allows(&self, address: Option<IpAddr>) -> bool {
        let Some(networks) = &self.networks else { return true };
        address.is_some_and(|address| networks.iter().any(|network| network.contains(address)))
    }
}

/// Why a key or a call token was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// No such key exists.
    Unknown,
    /// The key was revoked.
    Revoked,
    /// The key has expired.
    Expired,
    /// This service did not sign the token.
    TokenInvalid,
    /// The token has expired.
    TokenExpired,
    /// The key that made the token was revoked or has expired, or there was no key then.
    TokenRevoked,
}

impl Default for Ring {
    fn default() -> Self {
        Self {
            required: AtomicBool::default(),
            keys: RwLock::default(),
            changes: watch::Sender::new(Timestamp(0)),
            token_ends: Mutex::default(),
            reading: tokio::sync::Mutex::default(),
            lookups: Mutex::default(),
        }
    }
}

impl Held {
    fn of(key: &Model) -> Option<Self> {
        Some(Self {
            id: key.id,
            hash: KeyHash::try_from(key.hash.as_slice()).ok()?,
            family: key.family_id.unwrap_or(key.id),
            scope: key.scope,
            own_calls_only: key.own_calls_only,
            networks: key.allowed_networks.as_deref().map(|networks| network::restore(networks).into()),
            expires_at: key.expires_at,
            revoked: key.revoked_at.is_some(),
        })
    }

    fn check(&self, now: Timestamp) -> Result<(), KeyRefusal> {
        if self.revoked {
            return Err(KeyRefusal::Revoked);
        }
        if self.expires_at.is_some_and(|end| end <= now) { Err(KeyRefusal::Expired) } else { Ok(()) }
    }
}

impl Ring {
    /// Sets the keys. Sockets are only woken if something has changed for someone, since each of them then checks its
    /// key.
    pub(super) fn replace(&self, keys: &[Model], now: Timestamp) {
        let mut held: Vec<_> = keys.iter().filter_map(Held::of).collect();
        held.sort_unstable_by_key(|key| key.hash);
        let mut known = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let changed = *known != held;
        let ends =
            |since: Timestamp| held.iter().any(|key| key.expires_at.is_some_and(|end| since < end && end <= now));
        let tell = changed || ends(*self.changes.borrow()) | self.take_ended_tokens(now);
        *known = held;
        drop(known);
        self.required.store(!keys.is_empty(), Ordering::Release);
        self.changes.send_if_modified(|read| {
            *read = now;
            tell
        });
    }

    /// Forgets the ends of tokens that have passed; returns whether there were any.
    fn take_ended_tokens(&self, now: Timestamp) -> bool {
        let mut ends = self.token_ends.lock().unwrap_or_else(PoisonError::into_inner);
        let later = ends.split_off(&Timestamp(now.0.saturating_add(1)));
        !std::mem::replace(&mut *ends, later).is_empty()
    }

    pub(super) fn are_required(&self) -> bool {
        self.required.load(Ordering::Acquire)
    }

    /// Notified of changes from now on.
    pub(super) fn subscribe(&self) -> watch::Receiver<Timestamp> {
        self.changes.subscribe()
    }

    /// Notifies of this time once it has passed.
    pub(super) fn note_token_end(&self, end: Timestamp) {
        self.token_ends.lock().unwrap_or_else(PoisonError::into_inner).insert(end);
    }

    /// Whether one more unknown key may be looked for.
    ///
    /// One count for all clients: it protects the database, whoever asks.
    pub(super) fn may_look(&self, now: Timestamp) -> bool {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        let second = now.0.div_euclid(1_000);
        if lookups.0 != second {
            *lookups = (second, 0);
        }
        lookups.1 += 1;
        lookups.1 <= LOOKUPS_PER_SECOND
    }

    /// Checks the key with a hash.
    ///
    /// A comparison that stops at the first difference would tell an attacker how much of a hash is right; but finding
    /// the place takes the first bytes, which are of a hash and say nothing about the key.
    pub(super) fn check(&self, hash: &KeyHash, now: Timestamp) -> Result<CheckedKey, KeyRefusal> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        // The first bytes locate the key; the whole hash is then compared in constant time.
        let begin = |hash: &KeyHash| u64::from_be_bytes(*hash.first_chunk().unwrap_or(&[0; 8]));
        let place = keys.partition_point(|key| begin(&key.hash) < begin(hash));
        let mut near = keys[place..].iter().take_while(|key| begin(&key.hash) == begin(hash));
        let key = near.find(|key| key.hash.ct_eq(hash).into()).ok_or(KeyRefusal::Unknown)?;
        key.check(now)?;
        let reach = if key.own_calls_only { Reach::Own } else { Reach::All };
        let author = Author::new(key.id, key.family, key.scope, reach);
        Ok(CheckedKey { author, scope: key.scope, networks: key.networks.clone() })
    }

    /// Checks a token for a call that a key made.
    pub(super) fn check_token(&self, key: Uuid, call: Uuid, now: Timestamp) -> Result<CheckedKey, KeyRefusal> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = keys.iter().find(|held| held.id == key).filter(|key| key.check(now).is_ok());
        let key = key.ok_or(KeyRefusal::TokenRevoked)?;
        let author = Author::new(key.id, key.family, Scope::Ingest, Reach::Only(call));
        Ok(CheckedKey { author, scope: Scope::Ingest, networks: None })
    }
}

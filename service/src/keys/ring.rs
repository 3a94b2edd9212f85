//! The keys in memory, against which requests are checked. They are read from the database again twice a second,
//! because the command line creates and revokes keys while the service runs.
//!
//! A key is checked for every request, so the check reads memory: the hash is looked up in a sorted list. The list is
//! read from the database twice a second, because keys are also made and revoked by other nodes and by the command
//! line. A key that is not in it may be new, so it is looked for once in the database before it is refused.
//!
//! Expiry needs no reading: the check compares with the clock.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use entity::api_key::{Column, Entity, Model};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use subtle::ConstantTimeEq;
use tokio::sync::{Mutex, watch};
use uuid::Uuid;

use super::{
    Scope,
    secret::{KeyHash, hash},
};
use crate::{Error, Timestamp, core::Core};

/// How often the keys are read.
const BEAT: Duration = Duration::from_millis(500);
/// How many unknown keys are looked for in the database in a second. Beyond that a new key is known within a [`BEAT`];
/// a client that guesses keys costs no more than these reads, and learns nothing that a response does not say.
const LOOKUPS_PER_SECOND: u32 = 20;

/// The keys as last read.
struct Ring {
    /// Whether any key exists, even a revoked or expired one. If so, every request needs a key, so a service whose keys
    /// have all expired does not become open.
    required: AtomicBool,
    /// Sorted by hash.
    keys: RwLock<Vec<Held>>,
    /// Notified when keys change: one was created or revoked, or has expired. The value is the time of the last
    /// reading.
    changes: watch::Sender<Timestamp>,
    /// Serializes readings, so that a slow one cannot overwrite the result of a later one.
    reading: Mutex<()>,
    /// The second in which unknown keys were last looked for in the database, and how many.
    lookups: std::sync::Mutex<(i64, u32)>,
}

/// The part of a key that is needed to check it.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Held {
    id: Uuid,
    hash: KeyHash,
    scope: Scope,
    expires_at: Option<Timestamp>,
    revoked: bool,
}

/// Why a key was rejected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyRefusal {
    /// No such key exists.
    Unknown,
    /// The key was revoked.
    Revoked,
    /// The key has expired.
    Expired,
}

/// A key that stays in use after its request, for instance by an open socket. Its holder must stop when
/// [`ended`](Self::ended) returns.
pub struct KeyGrant {
    keys: Keys,
    hash: KeyHash,
    changes: watch::Receiver<Timestamp>,
}

impl Default for Ring {
    fn default() -> Self {
        let changes = watch::Sender::new(Timestamp(0));
        Self {
            required: AtomicBool::default(),
            keys: RwLock::default(),
            changes,
            reading: Mutex::default(),
            lookups: Default::default(),
        }
    }
}

impl Ring {
    /// Sockets are only woken if something has changed for someone, since each of them then checks its key.
    fn replace(&self, keys: &[Model], now: Timestamp) {
        let held = |key: &Model| {
            let hash = KeyHash::try_from(key.hash.as_slice()).ok()?;
            Some(Held {
                id: key.id,
                hash,
                scope: key.scope,
                expires_at: key.expires_at,
                revoked: key.revoked_at.is_some(),
            })
        };
        let mut held: Vec<_> = keys.iter().filter_map(held).collect();
        held.sort_unstable_by_key(|key| key.hash);
        let mut known = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let changed = *known != held;
        let ends =
            |since: Timestamp| held.iter().any(|key| key.expires_at.is_some_and(|end| since < end && end <= now));
        let tell = changed || ends(*self.changes.borrow());
        *known = held;
        drop(known);
        self.required.store(!keys.is_empty(), Ordering::Release);
        self.changes.send_if_modified(|read| {
            *read = now;
            tell
        });
    }

    /// Whether one more unknown key may be looked for.
    ///
    /// One count for all clients: it protects the database, whoever asks.
    fn may_look(&self, now: Timestamp) -> bool {
        let mut lookups = self.lookups.lock().unwrap_or_else(PoisonError::into_inner);
        let second = now.0.div_euclid(1_000);
        if lookups.0 != second {
            *lookups = (second, 0);
        }
        lookups.1 += 1;
        lookups.1 <= LOOKUPS_PER_SECOND
    }

    /// A comparison that stops at the first difference would tell an attacker how much of a hash is right; but finding
    /// the place takes the first bytes, which are of a hash and say nothing about the key.
    fn find(&self, hash: &KeyHash) -> Option<Held> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        // The first bytes locate the key; the whole hash is then compared in constant time.
        let begin = |hash: &KeyHash| u64::from_be_bytes(*hash.first_chunk().unwrap_or(&[0; 8]));
        let place = keys.partition_point(|key| begin(&key.hash) < begin(hash));
        let near = keys[place..].iter().take_while(|key| begin(&key.hash) == begin(hash));
        near.copied().find(|key| key.hash.ct_eq(hash).into())
    }
}

impl KeyGrant {
    /// Waits until the key is revoked or expires. Cancel-safe: a dropped wait loses no change.
    pub async fn ended(&mut self) {
        while self.changes.changed().await.is_ok() {
            if self.keys.check_hash(&self.hash).is_err() {
                return;
            }
        }
        // The service is stopping and closes its sockets itself.
        std::future::pending().await
    }
}

/// Operations on API keys, and the check of a request's key.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{NewKey, Scope};
///
/// // Without a key, everybody has full access; the first key ends that for good.
/// assert!(!callstore.keys.are_required());
/// let new = NewKey { scope: Scope::Admin, label: None, expires_at: None };
/// let created = callstore.keys.create(new, None).await?;
/// assert!(callstore.keys.are_required());
/// // The secret is shown once: only its hash is stored.
/// let (id, scope) = callstore.keys.check(created.secret.expose()).unwrap();
/// assert_eq!((id, scope), (created.key.id, Scope::Admin));
/// // The last usable admin key is not revoked by accident.
/// assert!(callstore.keys.revoke(id, false).await.is_err());
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Keys {
    pub(super) core: Core,
    ring: Arc<Ring>,
}

impl Keys {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, ring: Arc::default() }
    }

    /// Whether requests need a key. True from the first key on, whatever becomes of it.
    #[must_use]
    pub fn are_required(&self) -> bool {
        self.ring.required.load(Ordering::Acquire)
    }

    /// Checks a key; returns its id and scope.
    ///
    /// # Errors
    /// Why the key was rejected.
    pub fn check(&self, key: &str) -> Result<(Uuid, Scope), KeyRefusal> {
        self.check_hash(&hash(key))
    }

    /// A grant for a key. Take it before checking the key, so that no change between the two is missed.
    #[must_use]
    pub fn grant_of(&self, key: &str) -> KeyGrant {
        KeyGrant { keys: self.clone(), hash: hash(key), changes: self.ring.changes.subscribe() }
    }

    fn check_hash(&self, hash: &KeyHash) -> Result<(Uuid, Scope), KeyRefusal> {
        match self.ring.find(hash) {
            None => Err(KeyRefusal::Unknown),
            Some(key) if key.revoked => Err(KeyRefusal::Revoked),
            Some(key) if key.expires_at.is_some_and(|end| end <= self.core.now()) => Err(KeyRefusal::Expired),
            Some(key) => Ok((key.id, key.scope)),
        }
    }

    /// Looks once in the database for a key that is unknown here: the command line or another node may have made it
    /// since the keys were last read. Returns whether it is known now.
    pub async fn find_new(&self, key: &str) -> bool {
        let hash = hash(key);
        if self.check_hash(&hash) != Err(KeyRefusal::Unknown) || !self.ring.may_look(self.core.now()) {
            return false;
        }
        let stored = Entity::find().filter(Column::Hash.eq(hash.to_vec())).one(self.core.database.readers()).await;
        matches!(stored, Ok(Some(_))) && self.read().await.is_ok()
    }

    /// Reads the keys from the database.
    pub(crate) async fn read(&self) -> Result<(), Error> {
        let _turn = self.ring.reading.lock().await;
        let keys = Entity::find().all(self.core.database.readers()).await?;
        self.ring.replace(&keys, self.core.now());
        Ok(())
    }

    /// Reads the keys periodically until the service stops. While the database cannot be read, the last known keys stay
    /// valid.
    pub(crate) async fn keep_reading(self) {
        let mut failing = false;
        while self.core.background.pause(BEAT).await {
            let read = self.read().await;
            if let Err(error) = &read
                && !failing
            {
                tracing::error!(%error, "The keys cannot be read; the service accepts the keys that it knows.");
            }
            failing = read.is_err();
        }
    }
}

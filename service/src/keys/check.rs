//! The check of a request's key or call token, and grants for what outlives its request.

use std::{sync::Arc, time::Duration};

use entity::api_key::{Column, Entity};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use tokio::sync::watch;

use super::{
    claim::{Claim, is_token},
    ring::{CheckedKey, KeyRefusal, Ring},
    secret::{KeyHash, hash},
    usage::Usage,
};
use crate::{Error, Timestamp, core::Core, signer::Signing};

/// How often the keys are read.
const BEAT: Duration = Duration::from_millis(500);

/// Operations on API keys and call tokens, and the check of a request's.
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
/// let scope = Scope::Admin;
/// let new = NewKey { scope, label: None, expires_at: None, own_calls_only: false, allowed_networks: None };
/// let created = callstore.keys.create(new, None).await?;
/// assert!(callstore.keys.are_required());
/// // The secret is shown once: only its hash is stored.
/// let checked = callstore.keys.check(created.secret.expose()).unwrap();
/// assert_eq!((checked.author.key_id(), checked.scope), (Some(created.key.id), Scope::Admin));
/// // The last usable admin key is not revoked by accident.
/// assert!(callstore.keys.revoke(created.key.id, false).await.is_err());
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Keys {
    pub(super) core: Core,
    pub(super) signing: Signing,
    pub(super) usage: Arc<Usage>,
    ring: Arc<Ring>,
}

/// A permission that stays in use after its request, for instance by an open socket. Its holder must stop when
/// [`ended`](Self::ended) returns.
pub struct KeyGrant {
    keys: Keys,
    held: Held,
    changes: watch::Receiver<Timestamp>,
}

/// What a grant depends on.
enum Held {
    Key(KeyHash),
    /// `None` if this service did not sign the token.
    Token(Option<Claim>),
    /// The service needs no key yet.
    Nothing,
}

/// Why a grant has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantEnd {
    /// The key was revoked or has expired.
    Key,
    /// The call token has expired, or the key that made it ended.
    Token,
    /// The first key was made: keys are required now.
    KeysRequired,
}

impl KeyGrant {
    /// Waits until the key or token ends, or is first needed. Cancel-safe: a dropped wait loses no change.
    pub async fn ended(&mut self) -> GrantEnd {
        while self.changes.changed().await.is_ok() {
            let (valid, end) = match &self.held {
                Held::Key(hash) => (self.keys.check_hash(hash).is_ok(), GrantEnd::Key),
                Held::Token(claim) => (self.keys.check_claim(*claim).is_ok(), GrantEnd::Token),
                Held::Nothing => (!self.keys.are_required(), GrantEnd::KeysRequired),
            };
            if !valid {
                return end;
            }
        }
        // The service is stopping and closes its sockets itself.
        std::future::pending().await
    }
}

impl Keys {
    pub(crate) fn new(core: Core, signing: Signing) -> Self {
        Self { core, signing, usage: Arc::default(), ring: Arc::default() }
    }

    /// Whether requests need a key. True from the first key on, whatever becomes of it.
    #[must_use]
    pub fn are_required(&self) -> bool {
        self.ring.are_required()
    }

    /// Checks an API key or a call token.
    ///
    /// # Errors
    /// Why it was rejected.
    pub fn check(&self, bearer: &str) -> Result<CheckedKey, KeyRefusal> {
        match self.check_hash(&hash(bearer)) {
            Err(KeyRefusal::Unknown) if is_token(bearer) => self.check_claim(self.claim(bearer)),
            checked => checked,
        }
    }

    /// Notes that a request was admitted with a key. Tokens do not count as uses of the key that made them.
    pub fn note_use(&self, key: &CheckedKey) {
        if let Some(id) = key.author.key_id().filter(|_| !key.author.has_token()) {
            self.usage.note(id, self.core.now());
        }
    }

    /// A grant for a key or token. Take it before checking that, so that no change between the two is missed.
    #[must_use]
    pub fn grant_of(&self, bearer: &str) -> KeyGrant {
        let changes = self.ring.subscribe();
        let held = if is_token(bearer) { Held::Token(self.claim(bearer)) } else { Held::Key(hash(bearer)) };
        if let Held::Token(Some(claim)) = &held {
            self.ring.note_token_end(claim.expires_at);
        }
        KeyGrant { keys: self.clone(), held, changes }
    }

    /// A grant for a client that needs no key until the first one is made. Take it before asking whether keys are
    /// required.
    #[must_use]
    pub fn grant_without_key(&self) -> KeyGrant {
        KeyGrant { keys: self.clone(), held: Held::Nothing, changes: self.ring.subscribe() }
    }

    fn check_hash(&self, hash: &KeyHash) -> Result<CheckedKey, KeyRefusal> {
        self.ring.check(hash, self.core.now())
    }

    fn check_claim(&self, claim: Option<Claim>) -> Result<CheckedKey, KeyRefusal> {
        let (claim, now) = (claim.ok_or(KeyRefusal::TokenInvalid)?, self.core.now());
        if claim.expires_at <= now {
            return Err(KeyRefusal::TokenExpired);
        }
        self.ring.check_token(claim.key, claim.call, now)
    }

    fn claim(&self, token: &str) -> Option<Claim> {
        Claim::read(self.signing.known()?, token)
    }

    /// Looks once in the database for a key that is unknown here, or for one that made a token: the command line or
    /// another node may have made it since the keys were last read. Returns whether it may be known now.
    pub async fn find_new(&self, bearer: &str) -> bool {
        let readers = self.core.database.readers();
        let stored = match self.check(bearer).err() {
            Some(KeyRefusal::Unknown) if self.ring.may_look(self.core.now()) => {
                Entity::find().filter(Column::Hash.eq(hash(bearer).to_vec())).one(readers).await
            }
            Some(KeyRefusal::TokenRevoked) if self.ring.may_look(self.core.now()) => {
                let Some(claim) = self.claim(bearer) else { return false };
                Entity::find_by_id(claim.key).one(readers).await
            }
            _ => return false,
        };
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

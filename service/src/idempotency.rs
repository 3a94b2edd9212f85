//! Idempotent requests. A client names a request with an `Idempotency-Key`. Its outcome is stored for 24 hours, in the
//! transaction of its effect, and a retry gets the stored outcome.
//!
//! An outcome may hold what the service does not store otherwise, such as a new API key, or data that is deleted later.
//! It is therefore sealed with AES-256-GCM. The sealing key is derived from the Idempotency-Key, of which the database
//! holds only a hash, so only a client that knows the name can have the outcome opened.
//!
//! A name can be guessed, and a new API key is worth guessing names for. The outcome of a request that makes one is
//! therefore sealed with a key that is also derived from the API key of the request, which is random and not stored. A
//! request without an API key, or with another one, cannot have it repeated.
//!
//! The way of a request with a name:
//!
//! 1. [`Outcomes::name_request`] reserves the name in this process and derives the keys. A second request with it is
//!    refused until the first is answered.
//!
//! 2. [`Idempotency::ask`] adds the fingerprint of what is asked, once the body is read.
//!
//! 3. The write calls [`Batch::recall`] first. An outcome that is there is returned, unless its fingerprint differs;
//!    nothing else happens then.
//!
//! 4. After everything that can fail, it calls [`Batch::record`]. The outcome is committed with the effect, or neither
//!    is.
//!
//! A request that is refused stores no outcome, so its name is free for the corrected one.
//!
//! The outcome of a request about a call is deleted with the call. Its row stays for the rest of the 24 hours, empty,
//! so that a retry is refused and not done again.

mod recall;

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use audio::number::wide;
use entity::idempotency_key::{Column, Entity};
use futures_util::FutureExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::{CallRef, Error, core::Core, seal};

/// How long an outcome is kept.
const KEPT: Duration = Duration::from_hours(24);
/// How often expired outcomes are deleted, and how many per transaction.
const FORGET_EVERY: Duration = Duration::from_mins(1);
const FORGET_AT_ONCE: u64 = 100;

type Digest256 = [u8; 32];

/// Hashes of the names of the requests in progress.
#[derive(Default)]
struct UnderWay(Mutex<HashSet<Digest256>>);

/// A request named by its client. Cheap to clone.
#[derive(Clone)]
pub struct Idempotency(Arc<Named>);

/// A guard that reserves a name while its request is in progress. Dropping it, once the request is answered, releases
/// the name.
pub struct NameInUse {
    under_way: Arc<UnderWay>,
    id: Digest256,
}

struct Named {
    core: Core,
    id: Digest256,
    /// Seals outcomes.
    seal: Digest256,
    /// Seals outcomes that hold a secret; `None` without an API key.
    secret_seal: Option<Digest256>,
    fingerprint: OnceLock<Digest256>,
    replayed: AtomicBool,
}

impl Drop for NameInUse {
    fn drop(&mut self) {
        self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Stored outcomes of requests that their clients have named.
///
/// # Examples
///
/// ```
/// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/example.rs"));
/// # fn main() { example(async |callstore| {
/// use service::{Author, Error, NewCall};
///
/// let request = [7; 32];
/// let (name, in_use) = callstore.outcomes.name_request(None, "order-4719", None)?;
/// name.ask(request);
/// let first = callstore.calls.start(NewCall::default(), Author::default(), Some(&name)).await?;
/// // While a request runs, another with its name is refused.
/// assert!(matches!(callstore.outcomes.name_request(None, "order-4719", None), Err(Error::IdempotencyKeyInUse)));
/// drop(in_use);
///
/// let (name, _in_use) = callstore.outcomes.name_request(None, "order-4719", None)?;
/// name.ask(request);
/// let retry = callstore.calls.start(NewCall::default(), Author::default(), Some(&name)).await?;
/// assert_eq!((retry.call.id, name.is_replayed()), (first.call.id, true));
/// # Ok(()) }) }
/// ```
#[derive(Clone)]
pub struct Outcomes {
    core: Core,
    under_way: Arc<UnderWay>,
}

impl Outcomes {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, under_way: Arc::default() }
    }

    /// Registers a request that the caller `who` (an API key, or `None` without one) has named `name`. Names of
    /// different callers do not collide. `credential` is the API key in plain text, as it was sent.
    ///
    /// # Errors
    /// `IdempotencyKeyInUse` while a request with this name is in progress.
    pub fn name_request(
        &self,
        who: Option<Uuid>,
        name: &str,
        credential: Option<&str>,
    ) -> Result<(Idempotency, NameInUse), Error> {
        let hashed = |purpose: &[u8]| {
            let who = who.unwrap_or_default();
            Sha256::new().chain_update(purpose).chain_update(who).chain_update(name)
        };
        let digest = |purpose: &[u8]| -> Digest256 { hashed(purpose).finalize().into() };
        // No name has a line feed.
        let secret_seal =
            credential.map(|key| hashed(b"secret").chain_update("\n").chain_update(key).finalize().into());
        let id = digest(b"id");
        let mut under_way = self.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !under_way.insert(id) {
            return Err(Error::IdempotencyKeyInUse);
        }
        drop(under_way);
        let (fingerprint, replayed) = (OnceLock::new(), AtomicBool::new(false));
        let seal = digest(b"seal");
        let named = Named { core: self.core.clone(), id, seal, secret_seal, fingerprint, replayed };
        Ok((Idempotency(Arc::new(named)), NameInUse { under_way: self.under_way.clone(), id }))
    }

    /// Stores the outcome of a request that has written nothing, or returns the one that was stored before. `about` is
    /// the call that the outcome tells of, if any.
    ///
    /// # Errors
    /// That of `outcome`, `CallNotFound`, `CallDeleted`, `IdempotencyKeyReused`, or a failing database.
    pub async fn keep<T>(
        &self,
        idempotency: Option<&Idempotency>,
        about: Option<Uuid>,
        outcome: Result<T, Error>,
    ) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let Some(idempotency) = idempotency.cloned() else { return outcome };
        let call = about.map(CallRef::of);
        self.core
            .write(call.clone().as_ref(), 0, move |batch| {
                async move {
                    let idempotency = Some(&idempotency);
                    if let Some(before) = batch.recall(idempotency).await? {
                        return Ok(before);
                    }
                    let outcome = outcome?;
                    // Deleted since the outcome was made, the call would leave it behind.
                    if let Some(call) = call {
                        batch.call(&call).await?;
                    }
                    batch.record(idempotency, about, &outcome)?;
                    Ok(outcome)
                }
                .boxed()
            })
            .await
    }

    /// Deletes expired outcomes periodically until the service stops.
    pub(crate) async fn keep_forgetting(self) {
        while self.core.background.pause(FORGET_EVERY).await {
            if let Err(error) = self.forget().await {
                tracing::error!(%error, "Stored responses older than a day could not be removed; the service tries again.");
            }
        }
    }

    async fn forget(&self) -> Result<(), Error> {
        loop {
            let over = Entity::find().select_only().column(Column::Id).filter(Column::ForgetAt.lte(self.core.now()));
            let over: Vec<Vec<u8>> = over.limit(FORGET_AT_ONCE).into_tuple().all(self.core.database.readers()).await?;
            let all = wide(over.len()) < FORGET_AT_ONCE;
            if !over.is_empty() {
                let rows = Entity::delete_many().filter(Column::Id.is_in(over));
                self.core
                    .write(None, 0, |batch| async move { Ok(rows.exec(batch.transaction()).await?) }.boxed())
                    .await?;
            }
            if all {
                return Ok(());
            }
        }
    }
}

impl Idempotency {
    /// Sets the request fingerprint, a SHA-256; later calls are ignored.
    pub fn ask(&self, fingerprint: [u8; 32]) {
        self.0.fingerprint.get_or_init(|| fingerprint);
    }

    /// Whether the outcome was replayed.
    #[must_use]
    pub fn is_replayed(&self) -> bool {
        self.0.replayed.load(Ordering::Relaxed)
    }

    fn fingerprint(&self) -> &[u8] {
        self.0.fingerprint.get().map_or(&[], Digest256::as_slice)
    }

    fn seal(&self, key: &Digest256, outcome: &impl Serialize) -> Result<Vec<u8>, Error> {
        let outcome = serde_json::to_vec(outcome).map_err(|_| Error::Damaged("an outcome to be kept"))?;
        seal::seal(key, self.fingerprint(), outcome)
    }

    fn open<T: DeserializeOwned>(&self, key: &Digest256, sealed: Vec<u8>) -> Result<T, Error> {
        let opened = seal::open(key, self.fingerprint(), sealed);
        let outcome = opened.and_then(|outcome| serde_json::from_slice(&outcome).ok());
        outcome.ok_or(Error::Damaged("a kept outcome"))
    }
}

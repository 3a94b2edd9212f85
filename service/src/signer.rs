//! The secret that signs links and tokens. It is random, created at the first start and kept in the database, so that
//! signatures stay valid after a restart and on every node.
//!
//! | who signs | what it proves |
//! | --- | --- |
//! | `links` | this service made a link to this recording, until then |
//! | `conversion` | this service made this state of a filter |
//! | `streams/token` | this service allowed a stream for this phone call |
//!
//! None of these is stored when it is made. Revoking them all takes a new secret, and a restart.

use std::sync::Arc;

use entity::setting::{ActiveModel, Column, Entity};
use futures_util::FutureExt;
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use sha2::Sha256;
use tokio::sync::OnceCell;

use crate::{Error, core::Core};

/// The secret's name in the settings table.
const NAME: &str = "signing_secret";
const SECRET_BYTES: usize = 32;
/// Length of a signature, in bytes.
const SIGNATURE_BYTES: usize = 32;

/// Signs with the service's secret, by HMAC-SHA256 (RFC 2104). It has no `Debug`, so the secret cannot be printed.
pub(crate) struct Signer(pub [u8; SECRET_BYTES]);

impl Signer {
    /// Signs `parts` for a purpose. Signatures for different purposes never match. Only the last part may contain a
    /// line feed.
    pub(crate) fn sign(&self, purpose: &str, parts: &[&[u8]]) -> Result<[u8; SIGNATURE_BYTES], Error> {
        Ok(self.code(purpose, parts)?.finalize().into_bytes().into())
    }

    /// Checks a signature of `parts` in constant time.
    pub(crate) fn verify(&self, purpose: &str, parts: &[&[u8]], signature: &[u8]) -> Result<bool, Error> {
        Ok(self.code(purpose, parts)?.verify_slice(signature).is_ok())
    }

    /// Purpose and parts are separated by line feeds. What comes from a client and may contain one is therefore the
    /// last part.
    fn code(&self, purpose: &str, parts: &[&[u8]]) -> Result<Hmac<Sha256>, Error> {
        let mut code = Hmac::new_from_slice(&self.0).map_err(|_| Error::Damaged("the signing secret"))?;
        code.update(purpose.as_bytes());
        for part in parts {
            code.update(b"\n");
            code.update(part);
        }
        Ok(code)
    }
}

/// Returns random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Error::Random(error.to_string()))?;
    Ok(bytes)
}

/// The service's secret, which is read or made when it is first needed.
#[derive(Clone)]
pub(crate) struct Signing {
    core: Core,
    signer: Arc<OnceCell<Signer>>,
}

impl Signing {
    pub(crate) fn new(core: Core) -> Self {
        Self { core, signer: Arc::default() }
    }

    /// The signer. Creates the secret if the database has none.
    pub(crate) async fn signer(&self) -> Result<&Signer, Error> {
        self.signer.get_or_try_init(|| self.read_secret()).await
    }

    /// The signer, once it is known. It is from the start of the service on.
    pub(crate) fn known(&self) -> Option<&Signer> {
        self.signer.get()
    }

    async fn read_secret(&self) -> Result<Signer, Error> {
        let stored = Entity::find_by_id(NAME).one(self.core.database.readers()).await?;
        let value = match stored {
            Some(row) => row.value,
            None => self.make_secret().await?,
        };
        value.try_into().map(Signer).map_err(|_| Error::Damaged("the signing secret"))
    }

    /// Stores a new secret, unless another node was faster, and returns the stored one.
    ///
    /// Whichever node is first decides; the others read what it has stored.
    async fn make_secret(&self) -> Result<Vec<u8>, Error> {
        let secret = random::<SECRET_BYTES>()?.to_vec();
        self.core
            .write(None, 0, move |batch| {
                async move {
                    let row = ActiveModel { name: Set(NAME.to_owned()), value: Set(secret) };
                    let unless_there = OnConflict::column(Column::Name).do_nothing().to_owned();
                    Entity::insert(row).on_conflict(unless_there).exec_without_returning(batch.transaction()).await?;
                    let stored = Entity::find_by_id(NAME).one(batch.transaction()).await?;
                    Ok(stored.ok_or(Error::Damaged("the signing secret"))?.value)
                }
                .boxed()
            })
            .await
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests {
    use super::*;

    #[test]
    fn a_signature_holds_for_its_purpose_its_parts_and_its_secret_alone() {
        let signer = Signer([7; 32]);
        let signature = signer.sign("a", &[b"b", b"c"]).unwrap();
        assert!(signer.verify("a", &[b"b", b"c"], &signature).unwrap());
        let others: [(&str, &[&[u8]]); 4] =
            [("b", &[b"b", b"c"]), ("a", &[b"bc"]), ("a", &[b"b", b"d"]), ("a", &[b"b"])];
        for (purpose, parts) in others {
            assert!(!signer.verify(purpose, parts, &signature).unwrap());
        }
        assert!(!Signer([8; 32]).verify("a", &[b"b", b"c"], &signature).unwrap());
        for index in 0..SIGNATURE_BYTES {
            let mut changed = signature;
            changed[index] ^= 1;
            assert!(!signer.verify("a", &[b"b", b"c"], &changed).unwrap());
            assert!(!signer.verify("a", &[b"b", b"c"], &signature[..index]).unwrap());
        }
    }
}

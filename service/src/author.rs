//! Who makes a request, as far as its effects depend on that: who owns a new call, which calls it may write to, and
//! what is noted beside a transcript.

use entity::api_key::Scope;
use uuid::Uuid;

use crate::Error;

/// Who makes a request. The default is a client that needs no key: one of a service without keys, or one with a
/// signature in place of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Author {
    key: Option<AuthorKey>,
}

/// The API key of a request, or the one that made its call token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AuthorKey {
    id: Uuid,
    family: Uuid,
    scope: Scope,
    reach: Reach,
}

/// The calls that a client may write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// All calls.
    All,
    /// Those that the key's family started.
    Own,
    /// The call of a call token.
    Only(Uuid),
}

impl Author {
    pub(crate) fn new(id: Uuid, family: Uuid, scope: Scope, reach: Reach) -> Self {
        Self { key: Some(AuthorKey { id, family, scope, reach }) }
    }

    /// The id of the API key, or of the one that made the call token.
    #[must_use]
    pub fn key_id(&self) -> Option<Uuid> {
        self.key.map(|key| key.id)
    }

    /// Whether the client sent a call token.
    #[must_use]
    pub fn has_token(&self) -> bool {
        self.key.is_some_and(|key| matches!(key.reach, Reach::Only(_)))
    }

    /// Whether the client may write only to some calls.
    #[must_use]
    pub fn is_confined(&self) -> bool {
        self.key.is_some_and(|key| key.reach != Reach::All)
    }

    /// Whether the client has every right.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.key.is_none_or(|key| key.scope == Scope::Admin)
    }

    /// Whether the client may write calls.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.key.is_none_or(|key| key.scope != Scope::Read)
    }

    /// Whose names of requests these are: an `Idempotency-Key` belongs to a family of keys, or to the tokens of a call.
    #[must_use]
    pub fn namespace(&self) -> Option<Uuid> {
        self.key.map(|key| match key.reach {
            Reach::Only(call) => call,
            Reach::All | Reach::Own => key.family,
        })
    }

    /// The owner of calls that the client starts.
    pub(crate) fn owner(&self) -> Option<Uuid> {
        self.key.map(|key| key.family)
    }

    /// What is noted beside a transcript, analytics and metadata.
    pub(crate) fn created_by(&self) -> Option<String> {
        self.key.map(|key| match key.reach {
            Reach::Only(_) => format!("token:{}", key.id),
            Reach::All | Reach::Own => key.id.to_string(),
        })
    }

    /// Refuses a call, by its id and its owner, that the client may not write to.
    ///
    /// # Errors
    /// `CallNotAllowed`.
    pub(crate) fn check(&self, call: Uuid, owner: Option<Uuid>) -> Result<(), Error> {
        let Some(key) = self.key else { return Ok(()) };
        let allowed = match key.reach {
            Reach::All => true,
            Reach::Own => owner == Some(key.family),
            Reach::Only(only) => call == only,
        };
        if allowed { Ok(()) } else { Err(Error::CallNotAllowed { by_token: self.has_token() }) }
    }
}

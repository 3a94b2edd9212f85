//! Which platform seems to have signed a handshake, and whether it has.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, HeaderMap},
};
use service::{Private, Streams, Timestamp};

use super::{genesys, plivo, vendor::Vendor, vonage};
use crate::{
    problem::{Problem, ProblemCode},
    public::PublicUrl,
    twilio::{SIGNATURE, Twilio},
};

/// The secrets with which platforms sign.
pub(crate) struct Vendors {
    pub(super) twilio: Twilio,
    pub(super) plivo: Option<Vec<Private>>,
    pub(super) vonage: Option<Vec<Private>>,
    pub(super) genesys: Option<Vec<Vec<u8>>>,
    /// Set if a platform signs the URL.
    pub(super) public: Option<PublicUrl>,
}

impl Vendors {
    /// Whether a platform's streams have to be signed, unless they have a key.
    pub(crate) fn signs(&self, vendor: Vendor) -> bool {
        match vendor {
            Vendor::Twilio => self.twilio.is_guarded(),
            Vendor::Plivo => self.plivo.is_some(),
            Vendor::Vonage => self.vonage.is_some(),
            Vendor::Genesys => self.genesys.is_some(),
        }
    }

    /// The platform that seems to have signed a handshake, among those whose secret is set.
    pub(crate) fn signer(&self, headers: &HeaderMap) -> Option<Vendor> {
        let seems = |vendor: &Vendor| match vendor {
            Vendor::Twilio => headers.contains_key(SIGNATURE),
            Vendor::Plivo => headers.contains_key(plivo::SIGNATURE),
            Vendor::Vonage => vonage::token(headers).is_some(),
            Vendor::Genesys => headers.contains_key(genesys::SIGNATURE),
        };
        let all = [Vendor::Twilio, Vendor::Plivo, Vendor::Vonage, Vendor::Genesys];
        all.into_iter().find(|vendor| self.signs(*vendor) && seems(vendor))
    }

    /// Whether a handshake has anything that could stand in for Twilio's signature.
    pub(crate) fn has_credential(headers: &HeaderMap) -> bool {
        headers.contains_key(AUTHORIZATION) || headers.contains_key(genesys::API_KEY)
    }

    /// Verifies a handshake that a platform seems to have signed. Returns what tells it from all others of the
    /// platform, so that it can be used once; `None` for Twilio's, which are all alike.
    pub(crate) fn check(
        &self,
        vendor: Vendor,
        request: &HttpRequest,
        now: Timestamp,
    ) -> Result<Option<Handshake>, Problem> {
        let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
        let (headers, seconds) = (request.headers(), now.0 / 1000);
        let holds = match (vendor, &self.public) {
            (Vendor::Twilio, _) => return self.twilio.check_socket(request).map(|()| None),
            (Vendor::Vonage, _) => {
                let secrets = self.vonage.as_deref().unwrap_or_default();
                vonage::token(headers).is_some_and(|token| vonage::holds(secrets, token, seconds))
            }
            (Vendor::Plivo, Some(public)) => {
                plivo::holds(self.plivo.as_deref().unwrap_or_default(), public, target, headers)
            }
            (Vendor::Genesys, Some(public)) => {
                genesys::holds(self.genesys.as_deref().unwrap_or_default(), public, target, headers, seconds)
            }
            (Vendor::Plivo | Vendor::Genesys, None) => false,
        };
        let unique = match vendor {
            Vendor::Twilio => None,
            Vendor::Plivo => plivo::unique(headers).map(|unique| (unique, plivo::KEPT)),
            Vendor::Vonage => vonage::unique(headers).map(|unique| (unique, vonage::KEPT)),
            Vendor::Genesys => genesys::unique(headers).map(|unique| (unique, genesys::KEPT)),
        };
        if let (true, Some((unique, kept))) = (holds, unique) {
            return Ok(Some(Handshake { vendor, unique: unique.to_owned(), kept }));
        }
        let name = vendor.name();
        let detail = format!(
            "{name}'s signature does not match this handshake. Check that the URL configured at {name} begins with \
             CALLSTORE_PUBLIC_URL, that the secret is the right one, and that the clocks agree."
        );
        Err(refusal(vendor, detail))
    }
}

/// A handshake whose signature holds.
pub(crate) struct Handshake {
    vendor: Vendor,
    /// A signed part that no other handshake of the platform has.
    unique: String,
    /// How long it has to be remembered: the signature is refused afterwards, or is so old that nobody has it.
    kept: Duration,
}

impl Handshake {
    /// Uses the handshake.
    ///
    /// # Errors
    /// If it was used before, or the database fails.
    pub(crate) async fn use_once(self, streams: &Streams) -> Result<(), Problem> {
        let Self { vendor, unique, kept } = self;
        if streams.use_handshake(vendor.name(), unique.as_bytes(), kept).await? {
            return Ok(());
        }
        let detail = format!(
            "This signed handshake of {} was used before, and each opens one stream. Let the platform connect again, which \
             signs a new one.",
            vendor.name()
        );
        Err(refusal(vendor, detail))
    }
}

fn refusal(vendor: Vendor, detail: String) -> Problem {
    let code = match vendor {
        // Genesys understands 401 only.
        Vendor::Genesys => ProblemCode::Unauthorized,
        Vendor::Twilio | Vendor::Plivo | Vendor::Vonage => ProblemCode::SignatureInvalid,
    };
    Problem::new(code, detail)
}

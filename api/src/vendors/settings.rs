//! The files with the secrets of platforms that sign.

use std::path::PathBuf;

use clap::Args;
use service::{Private, audio::decode_base64};

use super::check::Vendors;
use crate::{failure::Failure, public::PublicUrl, secret_file, twilio::Twilio};

/// Secrets of platforms that sign the handshakes of their streams.
#[derive(Args, Clone, Debug)]
pub struct VendorSettings {
    /// File with Plivo's auth token, or two separated by a comma during a rotation. Once it is set, Plivo's streams
    /// must be signed, or have a key
    #[arg(long, env = "CALLSTORE_PLIVO_AUTH_TOKEN_FILE", value_name = "FILE")]
    plivo_auth_token_file: Option<PathBuf>,
    /// File with Vonage's signature secret, or two; the same for Vonage's streams
    #[arg(long, env = "CALLSTORE_VONAGE_SIGNATURE_SECRET_FILE", value_name = "FILE")]
    vonage_signature_secret_file: Option<PathBuf>,
    /// File with the client secret of the Genesys AudioHook integration, in base64, or two; the same for its streams
    #[arg(long, env = "CALLSTORE_GENESYS_CLIENT_SECRET_FILE", value_name = "FILE")]
    genesys_client_secret_file: Option<PathBuf>,
}

impl VendorSettings {
    /// Reads the files.
    ///
    /// # Errors
    /// If a file cannot be read or holds no secret, or a signed URL is not known: a sentence that contains no secret.
    pub(crate) fn read(&self, twilio: Twilio, public: Option<&PublicUrl>) -> Result<Vendors, Failure> {
        let signs_url = "signs the address that it was given, as https://calls.example.com";
        let needs_url = |name: &str, file: &Option<PathBuf>| match (file, public) {
            (Some(_), None) => Err(format!(
                "CALLSTORE_{}_FILE needs CALLSTORE_PUBLIC_URL (--public-url): the platform {signs_url}",
                name
            )),
            _ => Ok(()),
        };
        needs_url("PLIVO_AUTH_TOKEN", &self.plivo_auth_token_file)?;
        needs_url("GENESYS_CLIENT_SECRET", &self.genesys_client_secret_file)?;
        let genesys = match secrets(self.genesys_client_secret_file.as_ref(), "the Genesys client secret file")? {
            None => None,
            Some(secrets) => {
                let decoded = secrets.iter().map(|secret| decode_base64(secret.expose())).collect::<Result<_, _>>();
                Some(decoded.map_err(|_| "the Genesys client secret file has to hold base64".to_owned())?)
            }
        };
        Ok(Vendors {
            twilio,
            plivo: secrets(self.plivo_auth_token_file.as_ref(), "the Plivo auth token file")?,
            vonage: secrets(self.vonage_signature_secret_file.as_ref(), "the Vonage signature secret file")?,
            genesys,
            public: public.cloned(),
        })
    }
}

/// One secret of a file, or two separated by a comma.
fn secrets(path: Option<&PathBuf>, what: &str) -> Result<Option<Vec<Private>>, Failure> {
    let Some(path) = path else { return Ok(None) };
    let text = secret_file::read(path, what)?;
    let secrets: Vec<Private> = text.split(',').map(|secret| secret.trim().into()).collect();
    let printable = |secret: &Private| {
        let secret = secret.expose();
        !secret.is_empty() && secret.bytes().all(|byte| byte.is_ascii_graphic())
    };
    if secrets.len() > 2 || !secrets.iter().all(printable) {
        return Err(format!("{what} has to hold one secret, or two with a comma between them").into());
    }
    Ok(Some(secrets))
}

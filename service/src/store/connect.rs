//! The clients of object stores, configured by the environment variables of the providers' own tools.
//!
//! Time limits come in three layers. A response that stops is given up after 60 seconds; a request is repeated twice
//! within ten seconds; and whoever asked decides what a failure means. Finalizing waits and tries again for as long as
//! it takes, while a download gives up at once, because its client waits.

use std::{str::FromStr, sync::Arc, time::Duration};

use object_store::{
    BackoffConfig, ClientConfigKey, ObjectStore, RetryConfig,
    aws::{AmazonS3Builder, AmazonS3ConfigKey},
    signer::Signer,
};

use super::url::{Bucket, Provider};
use crate::Private;

/// Retries within one operation. They are few, because whole operations are retried as well.
const RETRY: RetryConfig = RetryConfig {
    backoff: BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(2), base: 2.0 },
    max_retries: 2,
    retry_timeout: Duration::from_secs(10),
};
/// How long to wait for a response, and for each piece of it: enough for 8 MiB over a slow connection.
const ANSWER_LIMIT: &str = "60s";
/// Downloads have no time limit of their own here; slow readers are cut off elsewhere.
const REQUEST_LIMIT: &str = "1day";

/// A provider's client, for requests and for signing URLs.
pub(super) type Client = (Arc<dyn ObjectStore>, Arc<dyn Signer>);

/// Builds a client from the environment variables that the provider's own tools use.
///
/// Makes no request. Credentials that have to be fetched, as on a cloud's machines, are fetched by the first request.
///
/// # Errors
/// A variable that the provider's client refuses, such as an endpoint that is no URL.
pub(super) fn connect(bucket: &Bucket, environment: &[(String, Private)]) -> object_store::Result<Client> {
    let limits = [(ClientConfigKey::ReadTimeout, ANSWER_LIMIT), (ClientConfigKey::Timeout, REQUEST_LIMIT)];
    match bucket.provider {
        Provider::Aws => {
            use AmazonS3ConfigKey as Key;
            // Not every compatible store supports bulk deletion, and objects are deleted one at a time.
            let mut builder = AmazonS3Builder::new().with_disable_bulk_delete(true);
            for (key, value) in known("AWS_", limits, environment, Key::Client) {
                builder = builder.with_config(key, value);
            }
            let endpoints = [Key::S3Endpoint, Key::Endpoint].map(|key| builder.get_config_value(&key));
            // An `http://` endpoint is an explicit choice, so plain HTTP is allowed.
            if endpoints.into_iter().flatten().next().is_some_and(|url| url.starts_with("http://")) {
                builder = builder.with_allow_http(true);
            }
            Ok(client(builder.with_retry(RETRY).with_bucket_name(&bucket.name).build()?))
        }
        #[cfg(feature = "gcs")]
        Provider::Google => {
            use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey as Key};
            let mut builder = GoogleCloudStorageBuilder::new();
            for (key, value) in known("GOOGLE_", limits, environment, Key::Client) {
                builder = builder.with_config(key, value);
            }
            Ok(client(builder.with_retry(RETRY).with_bucket_name(&bucket.name).build()?))
        }
        #[cfg(feature = "azure")]
        Provider::Azure => {
            use object_store::azure::{AzureConfigKey as Key, MicrosoftAzureBuilder};
            let mut builder = MicrosoftAzureBuilder::new();
            for (key, value) in known("AZURE_", limits, environment, Key::Client) {
                builder = builder.with_config(key, value);
            }
            Ok(client(builder.with_retry(RETRY).with_container_name(&bucket.name).build()?))
        }
    }
}

/// The configuration of a provider's client: our limits, overridden by environment variables with the prefix `names`.
///
/// Variables that the client does not know are left out without an error: `AWS_` is a prefix for many tools.
fn known<K: FromStr>(
    names: &str,
    limits: [(ClientConfigKey, &str); 2],
    environment: &[(String, Private)],
    of_client: fn(ClientConfigKey) -> K,
) -> Vec<(K, String)> {
    let limits = limits.into_iter().map(|(key, limit)| (of_client(key), limit.to_owned()));
    let named = environment.iter().filter(|(name, _)| name.starts_with(names));
    let told =
        named.filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value.expose().clone())));
    limits.chain(told).collect()
}

fn client<T: ObjectStore + Signer>(client: T) -> Client {
    let client = Arc::new(client);
    (client.clone(), client)
}

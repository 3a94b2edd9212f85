//! The location of recordings, as given by `RECORDING_STORAGE_URL`.
//!
//! The scheme chooses the kind of store. Credentials are never part of the URL, since errors and lists of processes
//! show it.
//!
//! | URL | place |
//! | --- | --- |
//! | `file:///var/lib/callstore/recordings` | a folder, by its absolute path |
//! | `s3://bucket/prefix` | S3, or a store that speaks its protocol (`AWS_ENDPOINT_URL`) |
//! | `gs://bucket/prefix`, `az://container/prefix` | in builds with the feature `gcs` or `azure` |

use std::{path::PathBuf, str::FromStr};

use object_store::path::Path;

/// A folder, or a place in an object store.
///
/// Parsing makes no request and touches no file: whether the place exists and may be written is found when the store is
/// opened, or, for an object store, by its first probe.
///
/// # Examples
///
/// ```
/// use service::{StoreUrl, StoreUrlError};
///
/// assert_eq!("file:///srv/calls".parse(), Ok(StoreUrl::Folder("/srv/calls".into())));
/// assert!(matches!("s3://bucket/recordings".parse(), Ok(StoreUrl::Objects(_))));
/// // Credentials belong into the environment.
/// assert_eq!("s3://key:secret@bucket".parse::<StoreUrl>(), Err(StoreUrlError::Bucket));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// A folder on this machine.
    Folder(PathBuf),
    /// A bucket of an object store.
    Objects(Bucket),
}

/// A bucket, and the prefix of the recordings in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub(super) provider: Provider,
    pub(super) name: String,
    /// Prefix of all object keys.
    pub(super) prefix: Path,
}

/// The provider of the object store, or the one whose protocol it speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Aws,
    #[cfg(feature = "gcs")]
    Google,
    #[cfg(feature = "azure")]
    Azure,
}

/// Why a `RECORDING_STORAGE_URL` is invalid.
///
/// Each text ends the sentence that begins with the setting's name, and says how to write it right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreUrlError {
    /// The scheme is not supported.
    #[error(
        "it has to begin with s3://, file:///, gs:// (in a build with the feature gcs) or az:// (azure), as in s3://bucket/recordings"
    )]
    Scheme,
    /// The scheme needs a feature that this build does not have.
    #[error("this build has no {0}; build it with `cargo build --release --features {0}`")]
    Feature(&'static str),
    /// The folder's path is not absolute.
    #[error("a folder is named from the root, as in file:///var/lib/callstore/recordings")]
    Relative,
    /// The bucket's name is missing or invalid.
    #[error(
        "a bucket's name has letters, digits, dots, hyphens and underscores, as in s3://bucket/recordings; credentials, endpoint and region are given by the environment"
    )]
    Bucket,
    /// The prefix is not a valid object key.
    #[error("after the bucket come names with single slashes between, as in s3://bucket/recordings/2026")]
    Prefix,
}

impl Provider {
    fn of(scheme: &str) -> Result<Self, StoreUrlError> {
        match scheme {
            "s3" => Ok(Self::Aws),
            #[cfg(feature = "gcs")]
            "gs" => Ok(Self::Google),
            #[cfg(not(feature = "gcs"))]
            "gs" => Err(StoreUrlError::Feature("gcs")),
            #[cfg(feature = "azure")]
            "az" => Ok(Self::Azure),
            #[cfg(not(feature = "azure"))]
            "az" => Err(StoreUrlError::Feature("azure")),
            _ => Err(StoreUrlError::Scheme),
        }
    }

    pub(super) fn scheme(self) -> &'static str {
        match self {
            Self::Aws => "s3",
            #[cfg(feature = "gcs")]
            Self::Google => "gs",
            #[cfg(feature = "azure")]
            Self::Azure => "az",
        }
    }
}

impl FromStr for StoreUrl {
    type Err = StoreUrlError;

    fn from_str(url: &str) -> Result<Self, StoreUrlError> {
        let (scheme, rest) = url.split_once("://").ok_or(StoreUrlError::Scheme)?;
        if scheme == "file" {
            let path = PathBuf::from(rest);
            return if path.is_absolute() { Ok(Self::Folder(path)) } else { Err(StoreUrlError::Relative) };
        }
        let provider = Provider::of(scheme)?;
        let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err(StoreUrlError::Bucket);
        }
        if prefix.starts_with('/') || prefix.contains(['?', '#', '%']) {
            return Err(StoreUrlError::Prefix);
        }
        let prefix = Path::parse(prefix).map_err(|_| StoreUrlError::Prefix)?;
        Ok(Self::Objects(Bucket { provider, name: name.to_owned(), prefix }))
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_has_a_prefix_or_none() {
        for (url, prefix) in
            [("s3://b", ""), ("s3://b/", ""), ("s3://b/a", "a"), ("s3://b/a/b/", "a/b"), ("s3://b/a b", "a b")]
        {
            let name = "b".to_owned();
            let bucket = Bucket { provider: Provider::Aws, name, prefix: Path::parse(prefix).unwrap() };
            assert_eq!(url.parse(), Ok(StoreUrl::Objects(bucket)), "{url}");
        }
        assert_eq!("file:///a/b".parse(), Ok(StoreUrl::Folder("/a/b".into())));
    }

    #[test]
    fn what_is_not_understood_is_told_apart() {
        use StoreUrlError as E;
        for (url, error) in [
            ("data/recordings", E::Scheme),
            ("http://b/a", E::Scheme),
            ("file://a", E::Relative),
            ("file://", E::Relative),
            ("s3://", E::Bucket),
            ("s3:///a", E::Bucket),
            ("s3://key:secret@b/a", E::Bucket),
            ("s3://b//a", E::Prefix),
            ("s3://b/../a", E::Prefix),
            ("s3://b/a?region=x", E::Prefix),
            #[cfg(not(feature = "gcs"))]
            ("gs://b", E::Feature("gcs")),
            #[cfg(not(feature = "azure"))]
            ("az://b", E::Feature("azure")),
        ] {
            assert_eq!(url.parse::<StoreUrl>(), Err(error), "{url}");
        }
    }
}

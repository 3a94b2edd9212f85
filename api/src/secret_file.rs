//! Files that hold a secret, such as the admin key.

use std::{fs::File, io::Read, os::unix::fs::MetadataExt, path::Path};

use service::absolute;

use crate::failure::{Failure, about};

/// The rights of users outside the file's group. A group may read it: orchestrators share secrets with one.
const OTHERS: u32 = 0o007;
/// Where containers get their secrets, readable for all of their users. Nobody else reaches them there.
const CONTAINER: &str = "/run/secrets";

/// Reads a secret. `what` names the file in errors.
///
/// # Errors
/// A sentence: the file cannot be read, or other users can.
pub(crate) fn read(path: &Path, what: &str) -> Result<String, Failure> {
    let failed = |error| about(path, what, &error);
    let mut file = File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.mode();
    if mode & OTHERS != 0 && !path.starts_with(CONTAINER) {
        let path = absolute(path);
        let path = path.display();
        let open = format!("{what} {path} is open to every user of this machine; run `chmod 600 {path}`");
        return Err(open.into());
    }
    let mut secret = String::new();
    file.read_to_string(&mut secret).map_err(failed)?;
    Ok(secret)
}

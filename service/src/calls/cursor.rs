//! Cursors: the position after a page of calls, as an opaque string that clients send back unchanged.
//!
//!
//! A cursor is 38 bytes in base64url: version, kind of key, key (8), id (16), fingerprint of filter and sort (8),
//! checksum (4).
//!
//! It holds no secret and is not signed: a client that makes one up gets what a filter would give it as well. The
//! checksum tells a cursor that was cut or altered by accident from one of another list; both are refused with the same
//! error.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::filter::{CallFilter, CallSort};
use crate::Error;

/// A call's position in a sorted list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    /// The sort key in milliseconds; `None` for a call without one.
    pub key: Option<i64>,
    /// The call's id.
    pub id: Uuid,
}

const VERSION: u8 = 1;
const LENGTH: usize = 38;

/// Encodes a position in the list of `filter` and `sort`.
pub(crate) fn encode(position: Position, filter: &CallFilter, sort: CallSort) -> String {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.extend([VERSION, u8::from(position.key.is_some())]);
    bytes.extend(position.key.unwrap_or(0).to_be_bytes());
    bytes.extend(position.id.as_bytes());
    seal(bytes, filter, sort)
}

/// Appends fingerprint and checksum.
pub(crate) fn seal(mut bytes: Vec<u8>, filter: &CallFilter, sort: CallSort) -> String {
    bytes.extend(fingerprint(filter, sort));
    bytes.extend(checksum(&bytes));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes a cursor, which must have been made for the same `filter` and `sort`.
pub(crate) fn decode(text: &str, filter: &CallFilter, sort: CallSort) -> Result<Position, Error> {
    read(text, filter, sort).ok_or(Error::CursorInvalid)
}

fn read(text: &str, filter: &CallFilter, sort: CallSort) -> Option<Position> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (body, sum) = bytes.split_at_checked(LENGTH - 4)?;
    let (&[version, kind], rest) = body.split_first_chunk::<2>()?;
    let (key, rest) = rest.split_first_chunk::<8>()?;
    let (id, rest) = rest.split_first_chunk::<16>()?;
    let fits = version == VERSION && sum == checksum(body) && rest == fingerprint(filter, sort);
    let key = match (kind, i64::from_be_bytes(*key)) {
        (1, key) => Some(key),
        (0, 0) => None,
        _ => return None,
    };
    fits.then_some(Position { key, id: Uuid::from_bytes(*id) })
}

/// A hash of filter and sort, because a cursor is valid only in the list it was made for.
fn fingerprint(filter: &CallFilter, sort: CallSort) -> [u8; 8] {
    first(&Sha256::digest(format!("{} {sort:?}", filter.plain())))
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    first(&Sha256::new().chain_update(b"callstore cursor").chain_update(bytes).finalize())
}

fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&digest[..N]);
    bytes
}

//! The order of hits, and cursors, which are places in it.
//!
//! Newest call first; within a call by the time of the utterance, as it is listed there. Hits that are sorted by
//! relevance have a score before all of this.
//!
//! A cursor is 70 bytes in base64url: version (1), score (8), start time (8), call (16), whether there is a time (1),
//! time (8), transcript (16), fingerprint of the search (8), checksum (4). As with cursors of
//! calls, it holds no secret.

use std::cmp::Ordering;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Error;

/// The order of hits.
///
/// By start time, pages go on to the end of all hits. By relevance, the newest 1,000 hits are compared and the rest is
/// not offered: comparing all would read every hit of a common word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SearchSort {
    /// By the start of the call, newest first, and within a call by the time of the utterance.
    #[default]
    StartTime,
    /// By how often the words occur in the text, in relation to its length. Among the newest hits only.
    Relevance,
}

/// The place of a hit in the order.
///
/// Two places are never equal: the id of the transcript decides last. So a cursor is exact, also where many calls began
/// in the same millisecond and utterances have no time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    /// 0 unless sorted by relevance.
    pub score: f64,
    /// When the call began.
    pub start_time: i64,
    pub call: Uuid,
    /// When the utterance begins, in seconds.
    pub time: Option<f64>,
    pub transcript: Uuid,
}

impl Place {
    /// Highest score first, newest call first, then as in the call.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let time = |place: &Self| place.time.unwrap_or(f64::INFINITY);
        let score = other.score.total_cmp(&self.score);
        let call = (other.start_time, other.call).cmp(&(self.start_time, self.call));
        let in_call = time(self).total_cmp(&time(other)).then(self.transcript.cmp(&other.transcript));
        score.then(call).then(in_call)
    }

    /// Whether this place comes after another one; always if there is none.
    pub(super) fn is_after(&self, other: Option<&Self>) -> bool {
        other.is_none_or(|other| self.order(other) == Ordering::Greater)
    }
}

const VERSION: u8 = 1;
const LENGTH: usize = 1 + 8 + 8 + 16 + 1 + 8 + 16 + 8 + 4;

/// A hash of what is searched, because a cursor is valid only in the list it was made for.
///
/// It covers the query in its canonical form, all filters and the order, and leaves out the size of the page: a client
/// may ask for smaller pages on the way.
pub(super) fn fingerprint(search: &str) -> [u8; 8] {
    first(&Sha256::digest(search))
}

/// Encodes a place in the list with this fingerprint.
///
/// The checksum is no protection, since its key is in the source. It tells a text that was cut or retyped from a
/// cursor, so that a client gets `cursor_invalid` and not a page from somewhere.
pub(super) fn encode(place: &Place, fingerprint: [u8; 8]) -> String {
    let mut bytes = Vec::with_capacity(LENGTH);
    bytes.push(VERSION);
    bytes.extend(place.score.to_bits().to_be_bytes());
    bytes.extend(place.start_time.to_be_bytes());
    bytes.extend(place.call.as_bytes());
    bytes.push(u8::from(place.time.is_some()));
    bytes.extend(place.time.unwrap_or_default().to_bits().to_be_bytes());
    bytes.extend(place.transcript.as_bytes());
    bytes.extend(fingerprint);
    bytes.extend(checksum(&bytes));
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Decodes a cursor of the list with this fingerprint.
///
/// # Errors
/// `CursorInvalid` for any other text.
pub(super) fn decode(text: &str, fingerprint: [u8; 8]) -> Result<Place, Error> {
    read(text).filter(|place| encode(place, fingerprint) == text).ok_or(Error::CursorInvalid)
}

fn read(text: &str) -> Option<Place> {
    let bytes: [u8; LENGTH] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
    let number = |at: usize| bytes.get(at..at + 8)?.first_chunk().copied().map(u64::from_be_bytes);
    let id = |at: usize| bytes.get(at..at + 16)?.first_chunk().copied().map(Uuid::from_bytes);
    let time = f64::from_bits(number(34)?);
    let has_time = *bytes.get(33)? == 1;
    Some(Place {
        score: f64::from_bits(number(1)?),
        start_time: number(9)?.cast_signed(),
        call: id(17)?,
        time: has_time.then_some(time),
        transcript: id(42)?,
    })
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    first(&Sha256::new().chain_update(b"callstore search").chain_update(bytes).finalize())
}

fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&digest[..N]);
    bytes
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod tests {
    use super::*;

    fn place(score: f64, start_time: i64, call: u128, time: Option<f64>, transcript: u128) -> Place {
        Place { score, start_time, call: Uuid::from_u128(call), time, transcript: Uuid::from_u128(transcript) }
    }

    #[test]
    fn hits_come_by_score_then_newest_call_then_as_in_the_call() {
        let ordered = [
            place(2.0, 1, 1, None, 1),
            place(0.0, 9, 2, Some(0.5), 7),
            place(0.0, 9, 2, Some(0.5), 8),
            place(0.0, 9, 2, Some(1.5), 3),
            place(0.0, 9, 2, None, 1),
            place(0.0, 9, 1, Some(0.1), 1),
            place(0.0, 8, 3, Some(0.1), 1),
        ];
        let mut sorted = ordered;
        sorted.reverse();
        sorted.sort_by(Place::order);
        assert_eq!(sorted, ordered);
        assert!(ordered[1].is_after(Some(&ordered[0])) && !ordered[0].is_after(Some(&ordered[0])));
    }

    #[test]
    fn a_cursor_is_valid_in_its_own_list_only() {
        for place in [place(1.5, 9, 2, Some(0.25), 7), place(0.0, 0, 0, None, u128::MAX)] {
            let cursor = encode(&place, fingerprint("a"));
            assert_eq!(decode(&cursor, fingerprint("a")).unwrap(), place);
            assert!(decode(&cursor, fingerprint("b")).is_err());
            for at in 0..cursor.len() {
                let mut altered = cursor.clone().into_bytes();
                altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
                assert!(decode(&String::from_utf8(altered).unwrap(), fingerprint("a")).is_err());
            }
        }
    }
}

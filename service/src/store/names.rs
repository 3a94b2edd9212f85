//! The names of recordings, and of the peaks beside them, in a store.
//!
//! A name holds the call's id and nothing else, so names may appear in logs, listings and backups. The folders by the
//! last two digits keep each of them small: ids are UUIDv7, whose last digits are random, while the first are the time.

use uuid::Uuid;

/// The name of a call's recording, relative to the store. The last two hex digits of the id spread the files over 256
/// folders.
pub(super) fn file_path(call: Uuid) -> String {
    let name = call.as_hyphenated().to_string();
    format!("{}/{name}.wav", &name[name.len() - 2..])
}

/// The name of the peaks that are kept beside a call's recording.
pub(super) fn peaks_path(call: Uuid) -> String {
    format!("{}.peaks", file_path(call).trim_end_matches(".wav"))
}

/// The call whose recording, or its peaks, has this name in a folder; `None` for a name that the service does not give.
pub(super) fn call_of(folder: &str, name: &str) -> Option<Uuid> {
    let call = name.strip_suffix(".wav").or_else(|| name.strip_suffix(".peaks"))?.parse().ok()?;
    let path = format!("{folder}/{name}");
    (file_path(call) == path || peaks_path(call) == path).then_some(call)
}

/// The name of one of the 256 folders.
pub(super) fn folder(number: u8) -> String {
    format!("{number:02x}")
}

/// The name of the folder after this one; `None` after the last, and for a name that the service does not give.
pub(super) fn folder_after(name: &str) -> Option<String> {
    u8::from_str_radix(name, 16).ok()?.checked_add(1).map(folder)
}

/// A part of the list of all recordings.
#[derive(Debug)]
pub(crate) struct Listed {
    /// The calls that they are of.
    pub calls: Vec<Uuid>,
    /// Where the next part begins; `None` at the end of the list.
    pub next: Option<String>,
}

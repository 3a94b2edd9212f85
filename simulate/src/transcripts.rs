//! The transcripts of a recorded session: `NAME.transcripts.json` beside `NAME.jsonl`, an array of `addTranscript`
//! bodies.

use std::{fs, io, path::Path};

use serde_json::Value;

use crate::error::SimulateError;

/// Reads the transcripts of a session; an empty list if there is no such file.
///
/// # Errors
/// When the file exists but is unreadable or not a JSON array.
pub(crate) fn read(session: &Path) -> Result<Vec<Value>, SimulateError> {
    let file = session.with_extension("transcripts.json");
    match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|source| SimulateError::Transcripts { file, source }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(source) => Err(SimulateError::Unreadable { file, source }),
    }
}

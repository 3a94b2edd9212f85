//! The list of calls to send.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use crate::{
    args::SimulateArgs, call::Call, error::SimulateError, names::Names, script::Script, source::Source, synthetic,
};

/// Builds the calls of a run: synthetic ones, or recorded sessions, which this reads from disk. `run` is an id that no
/// other run has.
///
/// # Errors
/// When a file is unreadable or invalid, or when two files hold the same stream.
pub(crate) fn plan(args: &SimulateArgs, run: &str, seed: u64) -> Result<Vec<Call>, SimulateError> {
    let cast = if args.files.is_empty() {
        let audio = Arc::new(synthetic::Synthetic::new(seed, args.duration, args.tracks, args.frame_ms));
        let call = |number| (Source::Synthetic(Arc::clone(&audio), number), Names::synthetic(run, number));
        (0..args.synthetic_calls()).map(call).collect()
    } else {
        recorded(&read(&args.files)?, args.calls, run)?
    };
    let chaos = |number| args.chaos.then(|| synthetic::mix(seed ^ synthetic::mix(u64::from(number))));
    let call = |(number, (source, names))| Call::new(number, names, source, chaos(number));
    Ok((0..).zip(cast).map(call).collect())
}

fn read(files: &[PathBuf]) -> Result<Vec<Arc<Script>>, SimulateError> {
    files.iter().map(|file| Script::read(file).map(Arc::new)).collect()
}

/// Each session once under its own names, or `copies` calls under new names, for which the sessions take turns.
fn recorded(scripts: &[Arc<Script>], copies: Option<u32>, run: &str) -> Result<Vec<(Source, Names)>, SimulateError> {
    let source = |script: &Arc<Script>| Source::Recorded(Arc::clone(script));
    if let Some(copies) = copies {
        let copy =
            |(script, number): (&Arc<Script>, u32)| (source(script), Names::copy(&script.session.opening, run, number));
        return Ok(scripts.iter().cycle().zip(1..=copies).map(copy).collect());
    }
    let mut streams = HashMap::new();
    for script in scripts {
        if let Some(first) = streams.insert(&script.session.opening.stream_sid, &script.file) {
            return Err(SimulateError::SameStream { first: first.clone(), second: script.file.clone() });
        }
    }
    Ok(scripts.iter().map(|script| (source(script), Names::own(&script.session.opening))).collect())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::recorded_session::RecordedSession;

    const SESSION: &[u8] = br#"{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1"}}"#;

    fn script(file: &str) -> Arc<Script> {
        let session = RecordedSession::parse(Path::new(file), SESSION).unwrap();
        Arc::new(Script::new(Path::new(file), session, Vec::new()))
    }

    fn file(source: &Source) -> Option<&str> {
        let Source::Recorded(script) = source else { return None };
        script.file.to_str()
    }

    #[test]
    fn copies_take_turns_and_no_two_share_a_name() {
        let scripts = [script("a.jsonl"), script("b.jsonl")];
        let calls = recorded(&scripts, Some(5), "run").unwrap();
        let files: Vec<_> = calls.iter().filter_map(|(source, _)| file(source)).collect();
        assert_eq!(files, ["a.jsonl", "b.jsonl", "a.jsonl", "b.jsonl", "a.jsonl"]);
        let more = recorded(&scripts, Some(5), "walk").unwrap();
        let streams: std::collections::HashSet<_> =
            calls.iter().chain(&more).map(|(_, names)| names.stream_sid.clone()).collect();
        assert_eq!(streams.len(), 10);
    }

    #[test]
    fn the_same_stream_twice_needs_names_of_its_own() {
        let scripts = [script("a.jsonl"), script("b.jsonl")];
        let error = recorded(&scripts, None, "run").unwrap_err().to_string();
        assert!(error.contains("a.jsonl") && error.contains("b.jsonl") && error.contains("--calls"), "{error}");
        assert_eq!(recorded(&scripts[..1], None, "run").unwrap()[0].1.stream_sid, "MZ1");
    }
}

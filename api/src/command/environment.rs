//! Warnings about variables that look like settings, so that a misspelled setting does not silently keep its default.

use std::collections::BTreeSet;

use clap::Command;
use strsim::normalized_damerau_levenshtein;

const PREFIX: &str = "CALLSTORE_";
/// Variables that are not settings and that scripts and tests set.
const OTHERS: [&str; 8] = [
    "CALLSTORE_CALLS",
    "CALLSTORE_CONTRACT_EXAMPLES",
    "CALLSTORE_CRASH_AT",
    "CALLSTORE_HOLD_AT",
    "CALLSTORE_KILLS",
    "CALLSTORE_SIMULATE",
    "CALLSTORE_TRANSPORTS",
    "CALLSTORE_URL",
];
/// Prefixes of such variables. Kubernetes sets those of a service that is named callstore.
const OTHER_PREFIXES: [&str; 3] = ["CALLSTORE_TEST_", "CALLSTORE_PORT_", "CALLSTORE_SERVICE_"];
/// How alike a name and a setting must be for a suggestion, from 0 to 1.
const ALIKE: f64 = 0.5;

/// One sentence for each variable that begins like a setting but is none. `variables` are names and values.
pub(crate) fn warnings(command: &Command, variables: impl IntoIterator<Item = (String, String)>) -> Vec<String> {
    let mut known = BTreeSet::new();
    collect(command, &mut known);
    let unknown: BTreeSet<_> = variables
        .into_iter()
        .filter(|(name, _)| name.starts_with(PREFIX) && !known.contains(name) && !OTHERS.contains(&name.as_str()))
        .filter(|(name, _)| !OTHER_PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
        // So does Kubernetes, with this one.
        .filter(|(name, value)| name != "CALLSTORE_PORT" || !value.contains("://"))
        .map(|(name, _)| name)
        .collect();
    let sentence = |name: &String| match nearest(name, &known) {
        Some(setting) => format!("{name} is not a setting of Callstore; did you mean {setting}?"),
        None => format!("{name} is not a setting of Callstore; `callstore --help` lists the settings."),
    };
    unknown.iter().map(sentence).collect()
}

/// Collects the variables of a command and its subcommands.
fn collect(command: &Command, known: &mut BTreeSet<String>) {
    known.extend(command.get_arguments().filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned)));
    command.get_subcommands().for_each(|subcommand| collect(subcommand, known));
}

/// The setting that is most like a name, if any is. The common prefix does not count.
fn nearest<'a>(name: &str, known: &'a BTreeSet<String>) -> Option<&'a str> {
    if ["CALLSTORE_PORT", "CALLSTORE_HOST", "CALLSTORE_ADDRESS", "CALLSTORE_BIND"].contains(&name) {
        return Some("CALLSTORE_LISTEN");
    }
    let bare = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
    let likeness = known.iter().map(|setting| (normalized_damerau_levenshtein(&bare(name), &bare(setting)), setting));
    let (most, setting) = likeness.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (most >= ALIKE).then_some(setting)
}

//! Warnings about variables that look like settings, so that a misspelled setting does not silently keep its default.

use std::collections::{BTreeMap, BTreeSet};

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
    let mut known = BTreeMap::new();
    collect(command, &mut known);
    let unknown: BTreeSet<_> = variables
        .into_iter()
        .filter(|(name, _)| {
            name.starts_with(PREFIX)
                && !known.values().any(|setting| setting == name)
                && !OTHERS.contains(&name.as_str())
        })
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

/// Collects the variables of a command and its subcommands, under each name that people may try: the variable itself,
/// and the option as a variable, such as `CALLSTORE_RECORDINGS` for `--recordings`.
fn collect(command: &Command, known: &mut BTreeMap<String, String>) {
    for argument in command.get_arguments() {
        let Some(variable) = argument.get_env().and_then(|name| name.to_str()) else { continue };
        known.insert(variable.to_owned(), variable.to_owned());
        let option = argument.get_long().unwrap_or_default();
        known.insert(format!("{PREFIX}{}", option.to_uppercase().replace('-', "_")), variable.to_owned());
    }
    command.get_subcommands().for_each(|subcommand| collect(subcommand, known));
}

/// The setting that is most like a name, if any is. The common prefix does not count.
fn nearest<'a>(name: &str, known: &'a BTreeMap<String, String>) -> Option<&'a str> {
    if ["CALLSTORE_PORT", "CALLSTORE_HOST", "CALLSTORE_ADDRESS", "CALLSTORE_BIND"].contains(&name) {
        return Some("CALLSTORE_LISTEN");
    }
    let bare = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).to_owned();
    let likeness =
        known.iter().map(|(like, variable)| (normalized_damerau_levenshtein(&bare(name), &bare(like)), variable));
    let (most, setting) = likeness.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    if most >= ALIKE {
        return Some(setting);
    }
    // A name may have only some of a setting's words.
    let has_words = |like: &str| bare(name).split('_').all(|word| bare(like).split('_').any(|other| other == word));
    known.iter().find_map(|(like, variable)| has_words(like).then_some(variable.as_str()))
}

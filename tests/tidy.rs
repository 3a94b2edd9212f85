//! What keeps the source easy to find one's way in: short files that say what they are, modules without circles, short
//! comment lines, rules that are explained, and tables that every part which must know them knows.

mod modules;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use crate::support::{Server, on_sqlite, query_strings};
use modules::circles;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The crates whose modules may not import one another in a circle.
const CRATES: [&str; 7] = ["api", "audio", "dialects", "entity", "migration", "service", "simulate"];
/// The longest source file, in lines.
const LINES: usize = 300;
/// The longest line of a comment, in columns.
const WIDTH: usize = 120;
/// One in so many lines of `service` is documentation.
const DOCUMENTATION: usize = 5;

/// The files with an extension below a folder of the repository.
fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|found| found == extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// All Rust files, with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let crates = fs::read_dir(ROOT).unwrap().map(|entry| entry.unwrap().path());
    let crates = crates.filter(|path| path.join("Cargo.toml").exists());
    let folders = crates.flat_map(|path| ["src", "benches", "tests"].map(|part| path.join(part)));
    let folders = folders.chain([Path::new(ROOT).join("tests")]).filter(|folder| folder.exists());
    let paths = folders.flat_map(|folder| files(folder.to_str().unwrap(), "rs"));
    let sources: Vec<_> = paths.map(|path| (path.clone(), fs::read_to_string(&path).unwrap())).collect();
    assert!(sources.len() > 400, "{}", sources.len());
    sources
}

#[test]
fn source_files_are_short_and_say_what_they_are() {
    for (path, text) in sources() {
        let lines = text.lines().count();
        assert!(lines <= LINES, "{} has {lines} lines", path.display());
        assert!(text.starts_with("//! "), "{} does not open with a sentence", path.display());
    }
}

#[test]
fn comment_lines_are_short() {
    for (path, text) in sources() {
        // A row of a table is one line, however long.
        let long = |(_, line): &(usize, &str)| {
            let comment = line.trim_start().starts_with("//");
            comment && !line.trim_start().starts_with("//! |") && line.chars().count() > WIDTH
        };
        let long: Vec<_> = text.lines().enumerate().filter(long).map(|(number, _)| number + 1).collect();
        assert!(long.is_empty(), "{}: longer than {WIDTH} columns: {long:?}", path.display());
    }
}

#[test]
fn a_fifth_of_the_service_is_documentation() {
    let source = Path::new(ROOT).join("service/src");
    let texts = files(source.to_str().unwrap(), "rs").into_iter().map(|path| fs::read_to_string(path).unwrap());
    let (mut lines, mut comments) = (0, 0);
    for text in texts {
        lines += text.lines().count();
        comments += text.lines().filter(|line| line.trim_start().starts_with("//")).count();
    }
    assert!(
        DOCUMENTATION * comments >= lines,
        "{comments} of {lines} lines of service/src are comments. Say of what was added last why it is as it is, which \
         units and ranges it has, when it fails, and what a caller must hold."
    );
}

#[test]
fn no_modules_import_one_another_in_a_circle() {
    for name in CRATES {
        let root = Path::new(ROOT).join(name).join("src");
        let found = circles(&root);
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
    }
}

#[test]
fn every_table_is_copied() {
    let copy = fs::read_to_string(Path::new(ROOT).join("service/src/copy/tables.rs")).unwrap();
    let entities: BTreeSet<_> = files("entity/src", "rs")
        .into_iter()
        .filter(|path| fs::read_to_string(path).unwrap().contains("table_name"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let copied = |entity: &&String| copy.contains(&format!("<{entity}::Entity>"));
    let left: Vec<_> = entities.iter().filter(|entity| !copied(entity)).collect();
    // The journal is empty before a copy begins. The target's triggers fill the list of entries that wait, and mark
    // what the statistics are built from. The service on the target makes the index for search.
    assert_eq!(left, ["audit_pending", "chunk_journal", "search_entry", "search_progress", "stats_mark", "stats_slot"]);
}

#[tokio::test]
async fn every_table_with_rows_of_a_call_is_purged() {
    if !on_sqlite() {
        return;
    }
    let server = Server::start().await;
    let database = server.database().await;
    let with_call = "SELECT m.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE c.name = 'call_id'";
    let cascading = "SELECT m.name FROM sqlite_master m, pragma_foreign_key_list(m.name) f \
        WHERE f.\"table\" = 'call' AND f.on_delete = 'CASCADE'";
    let (with_call, cascading) = (query_strings(&database, with_call).await, query_strings(&database, cascading).await);
    let purge = fs::read_to_string(Path::new(ROOT).join("service/src/purge.rs")).unwrap();
    assert!(with_call.len() > 6, "{with_call:?}");
    for table in with_call {
        let purged = cascading.contains(&table) || purge.contains(&format!("{table}::"));
        assert!(purged, "purge.rs does not know {table}");
    }
}

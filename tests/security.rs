//! The security documents: each test that they name exists.

use std::{collections::BTreeSet, fs, path::Path};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The names of all functions below a folder of tests.
fn functions(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            functions(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let declared = text.split("fn ").skip(1).filter_map(|rest| rest.split_once("()"));
            names.extend(declared.map(|(name, _)| name.to_owned()));
        }
    }
}

#[test]
fn every_test_that_the_security_documents_name_exists() {
    let mut names = BTreeSet::new();
    functions(&Path::new(ROOT).join("tests"), &mut names);
    for document in ["SECURITY.md", "docs/asvs.md"] {
        let text = fs::read_to_string(Path::new(ROOT).join(document)).unwrap();
        // Only tables whose last column is headed so name tests.
        let tables =
            text.split("\n\n").filter(|block| block.lines().next().is_some_and(|head| head.ends_with("| tests |")));
        let cells = tables.flat_map(str::lines).filter_map(|row| row.trim_end_matches('|').rsplit('|').next());
        let named: Vec<_> = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
        assert!(named.len() > 15, "{document}: {named:?}");
        let missing: Vec<_> = named.iter().filter(|name| !names.contains(**name)).collect();
        assert!(missing.is_empty(), "{document}: {missing:?}");
    }
}

//! The documents: links resolve, the manual's index is complete, lines are short, and the data model matches the
//! schema.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use tempfile::TempDir;

use crate::support::{Binary, Server, on_sqlite, query_strings};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// Longest line of prose.
const WIDTH: usize = 120;
/// Longest README, in lines.
const README_LINES: usize = 150;
/// Longest example, in lines of code.
const EXAMPLE_LINES: usize = 40;

/// The Markdown files, relative to the root.
fn documents() -> Vec<PathBuf> {
    let folders = ["", "docs", "docs/decisions", "examples", "tests/fixtures"];
    let files = |folder: &str| fs::read_dir(Path::new(ROOT).join(folder)).unwrap();
    let paths = folders
        .iter()
        .flat_map(|folder| files(folder).map(move |entry| Path::new(folder).join(entry.unwrap().file_name())));
    let mut paths: Vec<_> = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    paths.sort();
    assert!(paths.len() > 25, "{paths:?}");
    paths
}

fn read(path: &Path) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// The lines outside code blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut in_code = false;
    text.lines().enumerate().filter(move |(_, line)| {
        let fence = line.trim_start().starts_with("```");
        in_code ^= fence;
        !in_code && !fence
    })
}

/// The targets of a document's links.
fn links(text: &str) -> Vec<String> {
    let inline = prose(text).flat_map(|(_, line)| line.split("](").skip(1));
    let inline = inline.filter_map(|rest| rest.split_once(')').map(|(target, _)| target.to_owned()));
    let defined = prose(text).filter(|(_, line)| line.starts_with('['));
    let defined = defined.filter_map(|(_, line)| line.split_once("]: ").map(|(_, target)| target.to_owned()));
    inline.chain(defined).collect()
}

/// The anchors of a document's headings, as GitHub makes them.
fn anchors(text: &str) -> BTreeSet<String> {
    let headings = prose(text).filter_map(|(_, line)| line.strip_prefix('#'));
    let anchor = |heading: &str| {
        let heading = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        heading.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
    };
    headings.map(anchor).collect()
}

/// A path without `..`, relative to the root.
fn normalized(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut normal, component| {
        if component == Component::ParentDir {
            normal.pop();
        } else {
            normal.push(component);
        }
        normal
    })
}

#[test]
fn every_relative_link_leads_to_a_file_and_a_heading_of_it() {
    for document in documents() {
        let text = read(&document);
        for link in links(&text).iter().filter(|link| !link.contains("://")) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target =
                if path.is_empty() { document.clone() } else { normalized(&document.parent().unwrap().join(path)) };
            assert!(Path::new(ROOT).join(&target).exists(), "{}: {link} does not resolve", document.display());
            if !anchor.is_empty() {
                let anchors = anchors(&read(&target));
                assert!(anchors.contains(anchor), "{}: {link} is not one of {anchors:?}", document.display());
            }
        }
    }
}

#[test]
fn every_page_is_in_its_index() {
    for (folder, index) in [("docs", "docs/README.md"), ("docs/decisions", "docs/decisions/README.md")] {
        let listed = links(&read(Path::new(index)));
        for page in documents().iter().filter(|page| page.parent() == Some(Path::new(folder))) {
            let name = page.file_name().unwrap().to_str().unwrap();
            assert!(name == "README.md" || listed.iter().any(|link| link == name), "{index} does not list {name}");
        }
    }
    let listed = links(&read(Path::new("examples/README.md")));
    for example in fs::read_dir(Path::new(ROOT).join("examples")).unwrap() {
        let name = example.unwrap().file_name().into_string().unwrap();
        let is_program = [".py", ".mjs"].iter().any(|ending| name.ends_with(ending));
        assert!(!is_program || listed.contains(&name), "examples/README.md does not list {name}");
    }
}

#[test]
fn lines_of_prose_are_short() {
    let mut long = Vec::new();
    for document in documents() {
        let text = read(&document);
        // A table row is one line, however long.
        for (number, line) in prose(&text).filter(|(_, line)| !line.trim_start().starts_with('|')) {
            let is_link = line.starts_with('[') && line.contains("]: ");
            if line.chars().count() > WIDTH && !is_link {
                long.push(format!("{}:{}", document.display(), number + 1));
            }
        }
    }
    assert!(long.is_empty(), "longer than {WIDTH} columns: {long:?}");
}

#[test]
fn the_readme_and_the_examples_are_short() {
    let lines = read(Path::new("README.md")).lines().count();
    assert!(lines <= README_LINES, "README.md has {lines} lines");
    for example in fs::read_dir(Path::new(ROOT).join("examples")).unwrap() {
        let path = example.unwrap().path();
        let Some(comment) = path
            .extension()
            .and_then(|ending| [("py", "#"), ("mjs", "//")].into_iter().find(|known| known.0 == ending))
        else {
            continue;
        };
        let text = fs::read_to_string(&path).unwrap();
        // A program's purpose stands above it.
        let code = text.rsplit_once("\"\"\"\nimport").map_or(&*text, |(_, code)| code);
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with(comment.1);
        let lines = code.lines().filter(is_code).count();
        assert!(lines <= EXAMPLE_LINES, "{} has {lines} lines of code", path.display());
    }
}

#[test]
fn blocks_to_paste_have_no_trailing_comments() {
    for document in documents() {
        let text = read(&document);
        for block in text.split("```sh\n").skip(1).map(|rest| rest.split_once("```").unwrap().0) {
            let commented = block.lines().find(|line| line.trim_start().starts_with('#') || line.contains(" # "));
            assert_eq!(commented, None, "{}", document.display());
        }
    }
}

/// The tables of the data model with their columns, in order.
fn described() -> BTreeMap<String, Vec<String>> {
    let text = read(Path::new("docs/data-model.md"));
    let sections = text.split("\n## ").skip(1);
    let columns = |section: &str| {
        let cells = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        cells.map(|(column, _)| column.to_owned()).collect()
    };
    sections.map(|section| (section.lines().next().unwrap().to_owned(), columns(section))).collect()
}

#[tokio::test]
async fn the_data_model_is_the_schema() {
    if !on_sqlite() {
        return;
    }
    let server = Server::start().await;
    let database = server.database().await;
    let mut found = BTreeMap::new();
    for (table, _) in described() {
        let columns = query_strings(&database, &format!("SELECT name FROM pragma_table_info('{table}')")).await;
        found.insert(table, columns);
    }
    let sorted = |tables: BTreeMap<String, Vec<String>>| {
        tables
            .into_iter()
            .map(|(table, columns)| (table, columns.into_iter().collect()))
            .collect::<BTreeMap<_, BTreeSet<_>>>()
    };
    assert_eq!(sorted(described()), sorted(found));
    let query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%migrations%' \
        AND name NOT LIKE 'search_text__%'";
    let tables: BTreeSet<_> = query_strings(&database, query).await.into_iter().collect();
    assert_eq!(described().into_keys().collect::<BTreeSet<_>>(), tables);
}

/// The options of a command, as its help lists them.
async fn options(command: &[&str]) -> BTreeSet<String> {
    let folder = TempDir::new().unwrap();
    let mut binary = Binary::bare(folder.path());
    binary.args(command).arg("--help");
    let help = String::from_utf8(Binary::output(binary).await.stdout).unwrap();
    let listed = help.lines().map(str::trim_start).filter(|line| line.starts_with('-'));
    let names = listed.filter_map(|line| line.split([' ', ',', '<', '=']).find(|word| word.starts_with("--")));
    names.filter(|name| !["--help", "--version"].contains(name)).map(str::to_owned).collect()
}

/// The options in the first column of a page's tables.
fn described_options(page: &str) -> BTreeSet<String> {
    let text = read(Path::new(page));
    let names = text.lines().filter_map(|line| line.strip_prefix("| `--")?.split(['`', ' ']).next());
    names.map(|name| format!("--{name}")).collect()
}

#[test]
fn the_table_of_operations_is_the_document_s() {
    let text = read(Path::new("docs/http-api.md"));
    let listed = text.lines().filter_map(|line| line.strip_prefix("| `")?.split_once("` | `"));
    let listed: BTreeSet<_> = listed
        .filter_map(|(operation, rest)| Some((operation.to_owned(), rest.split_once('`')?.0.to_owned())))
        .filter(|(_, request)| request.contains(" /"))
        .collect();
    let document: serde_json::Value = serde_json::from_str(&read(Path::new("openapi.json"))).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, methods)| {
        methods.as_object().unwrap().iter().map(move |(method, operation)| {
            let operation = operation["operationId"].as_str().unwrap().to_owned();
            (operation, format!("{} {path}", method.to_uppercase()))
        })
    });
    assert_eq!(listed, operations.collect());
}

#[tokio::test]
async fn the_tables_of_options_are_those_of_the_help() {
    assert_eq!(described_options("docs/settings.md"), options(&["serve"]).await);
    // The log format is a setting of the service.
    let mut simulate = options(&["simulate"]).await;
    simulate.remove("--log-format");
    assert_eq!(described_options("docs/simulate.md"), simulate);
}

#[test]
fn the_example_of_an_environment_has_every_variable_of_the_settings() {
    let settings = read(Path::new("docs/settings.md"));
    let rows = settings.lines().filter(|line| line.starts_with("| "));
    let named = rows.filter_map(|line| line.split('|').nth(2)?.trim().strip_prefix('`')?.strip_suffix('`'));
    let named: BTreeSet<_> = named.map(str::to_owned).collect();
    let example = read(Path::new(".env.example"));
    let variables = example.lines().filter_map(|line| line.trim_start_matches('#').split_once('='));
    let variables = variables.filter(|(name, _)| !name.contains(' ') && !name.starts_with("AWS_"));
    assert_eq!(variables.map(|(name, _)| name.to_owned()).collect::<BTreeSet<_>>(), named);
}

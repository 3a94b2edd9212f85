//! What is written about the metrics: all of it speaks of metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Service, exposition::Exposition};

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A scrape in which every metric has a series.
async fn exposed() -> Exposition {
    let service = Service::start().await;
    service.send(reqwest::Method::GET, "/nothing", json!({}), 404).await;
    service.scrape().await
}

/// What the table says of a metric: its type, and its labels with their values as far as they are listed.
type Row = (String, BTreeMap<String, BTreeSet<String>>);

/// The rows of the table of metrics.
fn table(document: &str) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in document.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let mut labels = BTreeMap::new();
        for label in cells[3].split("`, `").filter(|label| !label.is_empty()) {
            let (name, values) = label.split_once("` (").unwrap_or((label, ""));
            let values = values.trim_end_matches(')').split(", ").filter(|value| !value.is_empty());
            labels.insert(name.to_owned(), values.map(str::to_owned).collect());
        }
        assert!(rows.insert(cells[1].to_owned(), (cells[2].to_owned(), labels)).is_none(), "{line} comes twice");
    }
    rows
}

#[tokio::test]
async fn the_table_has_every_metric_with_its_type_and_labels() {
    let written = table(&read("docs/metrics.md"));
    let mut found = BTreeMap::new();
    for (name, mut family) in exposed().await.families {
        let listed =
            |label: &str| written.get(&name).and_then(|row| row.1.get(label)).is_some_and(|values| !values.is_empty());
        for (_, values) in family.labels.iter_mut().filter(|(label, _)| !listed(label)) {
            values.clear();
        }
        found.insert(name, (family.kind, family.labels));
    }
    assert_eq!(written, found);
}

#[tokio::test]
async fn every_name_that_is_written_is_a_metric() {
    let exposed = exposed().await;
    for file in ["docs/metrics.md", "docs/streaming.md"] {
        let text = read(file);
        let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
        let names: BTreeSet<_> =
            words.filter(|word| word.starts_with("callstore_") || word.starts_with("process_")).collect();
        assert!(!names.is_empty(), "{file} names no metric");
        for name in names {
            let base = ["_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
            let of_histogram =
                base.and_then(|base| exposed.families.get(base)).is_some_and(|family| family.kind == "histogram");
            let plain =
                exposed.families.get(name).is_some_and(|family| family.kind != "histogram" || file.ends_with(".md"));
            assert!(of_histogram || plain, "{file}: {name} is not a metric");
        }
    }
}

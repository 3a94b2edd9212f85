//! The documented metrics, the dashboard and the alerts refer only to metrics that exist.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Service, exposition::Exposition, promtool};
use crate::support::run_program;

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A scrape in which every metric has a series.
async fn exposed() -> Exposition {
    let service = Service::start().await;
    service.send(reqwest::Method::GET, "/nothing", json!({}), 404).await;
    service.scrape().await
}

/// The documentation of a metric: its type, and its labels with the listed values.
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
        assert!(rows.insert(cells[1].to_owned(), (cells[2].to_owned(), labels)).is_none(), "{line} is listed twice");
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
    for file in ["docs/metrics.md", "docs/streaming.md", "docs/grafana/callstore.json", "docs/grafana/alerts.yml"] {
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

#[tokio::test]
async fn prometheus_understands_the_alerts() {
    let file = format!("{}/../docs/grafana/alerts.yml", env!("CARGO_MANIFEST_DIR"));
    run_program(&promtool(), &["check", "rules", &file]).await;
}

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(&read("docs/grafana/callstore.json")).unwrap();
    dashboard["panels"].as_array().unwrap().clone()
}

#[tokio::test]
async fn prometheus_understands_the_queries_of_the_dashboard() {
    let mut rules = Vec::new();
    for panel in panels() {
        for target in panel["targets"].as_array().into_iter().flatten() {
            let query = target["expr"].as_str().unwrap();
            assert!(
                query.contains("{instance=~\"$instance\"") || query.contains(",instance=~\"$instance\""),
                "{query}"
            );
            let query = query.replace("$__rate_interval", "5m");
            rules.push(json!({ "record": format!("panel:{}:{}", panel["id"], target["refId"].as_str().unwrap()), "expr": query }));
        }
    }
    assert!(rules.len() > 20);
    // JSON is valid YAML.
    let file = tempfile::NamedTempFile::new().unwrap();
    serde_json::to_writer(&file, &json!({ "groups": [{ "name": "dashboard", "rules": rules }] })).unwrap();
    run_program(&promtool(), &["check", "rules", file.path().to_str().unwrap()]).await;
}

#[test]
fn every_panel_has_its_place_and_says_what_it_is_for() {
    let panels = panels();
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len(), "panels share an id");
    let mut taken = BTreeMap::new();
    for panel in &panels {
        let place = |name: &str| panel["gridPos"][name].as_u64().unwrap();
        let title = panel["title"].as_str().unwrap();
        assert!(place("x") + place("w") <= 24, "{title} extends beyond the grid");
        for x in place("x")..place("x") + place("w") {
            for y in place("y")..place("y") + place("h") {
                assert_eq!(taken.insert((x, y), title), None, "{title} overlaps another panel");
            }
        }
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"], json!({ "type": "prometheus", "uid": "${datasource}" }), "{title}");
            assert!(
                panel["description"].as_str().is_some_and(|text| text.ends_with('.')),
                "{title} has no description"
            );
            assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title} has no unit");
        }
    }
}

//! A strict parser of Prometheus' text format: every family must be described once, and no series may appear twice.

use std::collections::{BTreeMap, BTreeSet};

/// A parsed scrape.
pub(crate) struct Exposition {
    pub families: BTreeMap<String, Family>,
    series: BTreeMap<String, f64>,
}

/// The series of one name.
#[derive(Default)]
pub(crate) struct Family {
    pub kind: String,
    pub labels: BTreeMap<String, BTreeSet<String>>,
}

impl Exposition {
    /// Parses a scrape; fails if it is malformed.
    pub(crate) fn parse(text: &str) -> Self {
        let (mut families, mut series) = (BTreeMap::<String, Family>::new(), BTreeMap::new());
        let (mut helped, mut current) = ("", "");
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap();
                assert!(help.ends_with('.') || name == "callstore_build_info", "{line}");
                helped = name;
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert_eq!(helped, name, "a metric without HELP");
                let family = Family { kind: kind.to_owned(), ..Family::default() };
                assert!(families.insert(name.to_owned(), family).is_none(), "{name} appears twice");
                current = name;
            } else {
                let (key, value) = line.rsplit_once(' ').unwrap();
                let (name, labels) = key.split_once('{').unwrap_or((key, ""));
                let family = families.get_mut(current).expect("a metric without TYPE");
                let suffixes: &[&str] = if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
                let suffix = name.strip_prefix(current).unwrap_or_else(|| panic!("{line} is among {current}"));
                assert!(suffixes.contains(&suffix), "{line} is among the {} {current}", family.kind);
                let labels = labels.trim_end_matches('}').split(',').filter_map(|label| label.split_once('='));
                for (label, value) in labels.filter(|(label, _)| *label != "le") {
                    family.labels.entry(label.to_owned()).or_default().insert(value.trim_matches('"').to_owned());
                }
                assert!(series.insert(key.to_owned(), value.parse().unwrap()).is_none(), "{key} appears twice");
            }
        }
        for (name, family) in &families {
            let has_series = series.keys().any(|key| key.starts_with(name.as_str()));
            assert!(has_series, "{name} has no series");
            assert_ne!(family.kind, "summary", "{name} has no buckets");
        }
        Self { families, series }
    }

    /// The value of a series, by its name and labels as written.
    #[track_caller]
    pub(crate) fn value(&self, series: &str) -> f64 {
        *self.series.get(series).unwrap_or_else(|| panic!("no {series} among {:#?}", self.series.keys()))
    }
}

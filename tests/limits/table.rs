//! docs/limits.md lists every limit of the code with its value, and no other.

use std::collections::BTreeMap;

/// The units that follow a number, and their values.
const UNITS: [(&str, f64); 6] =
    [("", 1.0), ("KiB", 1024.0), ("MiB", 1_048_576.0), ("ms", 0.001), ("s", 1.0), ("min", 60.0)];

fn read(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The constants of a file by name, as bytes, seconds, or numbers.
fn constants(source: &str) -> BTreeMap<String, f64> {
    let mut found = BTreeMap::<String, f64>::new();
    let constants = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub")?.trim_start_matches("(crate)").strip_prefix(" const "));
    for line in constants {
        let (name, rest) = line.split_once(": ").unwrap();
        let expression = rest.split_once(" = ").unwrap().1.trim_end_matches(';');
        let expression = expression.replace("Duration::from_secs(", "").replace([')', '_'], "");
        let known =
            |factor: &str| found.iter().find(|(name, _)| name.replace('_', "") == factor).map(|(_, value)| *value);
        let value =
            expression.split(" * ").map(|factor| factor.parse().ok().or_else(|| known(factor)).unwrap()).product();
        found.insert(name.to_owned(), value);
    }
    found
}

/// The rows of the table: the value, and the constant or the library that sets it.
pub(super) fn rows() -> Vec<(f64, String)> {
    let document = read("docs/limits.md");
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = document.lines().filter(|line| line.starts_with("| ")).map(cells).filter(|cells| !cells[3].is_empty());
    let value = |text: &str| {
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let unit = UNITS.iter().find(|(name, _)| *name == unit).unwrap_or_else(|| panic!("{text} has an unknown unit"));
        number.replace(',', "").parse::<f64>().unwrap() * unit.1
    };
    // The first two are the table's header.
    rows.skip(2).map(|cells| (value(&cells[2]), cells[3].clone())).collect()
}

#[test]
fn the_table_has_the_limits_of_the_code() {
    let mut code = constants(&read("service/src/limits.rs"));
    code.extend(constants(&read("api/src/limits.rs")));
    assert!(code.len() > 30, "{code:?}");
    let mut written = BTreeMap::new();
    for (value, name) in rows().into_iter().filter(|(_, name)| !["actix-http", "serde_json"].contains(&name.as_str())) {
        let name = name.trim_matches('`').to_owned();
        assert_eq!(written.insert(name.clone(), value), None, "{name} is listed twice");
    }
    assert_eq!(written, code);
}

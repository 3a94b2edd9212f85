//! The files for deployment: compose, the systemd unit, and the bill of materials.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
/// The worst allowed exposure of the unit, in tenths, as `systemd-analyze security` rates it.
const EXPOSURE: &str = "15";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(path)).unwrap()
}

/// A program's output; `None` where it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    Command::new(program).args(arguments).current_dir(ROOT).output().ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn compose_has_no_default_passwords_and_hardened_containers() {
    let compose = read("docker-compose.yml");
    for secret in ["POSTGRES_PASSWORD", "S3_ACCESS_KEY", "S3_SECRET_KEY"] {
        for used in compose.split(&format!("${{{secret}")).skip(1) {
            assert!(used.starts_with(":-}"), "{secret} has a default: {}", &used[..20]);
        }
    }
    let hardened = compose.split("x-hardened:").nth(1).unwrap().split("\n\n").next().unwrap();
    for line in ["read_only: true", "cap_drop: [ALL]", "no-new-privileges:true", "mem_limit:", "pids_limit:"] {
        assert!(hardened.contains(line), "{line}");
    }
    let images = compose.matches("    image: ").count();
    assert_eq!(compose.matches("<<: *hardened").count(), images + 1, "each image, and the service's own");
}

#[test]
fn the_unit_is_valid_and_hardened() {
    let unit = Path::new(ROOT).join("deploy/callstore.service");
    for setting in ["NoNewPrivileges=yes", "ProtectSystem=strict", "CapabilityBoundingSet=\n", "UMask=0077"] {
        assert!(read("deploy/callstore.service").contains(setting), "{setting}");
    }
    let (unit, threshold) = (unit.to_str().unwrap(), format!("--threshold={EXPOSURE}"));
    let Some(rated) = run("systemd-analyze", &["security", "--offline=true", &threshold, unit]) else { return };
    assert!(rated.status.success(), "{}", text(&rated.stdout));
    let verified = run("systemd-analyze", &["verify", unit]).unwrap();
    let said = text(&verified.stderr);
    let wrong: Vec<_> = said.lines().filter(|line| !line.contains("/usr/local/bin/callstore is not")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn the_bill_of_materials_names_every_crate_and_the_browser_assets() {
    let Some(printed) = run("python3", &["scripts/sbom.py"]) else { return };
    assert!(printed.status.success(), "{}", text(&printed.stderr));
    let bill: Value = serde_json::from_slice(&printed.stdout).unwrap();
    assert_eq!((&bill["bomFormat"], &bill["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
    assert!(bill["serialNumber"].as_str().unwrap().starts_with("urn:uuid:"));
    let components = bill["components"].as_array().unwrap();
    let mut refs = BTreeSet::from([bill["metadata"]["component"]["bom-ref"].as_str().unwrap()]);
    for component in components {
        assert!(["type", "name", "version", "purl"].iter().all(|field| component[field].is_string()), "{component}");
        assert!(!component["licenses"].as_array().unwrap().is_empty(), "{component}");
        assert!(refs.insert(component["bom-ref"].as_str().unwrap()), "twice: {component}");
    }
    for dependency in bill["dependencies"].as_array().unwrap() {
        let to = dependency["dependsOn"].as_array().unwrap().iter().chain([&dependency["ref"]]);
        assert!(to.map(|to| to.as_str().unwrap()).all(|to| refs.contains(to)), "{dependency}");
    }
    let has = |name: &str| components.iter().any(|component| component["name"] == name);
    assert!(
        ["actix-web", "sea-orm", "libsqlite3-sys", "swagger-ui-dist", "lit-html", "@picocss/pico"]
            .iter()
            .all(|name| has(name))
    );
    assert!(!["proptest", "tempfile", "fantoccini"].iter().any(|name| has(name)), "crates of tests alone");
}

#[test]
fn images_are_pinned_by_a_script() {
    let folder = TempDir::new().unwrap();
    let stand_in = folder.path().join("skopeo");
    let digest = format!("sha256:{}", "5".repeat(64));
    fs::write(&stand_in, format!("#!/bin/sh\necho {digest}\n")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(&stand_in, mode).unwrap();
    let copies: Vec<PathBuf> = ["docker-compose.yml", "Dockerfile"]
        .into_iter()
        .map(|name| {
            let copy = folder.path().join(name);
            fs::copy(Path::new(ROOT).join(name), &copy).unwrap();
            copy
        })
        .collect();
    #[expect(clippy::disallowed_methods, reason = "the script needs the other programs")]
    let path = format!("{}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    for _ in 0..2 {
        let pinned =
            Command::new(Path::new(ROOT).join("scripts/pin-images.sh")).args(&copies).env("PATH", &path).output();
        let pinned = pinned.unwrap();
        assert!(pinned.status.success(), "{}", text(&pinned.stderr));
    }
    let pinned: Vec<_> = copies.iter().map(|copy| fs::read_to_string(copy).unwrap()).collect();
    assert!(pinned[0].contains(&format!("image: postgres:17@{digest}\n")), "{}", pinned[0]);
    assert!(pinned[0].contains("image: callstore:0.1.0\n"));
    assert!(pinned[1].contains(&format!("FROM rust:1.95.0-slim-bookworm@{digest} AS build\n")), "{}", pinned[1]);
}

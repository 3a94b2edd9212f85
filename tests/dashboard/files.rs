//! The files of the dashboard: small, pinned, short, and served so that browsers ask whether they are current.

use std::{
    fs,
    path::{Path, PathBuf},
};

use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Answer, Server};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dashboard");
/// What all files may have together when they are compressed, in bytes.
const SIZE: usize = 120 * 1024;
/// The longest script or style, in lines.
const LINES: usize = 300;

/// All files of the folder but those for contributors, as paths below it.
fn files() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(FOLDER)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(path.strip_prefix(FOLDER).unwrap().to_str().unwrap().to_owned()),
            }
        }
    }
    found.retain(|name| Path::new(name).extension().is_none_or(|ending| ending != "md"));
    found.sort();
    found
}

/// The files that are ours.
fn own() -> Vec<(String, String)> {
    let own = files().into_iter().filter(|name| !name.starts_with("vendor/"));
    own.map(|name| (name.clone(), fs::read_to_string(Path::new(FOLDER).join(name)).unwrap())).collect()
}

async fn fetch(server: &Server, name: &str, header: &str, value: &str) -> Answer {
    let request = server.request(Method::GET, &format!("/dashboard/{name}")).header(header, value);
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn all_files_together_are_small() {
    let server = Server::start().await;
    let mut size = 0;
    for name in files().iter().filter(|name| !name.ends_with("LICENSE") && !name.ends_with(".json")) {
        let file = fetch(&server, name, "accept-encoding", "gzip").await.expect(200);
        assert_eq!(file.header("content-encoding"), "gzip", "{name}");
        size += file.bytes.len();
    }
    assert!((50_000..SIZE).contains(&size), "{size} bytes");
}

#[tokio::test]
async fn each_file_is_served_as_what_it_is_and_again_only_if_it_changed() {
    let server = Server::start().await;
    for name in files() {
        let file = fetch(&server, &name, "accept-encoding", "identity").await.expect(200);
        assert_eq!(file.bytes, fs::read(Path::new(FOLDER).join(&name)).unwrap(), "{name}");
        let kind = match Path::new(&name).extension().and_then(|ending| ending.to_str()) {
            Some("html") => "text/html; charset=utf-8",
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        };
        assert_eq!(file.header("content-type"), kind, "{name}");
        let same = fetch(&server, &name, "if-none-match", file.header("etag")).await.expect(304);
        assert!(same.bytes.is_empty());
        fetch(&server, &name, "if-none-match", "W/\"0\"").await.expect(200);
    }
    let index = server.get("/dashboard/").await.expect(200);
    assert_eq!(index.bytes, server.get("/dashboard/index.html").await.expect(200).bytes);
    for name in ["README.md", "nothing.js", "../Cargo.toml", "%2e%2e/Cargo.toml", "..%2fCargo.toml", "calls", "calls/"]
    {
        server.get(&format!("/dashboard/{name}")).await.expect_problem(404, "not_found");
    }
}

#[tokio::test]
async fn its_policy_allows_media_of_other_hosts_only_where_downloads_are_redirected() {
    for (arguments, media) in [(&[][..], "media-src 'self' blob:;"), (&["--media-redirect"][..], "blob: http: https:;")]
    {
        let page = Server::start_with(arguments).await.get("/dashboard/").await.expect(200);
        let policy = page.header("content-security-policy");
        assert!(policy.contains(media) && policy.contains("connect-src 'self';"), "{policy}");
        assert!(policy.contains("require-trusted-types-for 'script'") && !policy.contains("unsafe"), "{policy}");
    }
}

#[tokio::test]
async fn its_files_need_no_key_and_its_data_do() {
    let server = Server::keyed().await;
    for (path, status) in [("/dashboard/", 200), ("/dashboard/app.js", 200), ("/calls", 401), ("/search?q=a", 401)] {
        let request = reqwest::Client::builder().no_proxy().build().unwrap().get(server.url(path));
        assert_eq!(request.send().await.unwrap().status(), status, "{path}");
    }
}

#[test]
fn libraries_are_those_of_the_registry_with_their_licences() {
    let vendor = Path::new(FOLDER).join("vendor");
    let list: Value = serde_json::from_slice(&fs::read(vendor.join("vendor.json")).unwrap()).unwrap();
    let mut listed = vec!["vendor/vendor.json".to_owned()];
    for library in list.as_array().unwrap() {
        let folder = library["folder"].as_str().unwrap();
        assert!(library["integrity"].as_str().unwrap().starts_with("sha512-"), "{folder}");
        let files = library["files"].as_object().unwrap();
        assert!(files.contains_key("LICENSE"), "{folder}");
        for (name, hash) in files {
            let bytes = fs::read(vendor.join(folder).join(name)).unwrap();
            let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(hash, &found, "{folder}/{name}");
            listed.push(format!("vendor/{folder}/{name}"));
        }
    }
    listed.sort();
    let vendored: Vec<_> = files().into_iter().filter(|name| name.starts_with("vendor/")).collect();
    assert_eq!(listed, vendored);
}

#[test]
fn own_files_are_short_and_keep_to_the_policy() {
    let own = own();
    assert!(own.len() > 15, "{}", own.len());
    for (name, text) in own {
        let lines = text.lines().count();
        // A style sheet is a list.
        assert!(lines <= LINES || name.ends_with(".css"), "{name} has {lines} lines");
        assert!(!name.ends_with(".js") || text.starts_with("// "), "{name} does not open with a sentence");
        for forbidden in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "unsafeHTML",
            " style=",
            "<style",
            "eval(",
            "document.write",
        ] {
            assert!(!text.contains(forbidden), "{name}: {forbidden}");
        }
        let others: Vec<_> =
            text.split("http").skip(1).filter(|rest| rest.starts_with("://") || rest.starts_with("s://")).collect();
        let elsewhere =
            others.iter().filter(|rest| !rest.contains("example.com") && !rest.starts_with("://www.w3.org/"));
        assert_eq!(elsewhere.count(), 0, "{name}: {others:?}");
    }
}

//! The lookup of a path: matchit, which the service uses, and the router of actix.

use std::hint::black_box;

use crate::time;

const PATHS: [&str; 5] = [
    "/calls/MZ0123456789abcdef0123456789abcdef/chunks",
    "/calls/MZ0123456789abcdef0123456789abcdef/transcripts/batch",
    "/calls/MZ0123456789abcdef0123456789abcdef",
    "/calls",
    "/wp-admin/setup.php",
];
const LOOKUPS: usize = 1_000_000;

pub fn compare() {
    let patterns: Vec<&str> = include_str!("patterns.txt").lines().collect();
    let mut matchit = matchit::Router::new();
    let mut actix = actix_router::Router::<usize>::build();
    for (index, pattern) in patterns.iter().enumerate() {
        matchit.insert(pattern.replace("{file:.*}", "{*file}"), index).unwrap();
        actix.path(*pattern, index);
    }
    let actix = actix.finish();
    for path in PATHS {
        time(&format!("{path}, matchit"), LOOKUPS, || {
            for _ in 0..LOOKUPS {
                black_box(matchit.at(black_box(path)).ok().map(|found| *found.value));
            }
        });
        time(&format!("{path}, actix-router"), LOOKUPS / 10, || {
            for _ in 0..LOOKUPS / 10 {
                let mut path = actix_router::Path::new(black_box(path));
                black_box(actix.recognize(&mut path).map(|(index, _)| *index));
            }
        });
    }
}

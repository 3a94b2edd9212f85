//! Queries that are meant to break something: each is answered, and means what its words mean.

use super::{call_with, search};
use crate::support::Server;

/// Pieces of which queries are made.
const PIECES: [&str; 40] = [
    "\"",
    "'",
    "-",
    "*",
    "(",
    ")",
    ":",
    "^",
    "+",
    "\\",
    ";",
    "--",
    "/*",
    "%",
    "_",
    "{",
    "}",
    "&",
    "|",
    "!",
    "<->",
    "AND",
    "OR",
    "NOT",
    "NEAR(a b, 2)",
    "search_text:",
    "rank",
    "'); DROP TABLE call; --",
    "' OR 1=1",
    "\u{202e}",
    "\u{200d}",
    "\u{1f600}",
    "\u{1f1e9}\u{1f1ea}",
    "مرحبا",
    "שלום",
    "e\u{301}\u{301}\u{301}",
    "\u{10ffff}",
    "ﷺ",
    "refund",
    " ",
];

/// So many queries, the same each time, of at most 500 characters.
fn queries(count: usize) -> impl Iterator<Item = String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    (0..count).map(move |_| {
        let pieces = 1 + next(60);
        let query: String = (0..pieces).map(|_| PIECES[next(PIECES.len())]).collect();
        query.chars().take(500).collect()
    })
}

#[tokio::test]
async fn hostile_queries_are_answered() {
    let server = Server::start().await;
    call_with(&server, "MZ1", 0, &["a refund, please", "rank and near", "OR NOT", "مرحبا"]).await;
    #[expect(clippy::disallowed_methods, reason = "a run by hand asks more")]
    let count = std::env::var("CALLSTORE_TEST_QUERIES").ok().and_then(|count| count.parse().ok()).unwrap_or(150);
    let mut slowest = (std::time::Duration::ZERO, String::new());
    for query in queries(count) {
        let began = std::time::Instant::now();
        search(&server, &query, "").await;
        if began.elapsed() > slowest.0 {
            slowest = (began.elapsed(), query.clone());
        }
        let q: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
        server.get(&format!("/calls?total=true&q={q}")).await.expect(200);
    }
    println!("{count} queries, the slowest in {:?}: {}", slowest.0, slowest.1);
    // NUL is refused in every parameter.
    server.get("/search?q=a%00b").await.expect_problem(422, "validation_failed");
    server.get("/search?q=%ff").await.expect_problem(422, "validation_failed");
    assert_eq!(search(&server, "refund", "").await["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn long_queries_are_answered() {
    let server = Server::start().await;
    call_with(&server, "MZ1", 0, &["a refund"]).await;
    for query in ["a ".repeat(250), "-a ".repeat(166), "\"a\"".repeat(166), "*".repeat(500), "a*".repeat(250)] {
        search(&server, &query, "").await;
    }
    let different: String = (0..80).map(|number| format!("{number:03} ")).collect();
    search(&server, &different, "").await;
    search(&server, &format!("a {}", different.replace(' ', " -").trim_end_matches('-')), "&limit=1").await;
}

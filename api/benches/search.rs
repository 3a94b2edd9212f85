//! Measures `GET /search` over HTTP: a rare word, a word in 1 % of the transcripts, a phrase and a prefix, each with
//! and without filters, the first page and a page at depth by cursor. Beside it, the same question to the table by
//! LIKE, and to FTS5 without a service.
//!
//! `cargo bench -p api --bench search [-- CALLS]`, with ten transcripts a call. With `CALLSTORE_TEST_POSTGRES`, which
//! `scripts/with_postgres.sh --durable` sets, on PostgreSQL. A folder in `CALLSTORE_BENCH_DATA` keeps the database of
//! SQLite, and one that is there is measured as it is.
#![expect(clippy::as_conversions, reason = "numbers are small, and samples are cut")]
#![expect(clippy::unwrap_used, reason = "a benchmark that cannot go on should say where")]
#![expect(clippy::disallowed_methods, reason = "a variable is a setting of the benchmark")]

#[path = "support/serve.rs"]
mod serve;

use std::{process::Command, time::Instant};

use migration::{Migrator, MigratorTrait};
use reqwest::Client;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use service::Database;

use serve::{client, serve};

/// Requests per figure.
const REQUESTS: usize = 300;
/// Words in all, of which the nth is said with a frequency of 1/n; and words of a sentence.
const WORDS: usize = 50_000;
const SENTENCE: usize = 9;
/// Transcripts of a call.
const SAID: u64 = 10;
/// Rows of one statement, and statements of one transaction.
const ROWS: usize = 250;
const STATEMENTS: usize = 40;
/// The start of the first call; each begins a second after the one before.
const FIRST_START: u64 = 1_700_000_000_000;

#[tokio::main]
async fn main() {
    let calls: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000);
    let temporary = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("CALLSTORE_BENCH_DATA").map(std::path::PathBuf::from);
    let folder = kept.as_deref().unwrap_or(temporary.path());
    let url = match std::env::var("CALLSTORE_TEST_POSTGRES") {
        Ok(server) => {
            let create = ["-qc", "CREATE DATABASE calls", &format!("{server}/postgres")];
            assert!(Command::new("psql").args(create).status().unwrap().success(), "psql makes a database");
            format!("{server}/calls")
        }
        Err(_) => format!("sqlite://{}", folder.join("callstore.db").display()),
    };
    let begun = Instant::now();
    let is_there = folder.join("callstore.db").exists();
    let database = Database::open(&url.parse().unwrap()).await.unwrap();
    Migrator::up(database.writer(), None).await.unwrap();
    if !is_there {
        seed(&database, calls).await;
    }
    println!("{calls} calls with {} transcripts stored in {:.0} s", calls * SAID, begun.elapsed().as_secs_f64());

    let address = serve(&url, &folder.join("recordings"));
    let (client, base) = (client(), format!("http://{address}"));
    let queries = [
        ("rare word", word(40_000)),
        ("word in 1 %", word(78)),
        ("most frequent word", word(0)),
        ("phrase", format!("\"{} {}\"", word(5), word(9))),
        ("prefix of 2 letters", format!("{}*", &word(300)[..2])),
        ("prefix of 4 letters", format!("{}*", &word(2_000)[..4])),
        ("two words", format!("{} {}", word(30), word(60))),
    ];
    let filters = [
        ("", ""),
        ("one of 100 agents", "&agent=agent-7"),
        ("one of 10,000 callers", "&caller=%2B14155500042"),
        ("a day, 3 weeks ago", "&startedBefore=2023-11-17T00:00:00Z&startedAfter=2023-11-16T00:00:00Z"),
    ];
    println!("{:<22} {:<24} {:>8} {:>8} {:>8} {:>8}  ms", "GET /search", "filter", "p50", "p99", "deep p50", "p99");
    for (name, query) in &queries {
        for (filter, parameters) in filters {
            let q: String = form_urlencoded::byte_serialize(query.as_bytes()).collect();
            let path = format!("{base}/search?q={q}{parameters}");
            let first = measure(&client, &path, REQUESTS).await;
            let deep = match cursor_at(&client, &path, 20).await {
                Some(cursor) => measure(&client, &format!("{path}&cursor={cursor}"), REQUESTS).await,
                None => (f64::NAN, f64::NAN),
            };
            println!("{name:<22} {filter:<24} {:>8.2} {:>8.2} {:>8.2} {:>8.2}", first.0, first.1, deep.0, deep.1);
        }
    }
    for path in ["/calls", "/calls?agent=agent-7"] {
        let taken = measure(&client, &format!("{base}{path}"), REQUESTS).await;
        println!("{path:<47} {:>8.2} {:>8.2}", taken.0, taken.1);
    }
    for (name, query) in &queries[..2] {
        let taken = measure(&client, &format!("{base}/calls?q={query}"), 50).await;
        println!("{:<47} {:>8.2} {:>8.2}", format!("/calls?q= {name}"), taken.0, taken.1);
    }
    if url.starts_with("sqlite") {
        beside(&database, &word(78)).await;
    }
    std::process::exit(0);
}

/// The same question without the service.
async fn beside(database: &Database, word: &str) {
    let like = format!("SELECT id FROM transcript WHERE text LIKE '%{word}%' ORDER BY id DESC LIMIT 50");
    let rare = self::word(40_000);
    let rarely = format!("SELECT id FROM transcript WHERE text LIKE '%{rare}%' ORDER BY id DESC LIMIT 50");
    let fts =
        format!("SELECT rowid FROM search_text WHERE search_text MATCH '\"{word}\"' ORDER BY rowid DESC LIMIT 50");
    for (name, sql) in [("LIKE, word in 1 %", like), ("LIKE, rare word", rarely), ("FTS5, word in 1 %", fts)] {
        let begun = Instant::now();
        let connection = database.writer();
        connection.query_all_raw(Statement::from_string(connection.get_database_backend(), sql)).await.unwrap();
        println!("{name:<47} {:>8.2}", begun.elapsed().as_secs_f64() * 1e3);
    }
}

/// The nth word: syllables, so that the first letters say little about the frequency.
fn word(mut number: usize) -> String {
    let (consonants, vowels) = (b"bcdfghjklmnprstvwz", b"aeiou");
    let mut word = String::new();
    number += 90;
    while number > 0 {
        word.push(char::from(consonants[number % 18]));
        word.push(char::from(vowels[number / 18 % 5]));
        number /= 90;
    }
    word
}

/// Stores calls with 10,000 callers and 100 agents, and their transcripts, as the service would store them.
async fn seed(database: &Database, calls: u64) {
    let connection = database.writer();
    let is_sqlite = connection.get_database_backend() == sea_orm::DatabaseBackend::Sqlite;
    let id = |kind: u64, number: u64| {
        let start = FIRST_START + number * 1_000;
        format!("{start:012x}7{:03x}8{:015x}", kind, number)
    };
    let literal = |hex: &str| if is_sqlite { format!("x'{hex}'") } else { format!("'{hex}'::uuid") };
    let words: Vec<String> = (0..WORDS).map(word).collect();
    let mut sums = Vec::with_capacity(WORDS);
    words.iter().enumerate().fold(0.0, |sum, (rank, _)| {
        sums.push(sum + 1.0 / (rank + 1) as f64);
        sums[rank]
    });
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let mut sentence = || {
        let words: Vec<&str> = (0..SENTENCE)
            .map(|_| {
                let at = random() * sums[WORDS - 1];
                &*words[sums.partition_point(|sum| *sum < at).min(WORDS - 1)]
            })
            .collect();
        words.join(" ")
    };
    let (mut rows, mut statements) = ([const { Vec::new() }; 3], Vec::new());
    for number in 0..calls {
        let (start, call) = (FIRST_START + number * 1_000, literal(&id(0, number)));
        rows[0].push(format!(
            "({call}, 'MZ{number}', '+141555{:05}', 'agent-{}', 'inbound', 'mulaw', 8000, {start}, {start}, 0, \
             'completed', 'api', {start}, {start})",
            number % 10_000,
            number % 100
        ));
        for place in 0..SAID {
            let (transcript, text) = (literal(&id(place + 1, number)), sentence());
            rows[1].push(format!("({transcript}, {call}, 'caller', '{text}', {place}, {start}, 0)"));
            rows[2].push(format!(
                "({}, {transcript}, {call}, '{text}')",
                (start << 21) + if is_sqlite { place } else { 0 }
            ));
        }
        if rows[0].len() == ROWS || number + 1 == calls {
            for (at, columns) in [
                (
                    0,
                    "call (id, stream_sid, caller, agent, direction, encoding, sample_rate, start_time, end_time, \
                     duration_ms, status, end_reason, created_at, updated_at)",
                ),
                (1, "transcript (id, call_id, speaker, text, start_time, created_at, kind)"),
                (2, "search_entry (place, transcript_id, call_id, text)"),
            ] {
                statements.push(format!("INSERT INTO {columns} VALUES {}", rows[at].join(", ")));
                rows[at].clear();
            }
        }
        if statements.len() >= STATEMENTS || number + 1 == calls {
            let script = format!("BEGIN; {}; COMMIT", statements.join("; "));
            connection.execute_unprepared(&script).await.unwrap();
            statements.clear();
        }
    }
    connection.execute_unprepared(if is_sqlite { "PRAGMA wal_checkpoint" } else { "VACUUM ANALYZE" }).await.unwrap();
}

async fn ask(client: &Client, url: &str) -> String {
    let response = client.get(url).send().await.unwrap();
    assert_eq!(response.status(), 200, "{url}");
    response.text().await.unwrap()
}

/// The cursor after so many pages, or after as many as there are.
async fn cursor_at(client: &Client, path: &str, pages: usize) -> Option<String> {
    let mut cursor = None;
    for _ in 0..pages {
        let after = cursor.as_ref().map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        let page: Value = serde_json::from_str(&ask(client, &format!("{path}&limit=500{after}")).await).unwrap();
        let Some(next) = page["page"]["nextCursor"].as_str() else { break };
        cursor = Some(next.to_owned());
    }
    cursor
}

/// The median and the 99th percentile of requests, in milliseconds.
async fn measure(client: &Client, url: &str, times: usize) -> (f64, f64) {
    let mut taken = Vec::new();
    for _ in 0..times {
        let begun = Instant::now();
        ask(client, url).await;
        taken.push(begun.elapsed().as_secs_f64() * 1e3);
    }
    taken.sort_by(f64::total_cmp);
    let at = |share: f64| taken[((taken.len() - 1) as f64 * share) as usize];
    (at(0.5), at(0.99))
}

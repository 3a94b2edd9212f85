//! A million calls over a year, with metadata, recordings and computed analytics: statistics, each filter of lists
//! alone and with others, and filters that no call matches.

use std::time::{Duration, Instant};

use migration::{Migrator, MigratorTrait};
use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};
use service::Database;

use crate::{Side, measure};

const STATISTICS: [&str; 9] = [
    "interval=day",
    "interval=day&timeZone=Europe/Berlin",
    "interval=week&timeZone=Asia/Kathmandu",
    "interval=hour&from=2025-06-01&to=2025-07-01",
    "interval=day&groupBy=status",
    "interval=month&groupBy=agent",
    "interval=day&agent=agent-7&language=de",
    "interval=day&caller=%2B14155500042",
    "interval=month&hasRecording=false",
];
const LISTS: [&str; 22] = [
    "",
    "?callerPrefix=%2B1415550004",
    "?callerPrefix=%2B1",
    "?endReason=api",
    "?endReason=idle_timeout",
    "?endReason=idle_timeout&endReason=max_duration",
    "?language=fr",
    "?language=de&sort=duration",
    "?region=r7",
    "?deviceType=landline",
    "?hasRecording=true",
    "?hasRecording=false",
    "?minTalkTime=60",
    "?minTalkTime=3590",
    "?maxResponseLatency=0.001",
    "?status=active&status=failed",
    "?agent=agent-1&agent=agent-2&agent=agent-3",
    "?status=completed&language=fr&agent=agent-0",
    "?customData.tier=3",
    "?customData.order.id=A-999000",
    "?include=recordings,metadata,computed",
    "?callerPrefix=%2B1&language=fr&hasRecording=false",
];
const RARE: [&str; 4] =
    ["?customData.order.id=none", "?customData.order.id=none&agent=agent-7", "?region=none", "?callerPrefix=none"];

/// Measures on a database in a folder.
pub(crate) async fn run(url: &str, calls: u64, folder: &std::path::Path) {
    let begun = Instant::now();
    seed(url, calls).await;
    println!("{calls} calls of a year stored in {:.1} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let side = [Side::start("SQLite", url, folder)];
    let database = sea_orm::Database::connect(url).await.unwrap();
    // Before the slots are built, from the rows.
    ask(&side, "/stats/calls?from=2025-01-01&to=2026-01-01", 1).await;
    while count(&database, "stats_mark").await > 0 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    println!("slots built in {:.1} s", begun.elapsed().as_secs_f64());
    for query in STATISTICS {
        let range = if query.contains("from=") { "" } else { "&from=2025-01-01&to=2026-01-01" };
        ask(&side, &format!("/stats/calls?{query}{range}"), 50).await;
    }
    for query in LISTS {
        measure(&side, query, 300).await;
        // At depth: after nine tenths of the year.
        let more = if query.is_empty() { "?" } else { "&" };
        measure(&side, &format!("{query}{more}startedBefore=2025-02-06"), 100).await;
    }
    for query in RARE {
        measure(&side, query, 5).await;
    }
}

/// Asks for another path than that of the list.
async fn ask(side: &[Side], path: &str, times: usize) {
    let side = Side { name: side[0].name, base: side[0].base.replace("/calls", path), client: side[0].client.clone() };
    print!("{path}: ");
    measure(&[side], "", times).await;
}

async fn count(database: &DatabaseConnection, table: &str) -> i64 {
    let count = Statement::from_string(database.get_database_backend(), format!("SELECT COUNT(*) AS n FROM {table}"));
    database.query_one_raw(count).await.unwrap().unwrap().try_get("", "n").unwrap()
}

/// Stores calls at equal distances over 2025. A fiftieth has no recording; a thousandth is active and one has failed.
async fn seed(url: &str, calls: u64) {
    let database = Database::open(&url.parse().unwrap()).await.unwrap();
    Migrator::up(database.writer(), None).await.unwrap();
    let step = 31_536_000_000 / calls;
    let statements = [
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {calls})
             INSERT INTO call (id, stream_sid, call_sid, caller, agent, direction, encoding, sample_rate, start_time,
                 end_time, duration_ms, status, end_reason, created_at, updated_at)
             SELECT unhex(printf('%012x7%03x8%015x', t, i % 4096, i)), 'MZ' || i, 'CA' || i,
                 printf('+141555%05d', i % 10000), 'agent-' || (i % 50), iif(i % 3, 'inbound', 'outbound'), 'mulaw',
                 8000, t, iif(i % 1000, t + d, NULL), iif(i % 1000, d, NULL),
                 CASE i % 1000 WHEN 0 THEN 'active' WHEN 1 THEN 'failed' ELSE 'completed' END,
                 CASE WHEN i % 1000 = 0 THEN NULL WHEN i % 997 = 1 THEN 'idle_timeout' ELSE 'api' END, t, t
             FROM (SELECT i, 1735689600000 + i * {step} AS t, i * 7919 % 3600000 AS d FROM n)"
        ),
        "INSERT INTO call_metadata (call_id, language, region, device_type, custom_data, created_at, updated_at)
         SELECT id, CASE WHEN i % 1009 = 0 THEN 'fr' WHEN i % 2 THEN 'de' ELSE 'en' END, 'r' || (i % 20),
             iif(i % 500, 'mobile', 'landline'),
             json_object('order', json_object('id', 'A-' || i, 'paid', json(iif(i % 2, 'true', 'false'))), 'tier', i % 5),
             start_time, start_time
         FROM (SELECT id, start_time, CAST(substr(stream_sid, 3) AS INTEGER) AS i FROM call)"
            .to_owned(),
        "INSERT INTO recording (id, call_id, file_path, sample_rate, channels, frames, size_bytes, sha256, gaps,
             overlap_seconds, duplicates, created_at)
         SELECT id, id, '00/' || hex(id) || '.wav', 16000, 2, 16 * duration_ms, 64 * duration_ms, hex(id) || hex(id),
             x'', 0, 0, start_time
         FROM call WHERE status = 'completed' AND CAST(substr(stream_sid, 3) AS INTEGER) % 50"
            .to_owned(),
        "INSERT INTO computed_analytics (call_id, recording_id, algorithm, computed_at, duration_ms, talk_time_ms,
             silence_time_ms, interruptions, response_latency_ms)
         SELECT call_id, id, 'energy-1', created_at, frames / 16, frames / 24, frames / 64, frames % 7,
             iif(frames % 11, frames % 3001, NULL)
         FROM recording"
            .to_owned(),
    ];
    for statement in statements {
        database.writer().execute_unprepared(&statement).await.unwrap();
    }
    database.close().await;
}

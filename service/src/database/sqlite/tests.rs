use entity::call_track::Track;
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use uuid::Uuid;

use super::JournalEntry;
use crate::{Database, calls::AudioFormat, chunks::ChunkRow, plans::database};

fn row(first_sequence: u32) -> ChunkRow {
    let audio = first_sequence.to_le_bytes().repeat(40);
    let (call, track, format) = (Uuid::from_u128(7), Track::Outbound, AudioFormat::default());
    ChunkRow { call, track, format, first_sequence, chunks: 2, timestamp_ms: Some(20 * first_sequence), audio }
}

async fn version(database: &Database) -> i64 {
    let transaction = database.begin().await.unwrap();
    database.data_version(&transaction).await.unwrap()
}

async fn texts(database: &Database, query: &str) -> Vec<String> {
    let query = Statement::from_string(DatabaseBackend::Sqlite, query);
    let rows = database.readers().query_all_raw(query).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

/// The journal's ids, and the rows of chunks in their order.
async fn stored(database: &Database) -> (Vec<String>, Vec<String>) {
    const ROWS: &str =
        "SELECT hex(call_id) || ' ' || track || ' ' || first_sequence || ' ' || last_sequence || ' ' || timestamp
        || ' ' || hex(data) FROM audio_chunk ORDER BY first_sequence";
    (texts(database, "SELECT CAST(id AS TEXT) FROM chunk_journal ORDER BY id").await, texts(database, ROWS).await)
}

fn as_stored(first: u32) -> String {
    let (last, data) = (first + 1, first.to_le_bytes().repeat(40));
    let data: String = data.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("{:032X} 1 {first} {last} {} {data}", 7, 20 * first)
}

#[tokio::test]
async fn an_entry_is_written_and_rows_are_moved_together() {
    let (database, _folder) = database().await;
    let version = version(&database).await;
    let mut expected = Vec::new();
    for (id, moved, journaled) in [(1, 0, None), (2, 1, None), (3, 17, Some(1)), (4, 600, None), (5, 0, Some(4))] {
        let first = expected.len() as u32 * 2;
        let firsts = (0..moved).map(|index| first + 2 * index);
        expected.extend(firsts.clone().map(as_stored));
        let entry = JournalEntry { id, data: vec![1, 2, 3], version };
        assert!(database.append_to_journal(entry, firsts.map(row).collect(), journaled).await.unwrap());
    }
    let (journal, rows) = stored(&database).await;
    assert_eq!(journal, ["5"]);
    assert!(rows == expected, "{} rows in place of {}", rows.len(), expected.len());
}

#[tokio::test]
async fn nothing_is_written_where_someone_else_has_changed_the_database() {
    let (ours, folder) = database().await;
    let known = version(&ours).await;
    let url = format!("sqlite://{}", folder.path().join("callstore.db").display()).parse().unwrap();
    let other = Database::open(&url).await.unwrap();
    other.writer().execute_unprepared("CREATE TABLE another (id INTEGER)").await.unwrap();

    for (moved, journaled) in [(vec![], None), (vec![row(0)], Some(0))] {
        let entry = JournalEntry { id: 1, data: vec![1], version: known };
        assert!(!ours.append_to_journal(entry, moved, journaled).await.unwrap());
    }
    assert_eq!(stored(&ours).await, (Vec::new(), Vec::new()));

    // No transaction was left open.
    let version = version(&ours).await;
    let entry = JournalEntry { id: 1, data: vec![1], version };
    assert!(version != known && ours.append_to_journal(entry, vec![row(0)], None).await.unwrap());
    assert_eq!(stored(&other).await, (vec!["1".to_owned()], vec![as_stored(0)]));
}

use entity::{audit_entry, call_track::Track, transcript};
use sea_orm::{ConnectionTrait, DatabaseBackend, EntityTrait, QueryOrder, Statement};
use uuid::Uuid;

use super::Additions;
use crate::{Actor, Database, Timestamp, calls::AudioFormat, chunks::ChunkRow, plans::database};

fn row(first_sequence: u32) -> ChunkRow {
    let audio = first_sequence.to_le_bytes().repeat(40);
    let (call, track, format) = (Uuid::from_u128(7), Track::Outbound, AudioFormat::default());
    ChunkRow { call, track, format, first_sequence, chunks: 2, timestamp_ms: Some(20 * first_sequence), audio }
}

fn entry(number: u128) -> audit_entry::Model {
    audit_entry::Model {
        id: Uuid::from_u128(number),
        created_at: Timestamp(1_000 + number as i64),
        actor: Actor::Key,
        key_id: number.is_multiple_of(2).then_some(Uuid::from_u128(5)),
        address: Some("192.0.2.1".to_owned()),
        forwarded_for: None,
        operation: "addTranscript".to_owned(),
        resource: format!("/calls/{number}/transcripts"),
        status: 201,
        request_id: Some(number.to_string()),
    }
}

fn utterance(call_id: Uuid, number: u128) -> transcript::Model {
    transcript::Model {
        id: Uuid::from_u128(number),
        call_id,
        speaker: "agent".into(),
        text: "It's \"ten\"; o'clock?".into(),
        confidence: Some(0.5),
        start_time: number.is_multiple_of(2).then_some(number as f64 / 3.0),
        end_time: None,
        created_at: Timestamp(2_000),
    }
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
        let moved = firsts.map(row).collect();
        let additions = Additions { journal: Some((id, vec![1, 2, 3])), moved, journaled, ..Additions::default() };
        assert!(database.add(version, additions).await.unwrap());
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

    for (moved, journaled) in [(vec![], None), (vec![row(0)], Some(0)), ((0..600).map(row).collect(), None)] {
        let additions = Additions { journal: Some((1, vec![1])), moved, journaled, ..Additions::default() };
        assert!(!ours.add(known, additions).await.unwrap());
    }
    let additions = Additions { audit: vec![entry(1)], ..Additions::default() };
    assert!(!ours.add(known, additions).await.unwrap());
    assert_eq!(audit_entry::Entity::find().all(other.readers()).await.unwrap(), []);
    assert_eq!(stored(&ours).await, (Vec::new(), Vec::new()));

    // No transaction was left open.
    let version = version(&ours).await;
    let additions = Additions { journal: Some((1, vec![1])), moved: vec![row(0)], ..Additions::default() };
    assert!(version != known && ours.add(version, additions).await.unwrap());
    assert_eq!(stored(&other).await, (vec!["1".to_owned()], vec![as_stored(0)]));
}

#[tokio::test]
async fn utterances_and_entries_are_written_as_they_are() {
    let (database, _folder) = database().await;
    let call = Uuid::from_u128(9);
    let sql = "INSERT INTO call (id, caller, encoding, sample_rate, start_time, status, created_at, updated_at)
        VALUES (?, '+15550100', 'mulaw', 8000, 0, 'active', 0, 0)";
    let row = Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, [call.into()]);
    database.writer().execute_raw(row).await.unwrap();
    let version = version(&database).await;
    let (mut utterances, mut entries) = (Vec::new(), Vec::new());
    for count in [1, 9, 300] {
        let first = entries.len() as u128 + 1;
        let transcripts: Vec<_> = (first..first + count).map(|number| utterance(call, number)).collect();
        let audit: Vec<_> = (first..first + count).map(entry).collect();
        utterances.extend(transcripts.clone());
        entries.extend(audit.clone());
        assert!(database.add(version, Additions { transcripts, audit, ..Additions::default() }).await.unwrap());
    }
    let stored = transcript::Entity::find().order_by_asc(transcript::Column::Id).all(database.readers()).await.unwrap();
    assert!(stored == utterances, "{} utterances in place of {}", stored.len(), utterances.len());
    let stored =
        audit_entry::Entity::find().order_by_asc(audit_entry::Column::Id).all(database.readers()).await.unwrap();
    assert!(stored == entries, "{} entries in place of {}", stored.len(), entries.len());
}

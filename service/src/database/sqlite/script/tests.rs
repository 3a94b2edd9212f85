//! Transactions that only insert rows, in a database of their own.
#![expect(clippy::as_conversions, reason = "numbers of rows are small")]

use entity::{
    audit_entry,
    call_track::Track,
    idempotency_key,
    transcript::{self, Kind},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DatabaseBackend, EntityTrait, QueryOrder, Statement};
use uuid::Uuid;

use crate::{Actor, Database, Timestamp, calls::AudioFormat, chunks::ChunkRow, database::WriteSet, plans::database};

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
        count: 1,
        server_request_id: None,
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
        track: number.is_multiple_of(3).then_some(Track::Outbound),
        kind: Kind::ToolCall,
        language: None,
        words: Some(serde_json::json!([{ "text": "ten" }]).into()),
        data: None,
        external_id: Some(number.to_string()),
        is_final: false,
        updated_at: None,
        created_by: (number > 2).then(|| "01905f3c-0f1e-7d2c-9b3a-495867768594".to_owned()),
    }
}

async fn version(database: &Database) -> i64 {
    let transaction = database.begin().await.unwrap();
    database.storage().version(&transaction).await.unwrap().unwrap()
}

/// A set with a new row of chunks, for the journal row `id`.
fn new(journal_id: i64) -> WriteSet {
    WriteSet { new: vec![row(10_000)], journal_id, ..WriteSet::default() }
}

async fn texts(database: &Database, query: &str) -> Vec<String> {
    let query = Statement::from_string(DatabaseBackend::Sqlite, query);
    let rows = database.readers().query_all_raw(query).await.unwrap();
    rows.iter().map(|row| row.try_get_by_index(0).unwrap()).collect()
}

async fn insert_call(database: &Database, call: Uuid) {
    let sql = "INSERT INTO call (id, caller, encoding, sample_rate, start_time, status, created_at, updated_at)
        VALUES (?, '+15550100', 'mulaw', 8000, 0, 'active', 0, 0)";
    let row = Statement::from_sql_and_values(DatabaseBackend::Sqlite, sql, [call.into()]);
    database.writer().execute_raw(row).await.unwrap();
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
    for (id, moved, emptied) in [(1, 0, None), (2, 1, None), (3, 17, Some(1)), (4, 600, None), (5, 0, Some(4))] {
        let first = expected.len() as u32 * 2;
        let firsts = (0..moved).map(|index| first + 2 * index);
        expected.extend(firsts.clone().map(as_stored));
        let moved = firsts.map(row).collect();
        let mut set = WriteSet { moved, emptied, ..new(id) };
        assert!(database.storage().commit_alone(version, &mut set).await.unwrap());
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

    for (moved, emptied) in [(vec![], None), (vec![row(0)], Some(0)), ((0..600).map(row).collect(), None)] {
        let mut set = WriteSet { moved, emptied, ..new(1) };
        assert!(!ours.storage().commit_alone(known, &mut set).await.unwrap());
    }
    let mut set = WriteSet { audit: vec![entry(1)], ..WriteSet::default() };
    assert!(!ours.storage().commit_alone(known, &mut set).await.unwrap());
    assert_eq!(audit_entry::Entity::find().all(other.readers()).await.unwrap(), []);
    assert_eq!(stored(&ours).await, (Vec::new(), Vec::new()));

    // No transaction was left open.
    let version = version(&ours).await;
    let mut set = WriteSet { moved: vec![row(0)], ..new(1) };
    assert!(version != known && ours.storage().commit_alone(version, &mut set).await.unwrap());
    assert_eq!(stored(&other).await, (vec!["1".to_owned()], vec![as_stored(0)]));
}

#[tokio::test]
async fn utterances_and_entries_are_written_as_they_are() {
    let (database, _folder) = database().await;
    let call = Uuid::from_u128(9);
    insert_call(&database, call).await;
    let version = version(&database).await;
    let (mut utterances, mut entries) = (Vec::new(), Vec::new());
    for count in [1, 9, 300] {
        let first = entries.len() as u128 + 1;
        let transcripts: Vec<_> = (first..first + count).map(|number| utterance(call, number)).collect();
        let audit: Vec<_> = (first..first + count).map(entry).collect();
        utterances.extend(transcripts.clone());
        entries.extend(audit.clone());
        let mut set = WriteSet { transcripts, audit, ..WriteSet::default() };
        assert!(database.storage().commit_alone(version, &mut set).await.unwrap());
    }
    let stored = transcript::Entity::find().order_by_asc(transcript::Column::Id).all(database.readers()).await.unwrap();
    assert!(stored == utterances, "{} utterances in place of {}", stored.len(), utterances.len());
    let stored =
        audit_entry::Entity::find().order_by_asc(audit_entry::Column::Id).all(database.readers()).await.unwrap();
    assert!(stored == entries, "{} entries in place of {}", stored.len(), entries.len());
}

#[tokio::test]
async fn a_set_is_written_alike_in_a_transaction_of_its_own_and_in_an_open_one() {
    let call = Uuid::from_u128(9);
    let set = || WriteSet {
        moved: vec![row(0)],
        emptied: Some(0),
        transcripts: vec![utterance(call, 1)],
        outcomes: vec![idempotency_key::ActiveModel {
            id: Set(vec![1; 32]),
            fingerprint: Set(vec![2; 32]),
            outcome: Set(vec![3; 40]),
            forget_at: Set(Timestamp(4_000)),
            call_id: Set(Some(call)),
        }],
        audit: vec![entry(1)],
        duplicates: [((call, Track::Inbound), 2)].into(),
        written: [call].into(),
        written_at: Some(Timestamp(3_000)),
        ..new(1)
    };
    let mut written = Vec::new();
    for alone in [true, false] {
        let (database, _folder) = database().await;
        insert_call(&database, call).await;
        if alone {
            let version = version(&database).await;
            assert!(database.storage().commit_alone(version, &mut set()).await.unwrap());
        } else {
            let transaction = database.begin().await.unwrap();
            database.storage().commit(transaction, &mut set()).await.unwrap();
        }
        let mut rows = Vec::new();
        for query in [
            "SELECT hex(data) FROM chunk_journal",
            "SELECT hex(data) FROM audio_chunk",
            "SELECT text FROM transcript",
            "SELECT hex(outcome) FROM idempotency_key",
            "SELECT resource FROM audit_entry",
            "SELECT CAST(duplicates AS TEXT) FROM call_track",
            "SELECT CAST(last_write_at AS TEXT) FROM call",
        ] {
            let mut row = texts(&database, query).await;
            assert_eq!(row.len(), 1, "{query}");
            rows.append(&mut row);
        }
        assert_eq!(rows[5..], ["2", "3000"]);
        written.push(rows);
    }
    assert_eq!(written[0], written[1]);
}

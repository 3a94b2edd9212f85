//! `callstore migrate`: the schema migrates up and down, and data of an earlier version survives. The tests of
//! PostgreSQL end at once where the other tests use SQLite.

use sea_orm::DatabaseConnection;
use serde_json::{Value, json};
use service::audio::encode_base64;
use tempfile::TempDir;
use tokio::process::Command;

use crate::support::{Binary, client_builder, connect, on_sqlite, query_strings};

/// A database and the folder of its service.
struct Store {
    folder: TempDir,
    on_postgres: bool,
}

impl Store {
    /// On SQLite, whatever database the other tests use.
    fn sqlite() -> Self {
        Self { folder: TempDir::new().unwrap(), on_postgres: false }
    }

    /// On PostgreSQL, if the other tests use it.
    fn postgres() -> Option<Self> {
        (!on_sqlite()).then(|| Self { folder: TempDir::new().unwrap(), on_postgres: true })
    }

    fn command(&self) -> Command {
        let folder = self.folder.path();
        if self.on_postgres { Binary::with_database(folder) } else { Binary::bare(folder) }
    }

    /// Runs `callstore migrate STEP`.
    async fn migrate(&self, step: &str) -> String {
        let mut command = self.command();
        command.args(["migrate", step]);
        let output = Binary::output(command).await;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    async fn serve(&self) -> Binary {
        let mut command = self.command();
        command.args(["--listen", "127.0.0.1:0", "--log-format", "json"]);
        Binary::start(command).await
    }

    async fn database(&self) -> DatabaseConnection {
        let file = self.folder.path().join("data/callstore.db");
        if self.on_postgres {
            return connect(&file).await;
        }
        sea_orm::Database::connect(format!("sqlite://{}", file.display())).await.unwrap()
    }

    async fn query(&self, query: &str) -> Vec<String> {
        let database = self.database().await;
        let found = query_strings(&database, query).await;
        database.close().await.unwrap();
        found
    }

    /// The schema as the database describes it.
    async fn schema(&self) -> Vec<String> {
        self.query(if self.on_postgres { POSTGRES_SCHEMA } else { SQLITE_SCHEMA }).await
    }

    /// The rows of all chunks.
    async fn chunks(&self) -> Vec<String> {
        let hex = if self.on_postgres { "encode(data, 'hex')" } else { "hex(data)" };
        let call = if self.on_postgres { "CAST(call_id AS TEXT)" } else { "hex(call_id)" };
        let rows = format!(
            "SELECT {call} || track || ' ' || first_sequence || ' ' || last_sequence || ' ' || {hex}
            FROM audio_chunk ORDER BY call_id, track, first_sequence"
        );
        self.query(&rows).await
    }
}

const SQLITE_SCHEMA: &str =
    "SELECT type || ' ' || name || ' ' || tbl_name || ' ' || COALESCE(sql, '') FROM sqlite_master ORDER BY type, name";

/// Columns, constraints, indexes, triggers, functions, sequences and types. A table's own type goes with its columns.
const POSTGRES_SCHEMA: &str = "
    SELECT entry FROM (
        SELECT concat_ws(' ', 'column', table_name, ordinal_position, column_name, udt_name, is_nullable,
            character_maximum_length, column_default) AS entry
        FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', 'index', tablename, indexdef) FROM pg_indexes WHERE schemaname = 'public'
        UNION ALL
        SELECT concat_ws(' ', 'trigger', tgrelid::regclass, pg_get_triggerdef(oid))
        FROM pg_trigger WHERE NOT tgisinternal
        UNION ALL
        SELECT concat_ws(' ', 'function', proname, prosrc) FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL
        SELECT concat_ws(' ', 'sequence', sequencename) FROM pg_sequences WHERE schemaname = 'public'
        UNION ALL
        SELECT concat_ws(' ', 'type', typname) FROM pg_type
        WHERE typnamespace = 'public'::regnamespace AND typrelid = 0 AND typelem = 0
    ) AS entries ORDER BY entry COLLATE \"C\"";

async fn up_down_and_up_again(store: &Store) {
    let applied = store.migrate("up").await;
    assert!(applied.lines().count() >= 3 && applied.lines().all(|line| line.starts_with("applied  m20")), "{applied}");
    let first = store.schema().await;
    assert!(first.len() > 20, "{first:?}");
    let steps = applied.lines().count();
    for step in 1..=steps {
        let status = store.migrate("down").await;
        assert_eq!(status.lines().filter(|line| line.starts_with("pending")).count(), step, "{status}");
        assert_eq!(store.migrate("status").await, status);
    }
    assert_eq!(store.migrate("status").await, applied.replace("applied", "pending"));
    let left = store.schema().await;
    assert!(left.iter().all(|entry| entry.contains("migrations")), "{left:?}");
    store.migrate("up").await;
    assert_eq!(store.schema().await, first);
    assert_eq!(store.migrate("up").await, applied);
}

#[tokio::test]
async fn migrating_up_down_and_up_again_gives_the_same_schema() {
    up_down_and_up_again(&Store::sqlite()).await;
}

#[tokio::test]
async fn migrating_up_down_and_up_again_on_postgresql_gives_the_same_schema() {
    let Some(store) = Store::postgres() else { return };
    up_down_and_up_again(&store).await;
}

/// Reverts the migrations down to the one that rebuilt the chunks' table, and applies them again.
async fn chunks_of_a_running_call_outlive(store: &Store) {
    let client = client_builder().build().unwrap();
    let post = async |service: &Binary, path: &str, body: Value| {
        let response = client.post(service.url(path)).json(&body).send().await.unwrap().error_for_status().unwrap();
        response.json::<Value>().await.unwrap()
    };
    // Far apart, so that no two share a row.
    let chunks = |track: &str| -> Value {
        let chunk = |number: u8| {
            let (audio, at) = (encode_base64(&[number; 160]), u32::from(number) * 6000);
            json!({ "audio": audio, "track": track, "sequence": number, "timestamp": at })
        };
        json!({ "chunks": (0..100).map(chunk).collect::<Vec<_>>() })
    };

    let service = store.serve().await;
    post(&service, "/calls", json!({ "streamSid": "MZ1", "caller": "a" })).await;
    for track in ["inbound", "outbound"] {
        post(&service, "/calls/MZ1/chunks/batch", chunks(track)).await;
    }
    service.tell_to_stop().await;
    service.stopped().await;
    let rows = store.chunks().await;
    assert!(rows.len() >= 100, "{rows:?}");

    while !store.migrate("down").await.contains("pending  m20261123_000011_rows") {}
    assert_eq!(store.chunks().await, rows);
    let service = store.serve().await;
    assert_eq!(store.chunks().await, rows);
    for track in ["inbound", "outbound"] {
        let again = post(&service, "/calls/MZ1/chunks/batch", chunks(track)).await;
        let known = again["items"].as_array().unwrap();
        assert!(known.len() == 100 && known.iter().all(|chunk| chunk["duplicate"] == true), "{again}");
    }
    let call = post(&service, "/calls/MZ1/end", json!({})).await;
    assert_eq!((&call["status"], &call["recordings"][0]["duration"]), (&json!("completed"), &json!(594.02)));
    service.kill().await;
}

#[tokio::test]
async fn chunks_of_a_running_call_outlive_a_migration() {
    chunks_of_a_running_call_outlive(&Store::sqlite()).await;
}

#[tokio::test]
async fn chunks_of_a_running_call_outlive_a_migration_on_postgresql() {
    let Some(store) = Store::postgres() else { return };
    chunks_of_a_running_call_outlive(&store).await;
}

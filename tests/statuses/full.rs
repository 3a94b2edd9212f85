//! A database that is full.

use reqwest::Method;
use serde_json::json;

use super::World;
use crate::support::{Leftover, on_sqlite};

impl World {
    /// Makes the database report that it is full: SQLite does so once a table has used its largest row id.
    pub(super) async fn fill(&self) {
        self.server.leaves(Leftover::Error("A transaction failed"));
        self.server.leaves(Leftover::Error("Events could not be queued for webhooks"));
        // The last commit of the service fails as well.
        self.server.leaves(Leftover::Damage);
        self.server.send(Method::PUT, "/calls/MZ1/metadata", &json!({})).await.expect(201);
        let mut statements = if on_sqlite() {
            "CREATE TABLE number (id INTEGER PRIMARY KEY AUTOINCREMENT);
            INSERT INTO number VALUES (9223372036854775807);"
        } else {
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'full' USING ERRCODE = 'disk_full'; END $$;"
        }
        .to_owned();
        let what = if on_sqlite() {
            "BEGIN INSERT INTO number (id) VALUES (NULL); END"
        } else {
            "FOR EACH ROW EXECUTE FUNCTION refuse()"
        };
        for table in [
            "call",
            "audio_chunk",
            "chunk_journal",
            "transcript",
            "analytics",
            "call_metadata",
            "api_key",
            "idempotency_key",
            "outbox",
            "webhook",
            "delivery",
        ] {
            for change in ["INSERT", "UPDATE", "DELETE"] {
                statements += &format!("CREATE TRIGGER {change}_{table} BEFORE {change} ON {table} {what};");
            }
        }
        self.server.execute(&statements).await;
    }
}

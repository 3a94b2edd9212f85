//! The index for full-text search: `search_entry` has the folded text of each transcript. SQLite searches it by an FTS5
//! table, `search_text`, which triggers keep; PostgreSQL by a GIN index. Transcripts from before are indexed after the
//! start, in the background; `search_progress` says how far that is.
//!
//! An entry's `place` begins with its call's start time. On SQLite it is the key in the FTS5 table, which then returns
//! hits in that order; entries themselves lie in the order of their insertion, because a row that SQLite moves between
//! pages leaves a copy that nothing overwrites. With `secure-delete`, FTS5 removes the words of a deleted text from its
//! pages at once.

use sea_orm_migration::{prelude::*, sea_orm::DatabaseBackend};

use crate::column::{call_reference, id, optional_id};

#[derive(DeriveMigrationName)]
pub(crate) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }

    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let is_sqlite = manager.get_database_backend() == DatabaseBackend::Sqlite;
        let (mut key, mut place) = (ColumnDef::new("id"), ColumnDef::new("place").big_integer().not_null().take());
        if is_sqlite {
            key.integer().primary_key();
            place.unique_key();
        } else {
            key.big_integer().not_null().auto_increment().primary_key();
        }
        let transcript = ForeignKey::create()
            .name("search_entry_transcript_id_fkey")
            .from("search_entry", "transcript_id")
            .to("transcript", "id")
            .on_delete(ForeignKeyAction::Cascade)
            .take();
        let entry = Table::create()
            .table("search_entry")
            .col(key)
            .col(place)
            .col(id(manager, "transcript_id").unique_key())
            .col(id(manager, "call_id"))
            .col(ColumnDef::new("text").text().not_null())
            .foreign_key(&mut transcript.clone())
            .foreign_key(&mut call_reference("search_entry"))
            .take();
        manager.create_table(entry).await?;
        let progress = Table::create()
            .table("search_progress")
            .col(ColumnDef::new("id").integer().not_null().primary_key())
            .col(optional_id(manager, "position"))
            .col(ColumnDef::new("indexed").big_integer().not_null())
            .col(ColumnDef::new("total").big_integer().not_null())
            .take();
        manager.create_table(progress).await?;
        let calls = Index::create().name("search_entry_call_id_idx").table("search_entry").col("call_id").take();
        manager.create_index(calls).await?;
        let statements: &[&str] = if is_sqlite { &SQLITE } else { &POSTGRES };
        for statement in statements {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DatabaseBackend::Sqlite {
            manager.get_connection().execute_unprepared("DROP TABLE search_text").await?;
        }
        manager.drop_table(Table::drop().table("search_progress").take()).await?;
        manager.drop_table(Table::drop().table("search_entry").take()).await
    }
}

/// An empty database has nothing to index later.
const NOTHING_BEFORE: &str = "INSERT INTO search_progress (id, position, indexed, total) \
    SELECT 1, NULL, 0, 0 WHERE NOT EXISTS (SELECT 1 FROM transcript)";

/// Texts are cut into words before they are stored, so the tokenizer only has to cut at spaces.
const SQLITE: [&str; 6] = [
    NOTHING_BEFORE,
    "CREATE VIRTUAL TABLE search_text USING fts5(text, content='search_entry', content_rowid='place', tokenize='ascii', \
        columnsize=0, prefix='1 2')",
    "INSERT INTO search_text (search_text, rank) VALUES ('secure-delete', 1)",
    "CREATE TRIGGER search_entry_add AFTER INSERT ON search_entry \
        BEGIN INSERT INTO search_text (rowid, text) VALUES (NEW.place, NEW.text); END",
    "CREATE TRIGGER search_entry_change AFTER UPDATE ON search_entry BEGIN \
        INSERT INTO search_text (search_text, rowid, text) VALUES ('delete', OLD.place, OLD.text); \
        INSERT INTO search_text (rowid, text) VALUES (NEW.place, NEW.text); END",
    "CREATE TRIGGER search_entry_remove AFTER DELETE ON search_entry \
        BEGIN INSERT INTO search_text (search_text, rowid, text) VALUES ('delete', OLD.place, OLD.text); END",
];

/// New words wait in a list that each search reads as well; a short one keeps searches fast.
const POSTGRES: [&str; 3] = [
    NOTHING_BEFORE,
    "CREATE INDEX search_entry_place_idx ON search_entry (place, id)",
    "CREATE INDEX search_entry_text_idx ON search_entry USING gin (array_to_tsvector(string_to_array(text, ' '))) \
        WITH (gin_pending_list_limit = 512)",
];

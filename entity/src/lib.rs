//! The rows of Callstore's tables as SeaORM entities, one file per table. There is no logic in here: the rules are in
//! `service`, and the schema's history is in `migration`.

pub mod analytics;
pub mod api_key;
pub mod audio_chunk;
pub mod audit_entry;
pub mod audit_export;
pub mod audit_pending;
pub mod audit_seal;
pub mod call;
pub mod call_event;
pub mod call_metadata;
pub mod call_track;
pub mod chunk_journal;
pub mod computed_analytics;
pub mod delivery;
pub mod idempotency_key;
pub mod outbox;
pub mod recording;
pub mod recording_check;
pub mod search_entry;
pub mod search_progress;
pub mod setting;
pub mod stats_mark;
pub mod stats_slot;
pub mod stream_token;
pub mod transcript;
pub mod voice_webhook;
pub mod webhook;

mod private;
mod timestamp;

pub use private::Private;
pub use timestamp::Timestamp;

//! The business rules of Callstore: calls, chunks, recordings, transcripts, analytics, metadata, keys. This crate knows
//! neither HTTP nor status codes; `api` translates. [`Callstore`] has one part per resource, with its operations, in a
//! file or folder of its own. They return types of the domain; rows of the tables (`entity`) stay inside.
//!
//! # The life of a call store
//! 1. [`Database::open`] and [`Store::open`]. The caller migrates the schema, whose history this crate does not know.
//! 2. [`Callstore::new`] makes the parts and starts the writer. A command may then [close](Callstore::close) again.
//! 3. [`Callstore::resume`] takes up what the last run has left, and starts what runs in the background.
//! 4. Operations, from any thread. A handle is a clone.
//! 5. [`Callstore::stop_waiting`] lets those return that wait, so that the server can finish its requests. Then
//!    [`Callstore::close`]: background work first, then the writer, whose last commit empties the journal, and the
//!    database last. The runtime in which the call store was made must live until `close` returns.
//!
//! # What holds everywhere
//! - What is acknowledged is on disk.
//! - A rule is checked in the transaction that relies on it, never before.
//! - Time, ids and the environment are given, never taken.
//! - A deleted call is found by nobody (`calls/visible.rs`).

mod analytics;
mod audit;
mod author;
mod background;
mod backup;
mod beneath;
mod calls;
mod callstore;
mod chunks;
mod clock;
pub mod computed;
mod conversion;
mod copy;
mod core;
mod crash;
mod database;
mod durable;
mod entries;
mod error;
mod events;
mod finalizer;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod hex;
mod idempotency;
mod integrity;
mod keys;
mod lease;
mod leftovers;
pub mod limits;
mod links;
mod listening;
mod metadata;
mod modes;
mod network;
mod orphans;
mod outbox;
mod page;
mod paths;
mod peaks;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]
mod plans;
mod policy;
mod purge;
mod recordings;
mod seal;
mod search;
mod signer;
mod stats;
mod store;
mod streams;
mod sweep;
mod transcripts;
mod version;
mod webhooks;
mod words;
mod writer;

pub use analytics::{Analytics, AnalyticsSnapshots, NewAnalytics, Sentiment};
pub use audio;
pub use audit::{
    Actor, Audit, AuditEntry, AuditError, AuditFault, ChainHead, Exported, ListAudit, NewAuditEntry, Verified,
    verify_exports,
};
pub use author::Author;
pub use backup::{BackedUp, BackupError, Restored, create_backup, restore_backup};
pub use calls::{
    AudioFormat, Call, CallChange, CallFailure, CallFilter, CallList, CallParts, CallRef, CallSort, Calls, CustomValue,
    Direction, EndReason, ListCalls, ListPart, NewCall, Part, PhoneCall, SID_CHARACTERS, SortField, Started, Status,
    UNKNOWN_CALLER, as_id, is_sid,
};
pub use callstore::{Callstore, Parts};
pub use chunks::{Added, ChunkStatus, ChunkStored, Chunks, NewChunk, SharedChunks, Track, TrackStatus, TrackSummary};
pub use clock::{Clock, Ids, SystemClock, SystemIds};
pub use computed::{Computed, ComputedAnalytics};
pub use conversion::Conversions;
pub use copy::{CopiedRecordings, CopiedTable, CopyError, CopyProgress, copy_recordings, copy_tables, settle_journal};
pub use database::{Database, DatabaseUrl, OpenError};
pub use entity::outbox::Kind as OutboxKind;
pub use entity::{Private, Timestamp, transcript::Kind as TranscriptKind};
pub use error::{Error, FieldError};
pub use events::{CallEvent, EventType, Events, NewEvent};
pub use health::{Health, HealthChecks};
pub use idempotency::{Idempotency, NameInUse, Outcomes};
pub use integrity::{Report, StoreFault, VerifiedStore, verify};
pub use keys::{
    ApiKey, CallToken, CheckedKey, CreatedKey, FILE_LABEL, GrantEnd, KEY_MIN_CHARACTERS, KeyGrant, KeyRefusal, Keys,
    NewKey, Revoked, Scope, Secret, TOKEN_PREFIX,
};
pub use links::Link;
pub use listening::{CallAudio, Channel, Cut, Listening, LiveAudio, RecordingSlice};
pub use metadata::{Metadata, MetadataChange, MetadataRecords, MetadataSet, NewMetadata};
pub use modes::tighten_modes;
pub use network::Network;
pub use outbox::{EventFilter, EventId, Follower, Outbox, OutboxEvent};
pub use page::{Page, Slice};
pub use paths::absolute;
pub use peaks::{Peaks, PeaksFormat, Resolution};
pub use policy::{Policy, RECONNECT_GRACE};
pub use recordings::{Gap, Gaps, Recording, RecordingFile, Recordings};
pub use search::{Found, IndexProgress, Playback, Search, SearchPage, SearchSort, SearchTranscripts, SnippetPart};
pub use stats::*;
pub use store::{AudioStream, Store, StoreError, StoreUrl, StoreUrlError};
pub use streams::{
    Arrival, CallSocket, Frame, Interruption, MediaStream, NewStream, Refused, SocketWriter, StreamToken, Streams,
    TokenRefused,
};
pub use transcripts::{
    Imported, ListTranscripts, NewTranscript, StoredTranscript, Transcript, TranscriptChange, TranscriptOutcome,
    Transcripts,
};
pub use version::{Precondition, Versioned, Versions, digest};
pub use webhooks::{
    Delivery, DeliveryAttempt, DeliveryStatus, Describe, DisabledReason, NewWebhook, Subject, Webhook, WebhookChange,
    WebhookSecret, WebhookTest, Webhooks,
};
pub use words::SearchQuery;

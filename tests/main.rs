//! Callstore through its front door: every test speaks HTTP to a server with a database and a store of its own.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on should say where")]

mod support;

mod access;
mod analytics;
mod audio;
mod audio_command;
mod audit;
mod bad_input;
mod calls;
mod chunks;
mod crash;
mod disk;
mod document;
mod durability;
mod ends;
mod events;
mod fixtures;
mod idempotency;
mod keys;
mod limits;
mod links;
mod lists;
mod logs;
mod metadata;
mod metrics;
mod misbehaviour;
mod phone_status;
mod races;
mod readme;
mod reconnect;
mod recordings;
mod settings;
mod signatures;
mod simulate;
mod stall_and_burst;
mod statuses;
mod stream;
mod stream_ends;
mod streaming_doc;
mod swagger;
mod system;
mod transcripts;
mod twilio;
mod versions;
mod voice;

//! The schema's history. Every change of a table is a migration here, with its way back; rows are in `entity`, which
//! this crate does not import: what a migration once meant must not move with today's entities.

use sea_orm_migration::prelude::*;

mod column;
mod m20261122_000001_calls;
mod m20261122_000002_audio;
mod m20261122_000003_conversation;
mod m20261122_000004_streams;
mod m20261122_000005_journal;
mod m20261122_000006_keys;
mod m20261122_000007_secrets;
mod m20261122_000008_idempotency;
mod m20261122_000009_audit;
mod m20261123_000010_leases;
mod m20261123_000011_rows;
mod m20261128_000015_audit_chain;
mod m20261128_000016_checks;
mod m20261128_000016_transcripts;
mod m20261128_000017_ownership;
mod m20261128_000018_owners;
mod m20261128_000019_webhooks;
mod m20261128_000020_search;
mod m20261128_000021_computed;
mod m20261128_000022_filters;
mod m20261128_000023_statistics;
mod m20261128_000026_outbox;
mod m20261128_000027_hooks;

pub use sea_orm_migration::{MigrationStatus, MigratorTrait};

/// All migrations, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_calls::Migration),
            Box::new(m20261122_000002_audio::Migration),
            Box::new(m20261122_000003_conversation::Migration),
            Box::new(m20261122_000004_streams::Migration),
            Box::new(m20261122_000005_journal::Migration),
            Box::new(m20261122_000006_keys::Migration),
            Box::new(m20261122_000007_secrets::Migration),
            Box::new(m20261122_000008_idempotency::Migration),
            Box::new(m20261122_000009_audit::Migration),
            Box::new(m20261123_000010_leases::Migration),
            Box::new(m20261123_000011_rows::Migration),
            Box::new(m20261128_000015_audit_chain::Migration),
            Box::new(m20261128_000016_checks::Migration),
            Box::new(m20261128_000016_transcripts::Migration),
            Box::new(m20261128_000017_ownership::Migration),
            Box::new(m20261128_000018_owners::Migration),
            Box::new(m20261128_000019_webhooks::Migration),
            Box::new(m20261128_000020_search::Migration),
            Box::new(m20261128_000021_computed::Migration),
            Box::new(m20261128_000022_filters::Migration),
            Box::new(m20261128_000023_statistics::Migration),
            Box::new(m20261128_000026_outbox::Migration),
            Box::new(m20261128_000027_hooks::Migration),
        ]
    }
}

//! The command `callstore migrate`.

use std::io::{self, Write};

use clap::Subcommand;
use migration::{MigrationStatus, Migrator, MigratorTrait};
use service::Database;

use crate::{failure::Failure, settings::DatabaseSettings};

#[derive(Debug, Subcommand)]
pub(super) enum Migrate {
    /// Apply all pending migrations, as the service does when it starts
    Up(DatabaseSettings),
    /// Revert the latest migration; this deletes its tables with their rows
    Down(DatabaseSettings),
    /// List the migrations, applied and pending
    Status(DatabaseSettings),
}

/// Runs a step and prints the state of all migrations.
pub(super) async fn run(step: Migrate) -> Result<(), Failure> {
    let (Migrate::Up(settings) | Migrate::Down(settings) | Migrate::Status(settings)) = &step;
    let url = if matches!(step, Migrate::Up(_)) { settings.url() } else { settings.existing_url() };
    let database = Database::open(&url?).await?;
    let migrated = async {
        match step {
            Migrate::Up(_) => Migrator::up(database.writer(), None).await,
            Migrate::Down(_) => Migrator::down(database.writer(), Some(1)).await,
            Migrate::Status(_) => Ok(()),
        }
    };
    database.alone(migrated).await??;
    for migration in Migrator::get_migration_with_status(database.writer()).await? {
        let status = match migration.status() {
            MigrationStatus::Applied => "applied",
            MigrationStatus::Pending => "pending",
        };
        writeln!(io::stdout(), "{status}  {}", migration.name())?;
    }
    Ok(())
}

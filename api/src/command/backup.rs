//! `callstore backup` and `callstore restore`.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use bytesize::ByteSize;
use clap::Args;
use service::{SystemClock, create_backup, restore_backup};
use simulate::plain_line;

use super::copy::Bar;
use crate::{
    failure::Failure,
    settings::{DatabaseSettings, RecordingSettings},
};

/// Copy the database and the recordings of a service into a folder. The service may run
///
/// The copy shows one moment: everything acknowledged before it began is in it. Each recording is compared with its
/// SHA-256 in the database. SHA256SUMS is written last; a backup without it is not complete.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    callstore backup /backups/monday\n  \
    callstore backup /backups/monday --database-url sqlite:///srv/callstore/callstore.db --recordings /srv/callstore/recordings")]
#[command(mut_arg("media_redirect", |arg| arg.hide(true)))]
pub(super) struct BackupArgs {
    /// The folder to write to: a new or an empty one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Copy the database alone, as for recordings in an object store
    #[arg(long)]
    database_only: bool,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    recordings: RecordingSettings,
}

/// Restore a backup to an empty place. No service may run there
///
/// All hashes are compared before anything is written. Restore overwrites nothing: neither the database nor any
/// recording may be there yet.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  \
    callstore restore /backups/monday\n  \
    callstore restore /backups/monday --database-url sqlite://restored/callstore.db --recordings restored/recordings")]
#[command(mut_arg("media_redirect", |arg| arg.hide(true)))]
pub(super) struct RestoreArgs {
    /// The folder of the backup
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    recordings: RecordingSettings,
}

/// Makes a backup.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) fn backup(args: &BackupArgs) -> Result<(), Failure> {
    let (database, recordings) = (args.database.url()?, args.recordings.url()?);
    let recordings = (!args.database_only).then_some(&recordings);
    let bar = Bar::default();
    let done = create_backup(&database, recordings, &args.folder, &SystemClock, &bar);
    bar.clear();
    let done = done?;
    let mut lines = io::stdout().lock();
    writeln!(
        lines,
        "{}: a database of {} and {} recordings of {}",
        plain_line(&args.folder.display().to_string()),
        ByteSize(done.database_bytes),
        done.recordings,
        ByteSize(done.recording_bytes)
    )?;
    if done.deleted > 0 {
        writeln!(lines, "{} calls were deleted meanwhile; they are deleted in the backup too", done.deleted)?;
    }
    Ok(())
}

/// Restores a backup.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let (database, recordings) = (args.database.url()?, args.recordings.url()?);
    let bar = Bar::default();
    let done = restore_backup(&args.folder, &database, &recordings, &bar);
    bar.clear();
    let done = done?;
    writeln!(
        io::stdout(),
        "{}: the database and {} recordings, {} in all, are restored",
        plain_line(&args.folder.display().to_string()),
        done.recordings,
        ByteSize(done.bytes)
    )?;
    Ok(())
}

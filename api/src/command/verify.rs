//! `callstore verify`.

use std::io::{self, Write};

use bytesize::ByteSize;
use clap::Args;
use migration::{Migrator, MigratorTrait};
use service::{Database, Store, StoreFault};
use simulate::plain_line;

use super::copy::Bar;
use crate::{
    failure::Failure,
    settings::{DatabaseSettings, RecordingSettings},
};

/// Compare every recording with its hash, and look for lost files and damage. The service may run
///
/// Changes nothing. Prints a line for each fault, and exits with 1 if there is any. A damaged or missing recording is
/// repaired by putting its file back from a backup.
#[derive(Debug, Args)]
#[command(mut_arg("media_redirect", |arg| arg.hide(true)))]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    database: DatabaseSettings,
    #[command(flatten)]
    recordings: RecordingSettings,
}

/// Verifies what is stored.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) async fn run(args: &VerifyArgs) -> Result<(), Failure> {
    let (url, recordings) = (args.database.existing_url()?, args.recordings.url()?);
    let database = Database::open(&url).await?;
    if !Migrator::get_pending_migrations(database.writer()).await?.is_empty() {
        return Err("the database is of an earlier version; `callstore migrate up`, or a start of the service, \
                    migrates it"
            .into());
    }
    let store = Store::open_to_read(&recordings, &args.recordings.environment)?;
    let bar = Bar::default();
    let report = |fault: StoreFault| {
        bar.print(|| {
            let subject = plain_line(&fault.subject);
            // The exit code says it too.
            let _ = writeln!(io::stdout(), "{:10}  {subject}: {}", fault.kind, plain_line(&fault.detail));
        });
    };
    let verified = service::verify(&database, &store, &bar, &report).await;
    bar.clear();
    database.close().await;
    let done = verified?;
    let (recordings, size, files) = (done.recordings, ByteSize(done.bytes), done.files);
    let mut stdout = io::stdout().lock();
    match done.faults {
        0 => Ok(writeln!(stdout, "The database, {recordings} recordings of {size} and {files} files are intact.")?),
        faults => {
            writeln!(
                stdout,
                "Compared the database, {recordings} recordings of {size} and the files of {files} calls."
            )?;
            let faults = if faults == 1 { "1 fault was".to_owned() } else { format!("{faults} faults were") };
            Err(format!("{faults} found").into())
        }
    }
}

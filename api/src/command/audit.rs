//! `callstore audit`: exports the audit and verifies its hash chain, with or without a running service.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use clap::{Args, Subcommand};
use service::{ChainHead, SystemClock, SystemIds, Verified, verify_exports};

use super::keys::open;
use crate::{failure::Failure, settings::DatabaseSettings};

/// Export the audit, and verify that nobody has changed it
#[derive(Debug, Subcommand)]
pub(super) enum AuditCommand {
    /// Append entries to a file, one JSON object per line, each with its hash
    ///
    /// An existing file is continued where it ends. A new file begins after the last export. Entries that are exported
    /// may be removed by --audit-retention of the service.
    Export(ExportArgs),
    /// Verify the chain of the database, or of exported files, and print its head
    ///
    /// Note the head somewhere else: with --head, a later run finds out whether the chain up to there was rewritten or
    /// cut off.
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    /// The file, readable for this user only
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Begin a new file at the first entry that is still in the database
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    database: DatabaseSettings,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Exported files in the order of their entries, instead of the database
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A head that was noted before
    #[arg(long, value_name = "POSITION:HASH")]
    head: Option<ChainHead>,
    #[command(flatten)]
    database: DatabaseSettings,
}

/// Does what the command says.
///
/// # Errors
/// What is wrong, in a sentence.
pub(super) async fn run(command: AuditCommand) -> Result<(), Failure> {
    match command {
        AuditCommand::Export(args) => {
            let database = open(&args.database).await?;
            let done = database.export_audit(&args.file, args.all, &SystemClock, &SystemIds).await?;
            match done.head {
                Some(head) => writeln!(io::stdout(), "{} entries exported. Head: {head}", done.entries)?,
                None => writeln!(io::stdout(), "There are no entries yet.")?,
            }
        }
        AuditCommand::Verify(args) => {
            let verified = if args.files.is_empty() {
                open(&args.database).await?.verify_audit(args.head).await?
            } else {
                verify_exports(&args.files, args.head)?
            };
            print(&verified)?;
        }
    }
    Ok(())
}

fn print(verified: &Verified) -> io::Result<()> {
    let mut lines = io::stdout().lock();
    let Verified { entries, begins_after, head, waiting } = verified;
    let from = if *begins_after > 0 { format!(", from position {}", begins_after + 1) } else { String::new() };
    let shown = head.map_or_else(|| "none".to_owned(), |head| head.to_string());
    writeln!(lines, "{entries} entries fit their chain{from}. Head: {shown}")?;
    if *waiting > 0 {
        writeln!(lines, "{waiting} more entries wait for the chain; a running service adds them within seconds.")?;
    }
    Ok(())
}

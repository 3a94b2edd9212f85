//! Why the audit could not be exported or verified.

use std::{io, path::PathBuf};

use sea_orm::DbErr;

use super::chain::AuditFault;
use crate::absolute;

/// Why the audit could not be exported or verified.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The audit does not fit its chain.
    #[error("the audit was changed: {0}")]
    Fault(#[from] AuditFault),
    /// The database failed.
    #[error("the audit cannot be read: {0}")]
    Database(#[from] DbErr),
    /// A file could not be read or written.
    #[error("{} cannot be used: {source}", absolute(path).display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file does not fit its chain, at a line.
    #[error("{}, line {line}: {fault}", absolute(path).display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong.
        fault: AuditFault,
    },
    /// A line is no exported entry.
    #[error("{}, line {line}: this is not an entry of `callstore audit export`", absolute(path).display())]
    NoEntry {
        /// The file.
        path: PathBuf,
        /// The number of the line, from 1.
        line: usize,
    },
    /// A file cannot be continued from this database.
    #[error(
        "{} ends at position {position} of another chain, or one whose next entries were removed. Export to a new file",
        absolute(path).display()
    )]
    OtherChain {
        /// The file.
        path: PathBuf,
        /// Its last position.
        position: i64,
    },
}

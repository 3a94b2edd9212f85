//! Exports the audit to files of one JSON object per line, and verifies such files.
//!
//! A file can be verified without the database that it comes from: each line has the hash before it and its own. The
//! first line's predecessor is taken on trust, unless a head that was noted before, or the file before it, says the
//! same.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use audio::number::wide;
use entity::{audit_export, audit_seal};
use sea_orm::{ActiveValue::Set, EntityTrait, sea_query::OnConflict};
use serde::{Deserialize, Serialize};

use super::{
    chain::{ChainHead, Content, Verified, Walk, hash_of},
    entry::enter_command,
    error::AuditError,
    retention::exported_through,
    seal::{seal_slice, stored},
    verify::{beginning, links_after},
};
use crate::{Clock, Database, Ids, durable::sync_folder, hex::hex};

/// The longest line, and more than any can have.
const LINE_MAX: u64 = 64 * 1024;

/// A line of an export.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Line {
    position: i64,
    previous: String,
    hash: String,
    entry: Content,
}

impl Line {
    fn parse(line: &str) -> Option<(ChainHead, ChainHead, Content)> {
        let line: Self = serde_json::from_str(line).ok()?;
        let previous = ChainHead { position: line.position.checked_sub(1)?, hash: hash_of(&line.previous)? };
        Some((previous, ChainHead { position: line.position, hash: hash_of(&line.hash)? }, line.entry))
    }
}

/// A finished export.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// Number of entries added to the file.
    pub entries: u64,
    /// The last position in the file; `None` if it is empty.
    pub head: Option<ChainHead>,
}

impl Database {
    /// Exports entries to a file. An existing export is continued after its last whole line. A new one begins after
    /// the last export, or with `all` at the first entry that is still there. What is exported is durable and verified
    /// before the database notes it.
    ///
    /// Entries that still wait for the chain are added to it first, so that an export has everything that was answered
    /// before it began. The database notes the last exported position; only entries up to there may be removed by the
    /// retention.
    ///
    /// # Errors
    /// A file that cannot be used or belongs to another chain, an entry that does not fit, or a failing database.
    pub async fn export_audit(
        &self,
        path: &Path,
        all: bool,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<Exported, AuditError> {
        loop {
            let transaction = self.begin().await?;
            let sealed = seal_slice(self, &transaction).await?;
            transaction.commit().await?;
            if sealed == 0 {
                break;
            }
        }
        let failed = |source| AuditError::File { path: path.to_owned(), source };
        let (file, last) = open(path).map_err(failed)?;
        let begin = self.begin_of(path, last, all).await?;
        let mut walk = Walk::new(begin, Vec::new())?;
        let (mut file, mut entries) = (BufWriter::new(file), 0);
        loop {
            let links = links_after(self.readers(), walk.at().position).await?;
            if links.is_empty() {
                break;
            }
            for (link, content) in links {
                let previous = walk.at();
                walk.step(link, content.as_ref())?;
                let Some(entry) = content else { continue };
                let (previous, hash) = (hex(&previous.hash), hex(&link.hash));
                let line = Line { position: link.position, previous, hash, entry };
                serde_json::to_writer(&mut file, &line).map_err(|error| failed(error.into()))?;
                file.write_all(b"\n").map_err(failed)?;
                entries += 1;
            }
        }
        file.flush().map_err(failed)?;
        file.get_ref().sync_all().map_err(failed)?;
        sync_folder(path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
            .map_err(failed)?;
        let head = (walk.at().position > 0).then(|| walk.at());
        if let Some(head) = head.filter(|_| entries > 0) {
            self.note_export(&head, clock, ids).await?;
        }
        Ok(Exported { entries, head })
    }

    /// After which link an export begins.
    async fn begin_of(&self, path: &Path, last: Option<ChainHead>, all: bool) -> Result<ChainHead, AuditError> {
        let first = || async { Ok::<_, AuditError>(beginning(self.readers()).await?.0) };
        let position = match last {
            Some(last) => last.position,
            None if all => return first().await,
            None => exported_through(self.readers()).await?,
        };
        let link = audit_seal::Entity::find_by_id(position).one(self.readers()).await?;
        let link = link.as_ref().map(stored).transpose()?;
        match (last, link) {
            (None, Some(link)) => Ok(link),
            (None, None) => first().await,
            (Some(last), link) if link == Some(last) => Ok(last),
            (Some(last), _) => Err(AuditError::OtherChain { path: path.to_owned(), position: last.position }),
        }
    }

    async fn note_export(&self, head: &ChainHead, clock: &dyn Clock, ids: &dyn Ids) -> Result<(), AuditError> {
        let transaction = self.begin().await?;
        let row = audit_export::ActiveModel {
            position: Set(head.position),
            hash: Set(head.hash.to_vec()),
            created_at: Set(clock.now()),
        };
        let again = OnConflict::column(audit_export::Column::Position).do_nothing().to_owned();
        audit_export::Entity::insert(row).on_conflict(again).exec_without_returning(&transaction).await?;
        enter_command(&transaction, "exportAudit", format!("/admin/audit/{head}"), clock, ids).await?;
        Ok(transaction.commit().await?)
    }
}

/// Opens a file to append to, for this user alone, and returns the last link in it. What an interrupted export has left
/// of a line is cut off. A symbolic link is refused, and so is a file that another export writes.
fn open(path: &Path) -> io::Result<(File, Option<ChainHead>)> {
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().try_into().unwrap_or_default();
    let mut file =
        OpenOptions::new().read(true).append(true).create(true).mode(0o600).custom_flags(no_follow).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file; name a new file, or one of an earlier export"));
    }
    file.try_lock().map_err(|_| io::Error::other("another export writes it"))?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    let length = file.metadata()?.len();
    let from = length.saturating_sub(2 * LINE_MAX);
    file.seek(SeekFrom::Start(from))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let whole = tail.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let no_export = || io::Error::other("it is not an export of the audit; name a new file");
    let lines = tail.get(..whole).unwrap_or_default();
    if lines.is_empty() {
        // Only a first line that was cut off may go.
        if from > 0 || !(tail.is_empty() || tail.starts_with(b"{\"position\":")) {
            return Err(no_export());
        }
        file.set_len(0)?;
        return Ok((file, None));
    }
    let last = lines.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    let last = std::str::from_utf8(last).ok().and_then(Line::parse).ok_or_else(no_export)?;
    file.set_len(from + wide(whole))?;
    Ok((file, Some(last.1)))
}

/// Verifies exported files, given in the order of their entries, and their chain against a head that was noted before.
///
/// # Errors
/// The first line that does not fit, or a file that cannot be read.
pub fn verify_exports(paths: &[PathBuf], noted: Option<ChainHead>) -> Result<Verified, AuditError> {
    let mut walk: Option<Walk> = None;
    for path in paths {
        let failed = |source| AuditError::File { path: path.clone(), source };
        let mut reader = BufReader::new(File::open(path).map_err(failed)?);
        for line in 1.. {
            let mut text = String::new();
            if reader.by_ref().take(LINE_MAX).read_line(&mut text).map_err(failed)? == 0 {
                break;
            }
            let parsed = Line::parse(&text).filter(|_| text.ends_with('\n'));
            let (previous, link, entry) = parsed.ok_or_else(|| AuditError::NoEntry { path: path.clone(), line })?;
            let wrong = |fault| AuditError::Line { path: path.clone(), line, fault };
            if walk.is_none() {
                walk = Some(Walk::new(previous, noted.into_iter().collect()).map_err(wrong)?);
            }
            if let Some(walk) = &mut walk {
                walk.step(link, Some(&entry)).map_err(wrong)?;
            }
        }
    }
    let walk = match walk {
        Some(walk) => walk,
        None => Walk::new(ChainHead::START, noted.into_iter().collect())?,
    };
    Ok(walk.end()?)
}

//! Copies the rows of all tables, in key order.
//!
//! Tables are copied in the order of their foreign keys, each from the row after the last one that the target has: a
//! run that was interrupted goes on. When all are copied, the [`digest`] of each table is taken on both sides and
//! compared. The list is written by hand, since the order matters; a test compares it with the schema.
//!
//! A slice ends at 1,000 rows or 4 MiB, whichever comes first, and is one transaction on the target. A table with large
//! rows, such as that of chunks, thus needs no more memory than others.

use std::{marker::PhantomData, mem, pin::pin};

use audio::number::wide;
use entity::{
    analytics, api_key, audio_chunk, audit_entry, audit_export, audit_seal, call, call_event, call_metadata,
    call_track, computed_analytics, delivery, idempotency_key, outbox, recording, recording_check, search_progress,
    setting, stream_token, transcript, voice_webhook, webhook,
};
use futures_util::{FutureExt, TryStreamExt, future::BoxFuture};
use sea_orm::{
    Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait, IntoActiveModel, Iterable, ModelTrait,
    PaginatorTrait, PrimaryKeyToColumn, QueryFilter, QueryOrder, Select,
    sea_query::{Expr, ExprTrait, SimpleExpr},
};
use sha2::{Digest, Sha256};

use super::{
    digest,
    progress::{CopyError, CopyProgress},
};
use crate::{crash, database::Database, hex::hex};

/// Limits of one transaction, in rows and in approximate bytes.
const SLICE_ROWS: usize = 1000;
const SLICE_BYTES: usize = 4 * 1024 * 1024;

/// A table that is now the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopiedTable {
    /// The table's name.
    pub name: &'static str,
    /// Number of rows.
    pub rows: u64,
    /// How many of them this run copied; the others were already there.
    pub copied: u64,
    /// SHA-256 over all rows, as 64 lower-case hexadecimal digits.
    pub sha256: String,
}

/// All tables except those that only running services use: the journal, which is empty by now, the leases, and what
/// triggers of the target fill: the list of audit entries that wait for their chain, and the marks from which the
/// statistics are built anew. The first service on the target makes the index for search.
fn tables() -> [Box<dyn Rows>; 21] {
    fn of<E: Entity>() -> Box<Table<E>> {
        Box::new(Table(PhantomData))
    }
    [
        of::<call::Entity>(),
        of::<audio_chunk::Entity>(),
        of::<call_track::Entity>(),
        of::<recording::Entity>(),
        of::<recording_check::Entity>(),
        of::<transcript::Entity>(),
        of::<analytics::Entity>(),
        of::<computed_analytics::Entity>(),
        of::<call_metadata::Entity>(),
        of::<call_event::Entity>(),
        of::<api_key::Entity>(),
        of::<setting::Entity>(),
        of::<stream_token::Entity>(),
        of::<voice_webhook::Entity>(),
        of::<idempotency_key::Entity>(),
        of::<outbox::Entity>(),
        of::<webhook::Entity>(),
        of::<delivery::Entity>(),
        of::<audit_entry::Entity>(),
        of::<audit_seal::Entity>(),
        of::<audit_export::Entity>(),
    ]
}

/// Copies all rows of one migrated database to another and compares them. Rows of an unfinished copy are kept; nothing
/// is overwritten or deleted. No service may run on either, and the journal of `from` must be
/// [settled](super::settle_journal).
///
/// # Errors
/// When a database fails, the target is neither empty nor an unfinished copy, or the two differ in the end.
pub async fn copy_tables(
    from: &Database,
    to: &Database,
    progress: &dyn CopyProgress,
) -> Result<Vec<CopiedTable>, CopyError> {
    let source = from.snapshot().await?;
    let tables = tables();
    let mut missing = Vec::new();
    // Check every table before writing to any.
    for table in &tables {
        missing.push(table.missing(&source, to).await?);
    }
    // Without a row, the first service indexes the transcripts.
    search_progress::Entity::delete_many()
        .exec(to.writer())
        .await
        .map_err(|source| CopyError::Table { table: "search_progress", source })?;
    for (table, missing) in tables.iter().zip(&missing).filter(|(_, missing)| **missing > 0) {
        progress.begin(table.name(), *missing);
        table.copy(&source, to, progress).await.map_err(|source| CopyError::Table { table: table.name(), source })?;
    }
    let target = to.snapshot().await?;
    let mut copied = Vec::new();
    for (table, missing) in tables.iter().zip(missing) {
        let name = table.name();
        let failed = |source| CopyError::Table { table: name, source };
        progress.begin(&format!("{name}, compared"), table.count(&source).await.map_err(failed)?);
        let (one, other) =
            tokio::try_join!(table.digest(&source, Some(progress)), table.digest(&target, None)).map_err(failed)?;
        if one != other {
            return Err(CopyError::Differs(name));
        }
        let (rows, sha256) = one;
        copied.push(CopiedTable { name, rows, copied: missing, sha256 });
    }
    Ok(copied)
}

/// Operations on a table, whatever its entity.
trait Rows: Send + Sync {
    fn name(&self) -> &'static str;
    fn count<'a>(&'a self, on: &'a DatabaseTransaction) -> BoxFuture<'a, Result<u64, DbErr>>;
    /// Number of rows still to be copied.
    fn missing<'a>(&'a self, from: &'a DatabaseTransaction, to: &'a Database) -> BoxFuture<'a, Result<u64, CopyError>>;
    /// Copies the rows after the last one in the target.
    fn copy<'a>(
        &'a self,
        from: &'a DatabaseTransaction,
        to: &'a Database,
        progress: &'a dyn CopyProgress,
    ) -> BoxFuture<'a, Result<(), DbErr>>;
    /// Number of rows, and the hash over them.
    fn digest<'a>(
        &'a self,
        on: &'a DatabaseTransaction,
        progress: Option<&'a dyn CopyProgress>,
    ) -> BoxFuture<'a, Result<(u64, String), DbErr>>;
}

struct Table<E>(PhantomData<fn() -> E>);

/// The bounds that all copied entities meet, in one place.
trait Entity: EntityTrait<Model: IntoActiveModel<Self::ActiveModel> + Send + Sync, ActiveModel: Send> {
    /// The columns of the primary key, in its order.
    fn key() -> impl Iterator<Item = Self::Column> {
        Self::PrimaryKey::iter().map(PrimaryKeyToColumn::into_column)
    }
}

impl<E: EntityTrait<Model: IntoActiveModel<Self::ActiveModel> + Send + Sync, ActiveModel: Send>> Entity for E {}

/// Selects the rows up to and including `row`, or those after it.
fn beside<E: Entity>(row: &E::Model, after: bool) -> SimpleExpr {
    let key = Expr::tuple(E::key().map(Expr::col));
    let last = Expr::tuple(E::key().map(|column| Expr::val(row.get(column))));
    if after { key.gt(last) } else { key.lte(last) }
}

/// The last row in key order.
async fn last<E: Entity>(on: &impl ConnectionTrait) -> Result<Option<E::Model>, DbErr> {
    E::key().fold(E::find(), |select, column| select.order_by_desc(column)).one(on).await
}

fn in_order<E: Entity>() -> Select<E> {
    E::key().fold(E::find(), |select, column| select.order_by_asc(column))
}

impl<E: Entity> Rows for Table<E> {
    fn name(&self) -> &'static str {
        E::default().table_name()
    }

    fn count<'a>(&'a self, on: &'a DatabaseTransaction) -> BoxFuture<'a, Result<u64, DbErr>> {
        E::find().count(on).boxed()
    }

    fn missing<'a>(&'a self, from: &'a DatabaseTransaction, to: &'a Database) -> BoxFuture<'a, Result<u64, CopyError>> {
        let counted = async move {
            let (wanted, there) = (E::find().count(from).await?, E::find().count(to.readers()).await?);
            let known = match last::<E>(to.readers()).await? {
                Some(last) if there < wanted => E::find().filter(beside::<E>(&last, false)).count(from).await?,
                _ => there,
            };
            Ok((there == known).then(|| wanted.checked_sub(there)).flatten())
        };
        async move {
            let counted: Result<Option<u64>, DbErr> = counted.await;
            let missing = counted.map_err(|source| CopyError::Table { table: self.name(), source })?;
            missing.ok_or(CopyError::NoCopy(self.name()))
        }
        .boxed()
    }

    fn copy<'a>(
        &'a self,
        from: &'a DatabaseTransaction,
        to: &'a Database,
        progress: &'a dyn CopyProgress,
    ) -> BoxFuture<'a, Result<(), DbErr>> {
        async move {
            let last = last::<E>(to.readers()).await?;
            let rest = last.map(|last| beside::<E>(&last, true));
            let rows = in_order::<E>().filter(rest.map_or_else(Condition::all, Condition::from)).stream(from).await?;
            let mut rows = pin!(rows);
            let (mut slice, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.try_next().await? {
                bytes += digest::row::<E>(&row).len();
                slice.push(row.into_active_model());
                if slice.len() == SLICE_ROWS || bytes >= SLICE_BYTES {
                    insert::<E>(mem::take(&mut slice), to, progress).await?;
                    bytes = 0;
                }
            }
            insert::<E>(slice, to, progress).await
        }
        .boxed()
    }

    fn digest<'a>(
        &'a self,
        on: &'a DatabaseTransaction,
        progress: Option<&'a dyn CopyProgress>,
    ) -> BoxFuture<'a, Result<(u64, String), DbErr>> {
        async move {
            let mut rows = pin!(in_order::<E>().stream(on).await?);
            let (mut count, mut hash) = (0, Sha256::new());
            while let Some(row) = rows.try_next().await? {
                hash.update(digest::row::<E>(&row));
                count += 1;
                if let Some(progress) = progress {
                    progress.add(1);
                }
            }
            Ok((count, hex(&hash.finalize())))
        }
        .boxed()
    }
}

/// Inserts rows in their own transaction.
async fn insert<E: Entity>(rows: Vec<E::ActiveModel>, to: &Database, progress: &dyn CopyProgress) -> Result<(), DbErr> {
    let count = wide(rows.len());
    let transaction = to.begin().await?;
    E::insert_many(rows).exec_without_returning(&transaction).await?;
    transaction.commit().await?;
    crash::point("copy.slice");
    progress.add(count);
    Ok(())
}

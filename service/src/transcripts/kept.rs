//! What is kept of a request that stored transcripts, for its retry. It holds no text, so that nothing of a deleted
//! transcript is left in it.

use std::collections::HashMap;

use entity::transcript::{Column, Entity, Model};
use futures_util::future::BoxFuture;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use uuid::Uuid;

use super::replace::{Stored, TranscriptOutcome};
use crate::{Error, writer::Batch};

/// How many rows are looked up at once.
const ROWS_AT_ONCE: usize = 500;

/// The answer to a request that stores transcripts.
pub(super) trait Answer: Send + Sized + 'static {
    /// What is kept of it. It is stored for a day.
    type Kept: Serialize + DeserializeOwned + Send;

    /// What is kept of it.
    fn kept(&self) -> Self::Kept;

    /// The answer to a retry.
    ///
    /// # Errors
    /// `TranscriptNotFound` if what it tells of was deleted, or a failing database.
    fn again(kept: Self::Kept, batch: &Batch) -> BoxFuture<'_, Result<Self, Error>>;
}

/// A transcript of an answer. What was kept before outcomes were noted has none; those were all added.
#[derive(Serialize, Deserialize)]
pub(super) struct KeptTranscript {
    id: Uuid,
    #[serde(default)]
    outcome: TranscriptOutcome,
}

/// The retry shows transcripts as they are stored by then.
impl Answer for Vec<Stored> {
    type Kept = Vec<KeptTranscript>;

    fn kept(&self) -> Vec<KeptTranscript> {
        self.iter().map(|stored| KeptTranscript { id: stored.row.id, outcome: stored.outcome }).collect()
    }

    fn again(kept: Vec<KeptTranscript>, batch: &Batch) -> BoxFuture<'_, Result<Self, Error>> {
        Box::pin(async move {
            let mut rows: HashMap<Uuid, Model> = HashMap::new();
            for part in kept.chunks(ROWS_AT_ONCE) {
                let ids = part.iter().map(|kept| kept.id);
                let found = Entity::find().filter(Column::Id.is_in(ids)).all(batch.transaction()).await?;
                rows.extend(found.into_iter().map(|row| (row.id, row)));
            }
            let stored = kept.into_iter().map(|KeptTranscript { id, outcome }| {
                // One request may tell of a row twice.
                let row = rows.get(&id).cloned().ok_or(Error::TranscriptNotFound)?;
                Ok(Stored { row, outcome })
            });
            stored.collect()
        })
    }
}

//! Changes and deletes single transcripts.
//!
//! A change goes to the call's lock first, then to the row. So it meets no deletion half-way: either the transcript is
//! changed and then deleted, or it is not found. The search index changes in the same transaction, by triggers and
//! [`change_entry`], so a corrected word is found, and the wrong one not, from the answer on.

use entity::{
    outbox::Kind,
    transcript::{Entity, Model},
};
use futures_util::FutureExt;
use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, ModelTrait};
use uuid::Uuid;

use super::{Transcript, TranscriptChange, Transcripts};
use crate::{
    Author, Error, Precondition, Private,
    calls::{self, CallRef, Status},
    entries::change_entry,
    limits::{JSON_MAX_BYTES, check_json},
    outbox::Cause,
    writer::Batch,
};

impl Transcripts {
    /// Changes a transcript, also after its call has ended.
    ///
    /// A change that leaves everything as it is writes nothing, tells no event, and keeps the version. One that takes
    /// away words after the end of the call removes them from the database's files as well, as a deletion does.
    ///
    /// # Errors
    /// `TranscriptNotFound`, `CallNotAllowed`, `PreconditionFailed`, `Invalid` for an end before the start and for data
    /// that is too large or too deep, or a failing database.
    pub async fn update(
        &self,
        id: Uuid,
        change: TranscriptChange,
        author: Author,
        condition: Precondition,
    ) -> Result<Transcript, Error> {
        check_json("/data", change.data.as_ref().and_then(Option::as_ref).map(Private::expose))?;
        let call = self.call_of(id).await?;
        if author.is_confined() {
            self.check(&author, &call).await?;
        }
        let core = self.core.clone();
        let about = call.clone();
        let changed = self.core.write(Some(&about), JSON_MAX_BYTES, move |batch| {
            async move {
                let before = find(batch, &call, id).await?;
                condition.check(Some(&Transcript::from(before.clone())))?;
                let mut row = apply(before.clone(), change)?;
                let mut erases = false;
                if row != before {
                    row.updated_at = Some(core.now());
                    let transaction = batch.transaction();
                    row = row.into_active_model().reset_all().update(transaction).await?;
                    if row.text != before.text {
                        change_entry(transaction, &row).await?;
                    }
                    let causes = Cause::transcripts(Kind::TranscriptUpdated, row.call_id, std::iter::once(&row));
                    causes.into_iter().for_each(|cause| batch.state().tell(cause, core.now()));
                    let call = batch.call(&call).await?;
                    erases = call.status != Status::Active && removes(&before, &row);
                }
                core.note_write(batch.state(), row.call_id);
                Ok((row.into(), erases))
            }
            .boxed()
        });
        let (transcript, erases) = changed.await?;
        if erases {
            self.core.note_deleted();
        }
        Ok(transcript)
    }

    /// Deletes a transcript.
    ///
    /// # Errors
    /// `TranscriptNotFound`, `PreconditionFailed`, or a failing database.
    pub async fn delete(&self, id: Uuid, condition: Precondition) -> Result<(), Error> {
        let call = self.call_of(id).await?;
        let core = self.core.clone();
        self.core
            .write(Some(&call.clone()), 0, move |batch| {
                async move {
                    let row = find(batch, &call, id).await?;
                    condition.check(Some(&Transcript::from(row.clone())))?;
                    let call_id = row.call_id;
                    row.delete(batch.transaction()).await?;
                    batch.state().tell(Cause::transcript_deleted(call_id, id), core.now());
                    Ok(())
                }
                .boxed()
            })
            .await?;
        self.core.note_deleted();
        Ok(())
    }

    /// Refuses a client that may not write to the call.
    async fn check(&self, author: &Author, call: &CallRef) -> Result<(), Error> {
        let call = match calls::find(self.core.database.readers(), call).await {
            Err(Error::CallNotFound) => return Err(Error::TranscriptNotFound),
            found => found?,
        };
        author.check(call.id, call.owner_id)
    }

    /// The call of a transcript, which a write must name.
    async fn call_of(&self, id: Uuid) -> Result<CallRef, Error> {
        let row = Entity::find_by_id(id).one(self.core.database.readers()).await?.ok_or(Error::TranscriptNotFound)?;
        Ok(CallRef::of(row.call_id))
    }
}

/// A transcript of a call that is not deleted.
async fn find(batch: &mut Batch, call: &CallRef, id: Uuid) -> Result<Model, Error> {
    match batch.call_id(call).await {
        Ok(_) => {}
        Err(Error::CallNotFound) => return Err(Error::TranscriptNotFound),
        Err(error) => return Err(error),
    }
    Entity::find_by_id(id).one(batch.transaction()).await?.ok_or(Error::TranscriptNotFound)
}

/// Whether a change takes away what was said, as when a number is blacked out. While a call runs, texts change with
/// each interim result, and those are not worth the cost of erasing them at once.
fn removes(before: &Model, after: &Model) -> bool {
    before.text != after.text
        || before.words.is_some() && before.words != after.words
        || before.data.is_some() && before.data != after.data
        || before.speaker != after.speaker
}

fn apply(mut row: Model, change: TranscriptChange) -> Result<Model, Error> {
    let TranscriptChange {
        kind,
        track,
        speaker,
        text,
        start_time,
        end_time,
        confidence,
        language,
        words,
        data,
        is_final,
    } = change;
    row.kind = kind.unwrap_or(row.kind);
    row.track = track.unwrap_or(row.track);
    row.speaker = speaker.unwrap_or(row.speaker);
    row.text = text.unwrap_or(row.text);
    row.start_time = start_time.unwrap_or(row.start_time);
    row.end_time = end_time.unwrap_or(row.end_time);
    row.confidence = confidence.unwrap_or(row.confidence);
    row.language = language.unwrap_or(row.language);
    row.words = words.unwrap_or(row.words);
    row.data = data.unwrap_or(row.data);
    row.is_final = is_final.unwrap_or(row.is_final);
    match (row.start_time, row.end_time) {
        (Some(start), Some(end)) if end < start => Err(Error::invalid(
            if end_time.is_some() { "/endTime" } else { "/startTime" },
            "The end must not be before the start. Send startTime and endTime together.",
        )),
        _ => Ok(row),
    }
}

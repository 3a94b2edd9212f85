//! Reads what was computed of a call.
//!
//! Turns, interruptions and latencies are computed at each read, from the segments. That takes microseconds, and a fix
//! of their rules holds for earlier calls as well, without a migration.

use audio::{
    conversation::{Conversation, Party},
    speech::Speech,
};
use entity::{call_track::Track, computed_analytics, recording, transcript};
use futures_util::TryStreamExt;
use sea_orm::{ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

use super::{CallAnalytics, CallSpeech, Computed, PartyWords, TrackSpeech, row::speech, words};
use crate::{
    Error, Page, Private, TranscriptKind,
    analytics::analytics_of,
    calls::{CallRef, CallRow, Status},
};

impl Computed {
    /// The analytics that were computed from a call's recording, its words, and the client's latest snapshot, all as of
    /// one moment.
    ///
    /// # Errors
    /// `CallNotFound`; `CallNotFinalized` while the recording is still to be made; `NotComputed` for a call without a
    /// recording, or with one that was never analyzed; or a failing database.
    pub async fn get(&self, call: &CallRef) -> Result<CallAnalytics, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        let row = computed_row(&snapshot, &call).await?;
        // A party without a track says nothing.
        let mut said = Speech::default();
        for TrackSpeech { track, segments } in speech(&row)?.tracks {
            match track {
                Track::Inbound => said.inbound = segments,
                Track::Outbound => said.outbound = segments,
            }
        }
        let [caller_words, agent_words] = words_of(&snapshot, call.id).await?;
        let latest = analytics_of(&snapshot, call.id, Page { limit: 1, offset: 0 }).await?.items.pop();
        Ok(CallAnalytics {
            computed: (&row).into(),
            conversation: Conversation::of(&said),
            caller_words,
            agent_words,
            reported: latest,
        })
    }

    /// The segments of speech of a call's tracks.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn speech(&self, call: &CallRef) -> Result<CallSpeech, Error> {
        let (snapshot, call) = self.core.snapshot_of(call).await?;
        speech(&computed_row(&snapshot, &call).await?)
    }
}

/// The row of a call, or why there is none.
async fn computed_row(snapshot: &DatabaseTransaction, call: &CallRow) -> Result<computed_analytics::Model, Error> {
    if let Some(row) = computed_analytics::Entity::find_by_id(call.id).one(snapshot).await? {
        return Ok(row);
    }
    match call.status {
        Status::Active | Status::Finalizing => Err(Error::CallNotFinalized { ended: call.status != Status::Active }),
        Status::Completed | Status::Failed => {
            let recording = recording::Entity::find().filter(recording::Column::CallId.eq(call.id));
            Err(Error::NotComputed { recorded: recording.one(snapshot).await?.is_some() })
        }
    }
}

/// The words of the caller and of the agent, by the track of each final transcript of speech, else by its speaker.
///
/// Interim results are left out, and so is all that is not speech. A transcript without a track is counted by its
/// speaker if that is `caller` or `agent`, since recognizers of one mixed channel give no track. `None` for a party
/// that has no transcript, which is not the same as zero words.
async fn words_of(snapshot: &DatabaseTransaction, call: Uuid) -> Result<[PartyWords; 2], DbErr> {
    use transcript::{Column, Entity};
    let mut said = Entity::find()
        .filter(Column::CallId.eq(call))
        .filter(Column::Kind.eq(TranscriptKind::Speech))
        .filter(Column::IsFinal.eq(true))
        .select_only()
        .columns([Column::Track, Column::Speaker, Column::Text])
        .into_tuple::<(Option<Track>, Private, Private)>()
        .stream(snapshot)
        .await?;
    let mut found = [PartyWords::default(); 2];
    while let Some((track, speaker, text)) = said.try_next().await? {
        let party = match track {
            Some(Track::Inbound) => Party::Caller,
            Some(Track::Outbound) => Party::Agent,
            None if speaker.expose() == "caller" => Party::Caller,
            None if speaker.expose() == "agent" => Party::Agent,
            None => continue,
        };
        let words = &mut found[usize::from(party == Party::Agent)].words;
        *words = Some(words.unwrap_or(0) + words::count(text.expose()));
    }
    Ok(found)
}

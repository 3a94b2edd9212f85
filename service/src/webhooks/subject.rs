//! What an event is about, for endpoints that want it in the body (`includeData`).

use entity::{
    analytics, call, delivery,
    outbox::Kind,
    transcript::{Column, Entity},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use serde_json::Value;
use uuid::Uuid;

use super::{Describe, Subject, Webhooks};
use crate::{Error, calls::Visible, metadata::metadata_of};

/// The id in a field of an event's data.
fn id(data: &Value) -> Option<Uuid> {
    data.as_str().and_then(|id| id.parse().ok())
}

impl Webhooks {
    /// Sets how subjects are written. Without it, and from a second time on, nothing changes.
    pub fn describe_with(&self, describe: Describe) {
        self.describe.get_or_init(|| describe);
    }

    /// The field with an event's subject; `None` if it is gone.
    pub(super) async fn described(&self, delivery: &delivery::Model) -> Result<Option<(&'static str, Value)>, Error> {
        let Some(describe) = self.describe.get() else { return Ok(None) };
        Ok(self.subject(delivery).await?.and_then(describe))
    }

    async fn subject(&self, delivery: &delivery::Model) -> Result<Option<Subject>, Error> {
        let (readers, call) = (self.core.database.readers(), delivery.call_id);
        Ok(match delivery.kind {
            Kind::CallDeleted => None,
            Kind::CallStarted
            | Kind::CallUpdated
            | Kind::CallEnded
            | Kind::CallCompleted
            | Kind::CallFailed
            | Kind::RecordingReady
            | Kind::RecordingRedacted
            | Kind::RecordingDeleted
            | Kind::AnalyticsComputed
            | Kind::StreamConnected
            | Kind::StreamDisconnected => {
                let row = call::Entity::find_by_id(call).visible().one(readers).await?;
                row.map(|row| Subject::Call(Box::new(row.into())))
            }
            Kind::TranscriptAdded | Kind::TranscriptUpdated => {
                let ids: Vec<Uuid> =
                    delivery.data["transcriptIds"].as_array().into_iter().flatten().filter_map(id).collect();
                let rows = Entity::find().filter(Column::CallId.eq(call)).filter(Column::Id.is_in(ids));
                let rows = rows.order_by_asc(Column::Id).all(readers).await?;
                Some(Subject::Transcripts(rows.into_iter().map(Into::into).collect()))
            }
            Kind::AnalyticsAdded => match id(&delivery.data["analyticsId"]) {
                Some(id) => {
                    let row = analytics::Entity::find_by_id(id).one(readers).await?;
                    row.map(|row| Subject::Analytics(Box::new(row.into())))
                }
                None => None,
            },
            Kind::MetadataUpdated => metadata_of(readers, call).await?.map(Box::new).map(Subject::Metadata),
        })
    }
}

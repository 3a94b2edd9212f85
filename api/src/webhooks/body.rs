//! What an event is about, in the body of a delivery: the same as the operations return.

use serde_json::{Value, to_value};
use service::Subject;

use crate::{
    analytics::model::Analytics, calls::model::Call, metadata::model::Metadata, transcripts::model::Transcript,
};

/// The field of a body with an event's subject.
pub(crate) fn describe(subject: Subject) -> Option<(&'static str, Value)> {
    let (name, value) = match subject {
        Subject::Call(call) => ("call", to_value(Call::new(*call).ok()?)),
        Subject::Transcripts(all) => {
            ("transcripts", to_value(all.into_iter().map(Transcript::from).collect::<Vec<_>>()))
        }
        Subject::Analytics(analytics) => ("analytics", to_value(Analytics::from(*analytics))),
        Subject::Metadata(metadata) => ("metadata", to_value(Metadata::from(*metadata))),
    };
    Some((name, value.ok()?))
}

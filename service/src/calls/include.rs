//! The parts of all calls of a page, read with one query for each part.
//!
//! A page of 500 calls with all parts costs three queries more, not 1,500. Parts are read in the snapshot of the page,
//! so a call that is shown as completed has its recording beside it.

use std::collections::HashMap;

use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::{Call, CallParts, part::Calls};
use crate::{Error, analytics::latest_of_calls, computed::computed_of, metadata::metadata_of_calls};

/// A part that can be included with each call of a list. All calls of a page are read with one query for each part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListPart {
    /// The calls' recordings.
    Recordings,
    /// The calls' metadata.
    Metadata,
    /// Each call's latest analytics snapshot.
    Analytics,
    /// The calls' computed analytics.
    Computed,
}

impl Calls {
    /// Reads the parts of all calls of a page.
    pub(super) async fn include(
        &self,
        connection: &impl ConnectionTrait,
        calls: Vec<Call>,
        include: &[ListPart],
    ) -> Result<Vec<(Call, CallParts)>, Error> {
        let ids: Vec<Uuid> = calls.iter().map(|call| call.id).collect();
        let mut parts: HashMap<Uuid, CallParts> = HashMap::new();
        for part in include {
            match part {
                ListPart::Recordings => {
                    let mut found = self.recordings.of_calls(connection, &ids).await?;
                    for id in &ids {
                        let of_call = found.remove(id).unwrap_or_default();
                        parts.entry(*id).or_default().recordings = Some(of_call);
                    }
                }
                ListPart::Metadata => {
                    let mut found = metadata_of_calls(connection, &ids).await?;
                    for id in &ids {
                        parts.entry(*id).or_default().metadata = Some(found.remove(id));
                    }
                }
                ListPart::Analytics => {
                    let mut found = latest_of_calls(connection, &ids).await?;
                    for id in &ids {
                        let of_call = found.remove(id).into_iter().collect();
                        parts.entry(*id).or_default().analytics = Some(of_call);
                    }
                }
                ListPart::Computed => {
                    let mut found = computed_of(connection, &ids).await?;
                    for id in &ids {
                        parts.entry(*id).or_default().computed = Some(found.remove(id));
                    }
                }
            }
        }
        let with_parts = |call: Call| {
            let parts = parts.remove(&call.id).unwrap_or_default();
            (call, parts)
        };
        Ok(calls.into_iter().map(with_parts).collect())
    }
}

//! Which phone call a stream's stored call belongs to.

use super::{part::Streams, token::StreamToken};
use crate::{Error, calls::CallRow, metadata::metadata_of};

impl Streams {
    /// Refuses a stream whose call is another phone call's, or not the one to which its token was bound. A token that
    /// was used for the first time leads to a stored call only if that is known to be of the token's phone call.
    pub(super) async fn check_owner(
        &self,
        call: &CallRow,
        given: Option<&str>,
        token: Option<&StreamToken>,
    ) -> Result<(), Error> {
        let stored = match &call.call_sid {
            Some(call_sid) => Some(call_sid.clone()),
            // The phone call's further streams have it here.
            None => {
                let metadata = metadata_of(self.core.database.readers(), call.id).await?;
                let custom_data = metadata.and_then(|metadata| metadata.custom_data);
                custom_data.and_then(|data| data.expose().get("callSid")?.as_str().map(str::to_owned))
            }
        };
        let is_same = match token {
            Some(StreamToken { call: Some(bound), .. }) => *bound == call.id,
            Some(_) => stored.is_some() && stored.as_deref() == given,
            None => true,
        };
        let differs = stored.as_deref().zip(given).is_some_and(|(stored, given)| stored != given);
        if is_same && !differs { Ok(()) } else { Err(Error::ForeignStream) }
    }
}

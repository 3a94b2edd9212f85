//! Looks up what a code stands for.

use actix_web::http::StatusCode;

use super::{
    code::{Entry, ProblemCode},
    table::{GENERAL, problems},
};

impl ProblemCode {
    pub(super) fn entry(self) -> &'static Entry {
        problems().find(|entry| entry.0 == self).unwrap_or(&GENERAL[0])
    }

    /// The status of the response.
    #[must_use]
    pub fn status(self) -> StatusCode {
        self.entry().1
    }

    /// The code on the wire.
    #[must_use]
    pub fn name(self) -> String {
        serde_json::to_value(self).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Counts a response with this code in the metrics.
    pub fn count(self, route: &str) {
        let labels = [("route", route.to_owned()), ("code", self.name())];
        metrics::counter!("callstore_problems_total", &labels).increment(1);
    }

    pub(super) fn of_status(status: StatusCode) -> Self {
        let entry = problems().find(|entry| entry.1 == status);
        let other = if status.is_client_error() { Self::BadRequest } else { Self::InternalError };
        entry.map_or(other, |entry| entry.0)
    }
}

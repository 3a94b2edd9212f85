//! Form bodies, as HTML forms and webhooks send them.

use std::{borrow::Cow, future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use validator::Validate;

use super::{body::Body, query::parse};
use crate::{
    limits::FORM_MAX_BYTES,
    problem::{Problem, ProblemCode},
};

/// The content type of forms.
const TYPE: &str = "application/x-www-form-urlencoded";

/// A form body whose escapes are valid UTF-8.
#[derive(Debug)]
pub struct Form(String);

impl FromRequest for Form {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = Body::read(&request, &mut payload, FORM_MAX_BYTES).await?;
            body.expect(&[TYPE])?;
            Self::of(&body.bytes)
        })
    }
}

impl Form {
    /// Validates a body as a form.
    pub fn of(bytes: &[u8]) -> Result<Self, Problem> {
        let refuse = || {
            Problem::new(
                ProblemCode::BadRequest,
                "The form is not valid UTF-8. Percent-encode its characters as UTF-8.",
            )
        };
        let text = str::from_utf8(bytes).map_err(|_| refuse())?;
        percent_decode_str(text).decode_utf8().map_err(|_| refuse())?;
        Ok(Self(text.to_owned()))
    }

    /// The names and values, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        form_urlencoded::parse(self.0.as_bytes())
    }

    /// Deserializes and validates the form.
    pub fn read<T: DeserializeOwned + Validate>(&self) -> Result<T, Problem> {
        parse(&self.0)
    }
}

//! Who makes a request, as the request pipeline has found out.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use service::Author;

/// Who makes the request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct By(pub Author);

impl By {
    /// The client of a request whose key has been checked; one without a key if it needs none.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self(request.extensions().get::<Author>().copied().unwrap_or_default())
    }
}

impl FromRequest for By {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

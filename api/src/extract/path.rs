//! Path segments. A segment that cannot be a valid id is answered with 404.

use std::{
    borrow::Cow,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web::Data};
use futures_util::future::{Either, LocalBoxFuture};
use percent_encoding::percent_decode_str;
use service::{CallRef, Callstore, Error};
use uuid::Uuid;

use super::By;
use crate::problem::Problem;

/// The call in a path, by id or `streamSid`. A client that may write only to some calls is refused any other.
#[derive(Debug)]
pub(crate) struct CallPath(pub CallRef);

impl FromRequest for CallPath {
    type Error = Problem;
    type Future = Either<Ready<Result<Self, Problem>>, LocalBoxFuture<'static, Result<Self, Problem>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let call = request.match_info().query("call");
        let call = decoded(call).as_deref().and_then(CallRef::parse);
        let By(author) = By::of(request);
        match (call, request.app_data::<Data<Callstore>>()) {
            (Some(call), _) if !author.is_confined() => Either::Left(ready(Ok(Self(call)))),
            (Some(call), Some(callstore)) => {
                let callstore = callstore.clone();
                Either::Right(Box::pin(async move { Ok(Self(callstore.keys.confine(&author, &call).await?)) }))
            }
            _ => Either::Left(ready(Err(Error::CallNotFound.into()))),
        }
    }
}

/// The recording in a path, by id.
#[derive(Debug)]
pub(crate) struct IdPath(pub Uuid);

impl FromRequest for IdPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request).map(Self).ok_or_else(|| Error::RecordingNotFound.into()))
    }
}

/// The transcript in a path, by id.
#[derive(Debug)]
pub(crate) struct TranscriptPath(pub Uuid);

impl FromRequest for TranscriptPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request).map(Self).ok_or_else(|| Error::TranscriptNotFound.into()))
    }
}

/// The API key in a path, by id.
#[derive(Debug)]
pub(crate) struct KeyPath(pub Uuid);

impl FromRequest for KeyPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request).map(Self).ok_or_else(|| Error::KeyNotFound.into()))
    }
}

/// The webhook in a path, by id.
#[derive(Debug)]
pub(crate) struct WebhookPath(pub Uuid);

impl FromRequest for WebhookPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(id(request).map(Self).ok_or_else(|| Error::WebhookNotFound.into()))
    }
}

/// A webhook and one of its deliveries in a path, by id.
#[derive(Debug)]
pub(crate) struct DeliveryPath {
    pub webhook: Uuid,
    pub delivery: Uuid,
}

impl FromRequest for DeliveryPath {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let path = id(request).ok_or(Error::WebhookNotFound).and_then(|webhook| {
            let delivery = named(request, "delivery").ok_or(Error::DeliveryNotFound)?;
            Ok(Self { webhook, delivery })
        });
        ready(path.map_err(Into::into))
    }
}

fn id(request: &HttpRequest) -> Option<Uuid> {
    named(request, "id")
}

fn named(request: &HttpRequest, segment: &str) -> Option<Uuid> {
    let id = decoded(request.match_info().query(segment));
    id.filter(|id| id.len() == 36).and_then(|id| Uuid::try_parse(&id).ok())
}

/// Decodes all escapes. actix leaves those of reserved characters, but clients may escape any character.
fn decoded(segment: &str) -> Option<Cow<'_, str>> {
    percent_decode_str(segment).decode_utf8().ok()
}

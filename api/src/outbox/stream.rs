//! `streamEvents`: server-sent events (HTML standard, section 9.2).

use std::{fmt::Write, time::Duration};

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse, get,
    http::header::{ContentEncoding, HeaderMap},
    web::{Bytes, Data},
};
use futures_util::stream::{self, Stream};
use serde::Deserialize;
use service::{Callstore, Error, Follower, KeyGrant, OutboxEvent};
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use validator::Validate;

use super::{
    model::{Event, StoreEventType},
    types::{Types, filter, seen},
};
use crate::{
    extract::Query,
    problem::Problem,
    request::{ended, is_head},
};

/// How often a reader that is told nothing gets a comment, so that no proxy takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// The header in which a reader that comes back names the last event that it has seen.
const LAST_EVENT_ID: &str = "Last-Event-ID";
/// After how many milliseconds a reader whose connection was lost comes back.
const RETRY_MS: u32 = 1_000;

/// Where a reader begins, and what it wants.
#[derive(Debug, Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamEventsQuery {
    /// Begin after the event with this id. `Last-Event-ID` has precedence.
    after: Option<Uuid>,
    /// Only events of these types, such as `call.ended` or `call.*`.
    #[param(inline, style = Form, explode = false)]
    #[serde(default)]
    types: Types,
    /// Only events of this call, by id or `streamSid`.
    call: Option<String>,
}

/// An endless text of events.
#[derive(ToSchema)]
#[schema(value_type = String)]
struct EventStream(#[expect(dead_code, reason = "only its schema is used")] String);

/// Follow events
///
/// Server-sent events, from now on or after `Last-Event-ID`. `id` is the event's id, `event` its type, `data` the event
/// as JSON. Every 15 seconds without an event there is a comment, with the id after which to go on. Each event is told
/// once, in order; a connection that is not read is cut.
#[utoipa::path(
    operation_id = "streamEvents",
    tag = "Events",
    security(("apiKey" = ["read"])),
    params(
        StreamEventsQuery,
        ("Last-Event-ID" = Option<String>, Header, description = "Begin after the event with this id. Browsers send it when they reconnect."),
    ),
    responses(
        (status = 200, description = "The events, until the client closes the connection.",
            content((EventStream = "text/event-stream"))),
        (status = 404, description = "`call_not_found`: no call has this id or streamSid."),
        (status = 410, description = "`event_expired`: events after this id may be gone. Read what you need anew, and follow without it."),
    ),
)]
#[get("/events/stream")]
pub(crate) async fn stream_events(
    callstore: Data<Callstore>,
    request: HttpRequest,
    Query(query): Query<StreamEventsQuery>,
) -> Result<HttpResponse, Problem> {
    let after = last_event_id(request.headers())?.or(query.after);
    let filter = filter(&callstore, query.types, query.call.as_deref()).await?;
    let follower = callstore.outbox.follow(seen(after)?, filter).await?;
    let mut response = HttpResponse::Ok();
    response
        .content_type("text/event-stream")
        // nginx would otherwise collect the events.
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header(ContentEncoding::Identity);
    if is_head(&request) {
        return Ok(response.finish());
    }
    let grant = request.extensions_mut().remove::<KeyGrant>();
    Ok(response.streaming(told(Reader { follower, grant, began: false })))
}

/// The event that a reader names in its header; empty before its first.
fn last_event_id(headers: &HeaderMap) -> Result<Option<Uuid>, Problem> {
    let Some(id) = headers.get(LAST_EVENT_ID).filter(|id| !id.is_empty()) else { return Ok(None) };
    let id = id.to_str().ok().and_then(|id| Uuid::try_parse(id).ok());
    id.map(Some).ok_or_else(|| {
        Problem::invalid_field("", "The header Last-Event-ID is no id of an event. Send one unchanged, or none.")
    })
}

/// A reader, and what ends its connection.
struct Reader {
    follower: Follower,
    /// A key that was revoked meanwhile reads no more.
    grant: Option<KeyGrant>,
    began: bool,
}

/// The text that a reader gets, event by event. It ends when the service stops, when the key ends, and when the
/// database fails: the reader then comes back.
fn told(reader: Reader) -> impl Stream<Item = Result<Bytes, Error>> {
    stream::unfold(reader, |mut reader| async move {
        if !reader.began {
            reader.began = true;
            let begin = format!("retry: {RETRY_MS}\n{}", heartbeat(&reader.follower));
            return Some((Ok(Bytes::from(begin)), reader));
        }
        let next = tokio::select! {
            biased;
            _ = ended(&mut reader.grant) => return None,
            next = timeout(HEARTBEAT, reader.follower.next()) => next,
        };
        let text = match next {
            Ok(Ok(Some(events))) => {
                let mut text = String::new();
                events.iter().for_each(|event| text.push_str(event.written(block)));
                text
            }
            Ok(Ok(None)) => return None,
            Ok(Err(error)) => {
                tracing::warn!(%error, "A reader of events was cut, because they could not be read.");
                return None;
            }
            Err(_) => heartbeat(&reader.follower),
        };
        Some((Ok(Bytes::from(text)), reader))
    })
}

/// A comment, and the id from which the reader goes on if it loses the connection now. A block without data raises no
/// event.
fn heartbeat(follower: &Follower) -> String {
    let id = follower.seen().map(|seen| format!("id: {}\n", seen.as_uuid()));
    format!(": \n{}\n", id.unwrap_or_default())
}

/// An event as a block of the stream.
fn block(event: &OutboxEvent) -> String {
    let event = Event::from(event);
    let data = serde_json::to_string(&event).unwrap_or_default();
    let mut block = String::with_capacity(data.len() + 96);
    let name = StoreEventType::name(event.event_type);
    // Writing to a string does not fail.
    let _ = write!(block, "id: {}\nevent: {name}\ndata: {data}\n\n", event.id);
    block
}

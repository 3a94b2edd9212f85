//! A carrier's media stream: it starts or resumes a call, adds frames to it, and ends it.
//!
//! A carrier decides when a call begins and ends, so its stream does both. Frames are stored in the call's format, with
//! the carrier's own counters as sequence numbers; that makes a frame that is sent twice a duplicate. A carrier reads
//! no answers: a frame that is refused is counted, and the stream goes on.

use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Arrival, Interruption,
    continuity::{Continuity, Frame},
    part::Streams,
    registry::Registration,
    token::StreamToken,
};
use crate::{
    Author, CallRef, Direction, Error, NewCall, NewEvent, NewMetadata, Precondition, Private,
    calls::{AudioFormat, CallRow, EndReason, Status, as_id, find},
    chunks::SharedChunks,
};

/// Pauses between attempts to store frames when the database fails.
const RETRIES: [Duration; 5] = [
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];

/// The start of a media stream.
#[derive(Clone, Debug, PartialEq)]
pub struct NewStream {
    /// The stream's id, already validated.
    pub stream_sid: String,
    /// The carrier's id of the phone call, already validated.
    pub call_sid: Option<String>,
    /// Who called.
    pub caller: Private,
    /// Who answered, if the stream says so.
    pub agent: Option<Private>,
    /// Which way the phone call went, if the stream says so.
    pub direction: Option<Direction>,
    /// The platform's name, for the log.
    pub dialect: &'static str,
    /// Encoding of its payloads; mu-law at 8 kHz by default.
    pub audio_format: Option<AudioFormat>,
    /// The stream's other parameters.
    pub custom_data: Private<Map<String, Value>>,
}

/// A carrier's socket that holds a call's stream. End it with [`stop`](Self::stop) or [`close`](Self::close).
///
/// Of several sockets of one stream, only the newest is registered; the others have been told to close. Dropping it
/// without either leaves the call to its idle timeout.
pub struct MediaStream {
    streams: Streams,
    call: CallRef,
    id: Uuid,
    registration: Registration,
    continuity: Continuity,
}

/// Numbers of frames that were refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Refused {
    /// Frames whose number is stored with other audio or another timestamp.
    pub conflicts: u64,
    /// Frames with an invalid value.
    pub invalid: u64,
}

impl Streams {
    /// Starts a stream's call, or resumes it if the stream has reconnected. The sockets of a stream open in the order
    /// of their arrival. An older socket is interrupted, and its audio is stored when this returns.
    ///
    /// # Errors
    /// `CallNotAllowed`, `ForeignStream`, `StreamSidTaken` for the id of another call, `CallEnded`, `FormatMismatch` if
    /// the stream reconnects in another format, `Invalid`, or a failing database.
    pub async fn open(
        &self,
        new: NewStream,
        author: Author,
        token: Option<StreamToken>,
        arrival: Arrival,
    ) -> Result<MediaStream, Error> {
        let now = self.core.now();
        arrival.turn(&new.stream_sid).await;
        let (given, call_sid, dialect) = (new.audio_format, new.call_sid.clone(), new.dialect);
        let (call, created) = self.call_of_stream(new, author, token.as_ref()).await?;
        author.check(call.id, call.owner_id)?;
        if !created {
            self.check_owner(&call, call_sid.as_deref(), token.as_ref()).await?;
        }
        if let Some(token) = &token {
            self.bind_token(token, call.id).await?;
        }
        if call.status != Status::Active {
            return Err(Error::CallEnded);
        }
        let expected = AudioFormat::of(&call);
        if let Some(given) = given.filter(|&given| given != expected) {
            return Err(Error::FormatMismatch { expected: expected.to_string(), given: given.to_string() });
        }
        // If an earlier process has written to the call, the stream started when the call was created.
        let began = if call.last_write_at.is_some() { call.created_at } else { now };
        let (registration, began) = Registration::of_carrier(&self.sockets, call.id, arrival, began).await;
        let epoch_ms = registration.epoch_ms();
        self.note_open(call.id).await?;
        let elapsed_ms = u32::try_from(now.0 - began.0).unwrap_or(if now.0 < began.0 { 0 } else { u32::MAX });
        // The counters of a late socket have not begun again after what is stored: they come from before it.
        let begins = created || registration.is_late();
        let stored = if begins { [None; 2] } else { self.stored_tracks(call.id, expected).await? };
        let continuity = Continuity::new(stored, elapsed_ms, epoch_ms);
        let id = call.id;
        tracing::info!(protocol = "twilio", dialect, call = %id, resumed = !created, "A stream connected.");
        Ok(MediaStream { streams: self.clone(), call: CallRef::of(id), id, registration, continuity })
    }

    /// The call with the stream's id, or a new one; and whether it is new.
    ///
    /// Looks before it starts, because most sockets that are not new are reconnects. Two sockets that start the same
    /// stream at once are told apart by the unique `streamSid`: the one that loses reads the call of the one that won.
    async fn call_of_stream(
        &self,
        new: NewStream,
        author: Author,
        token: Option<&StreamToken>,
    ) -> Result<(CallRow, bool), Error> {
        let name = CallRef::by_stream_sid(&new.stream_sid);
        // Requests would take such a name for the other call's id.
        if let Some(id) = as_id(&new.stream_sid)
            && find(self.core.database.readers(), &CallRef::of(id)).await.is_ok_and(|call| call.id == id)
        {
            return Err(Error::StreamSidTaken { field: "streamSid" });
        }
        match find(self.core.database.readers(), &name).await {
            Ok(call) => return Ok((call, false)),
            // The call of the token was deleted.
            Err(Error::CallNotFound) if token.is_some_and(|token| token.call.is_some()) => {
                return Err(Error::ForeignStream);
            }
            Err(Error::CallNotFound) => {}
            Err(error) => return Err(error),
        }
        let mut custom_data = new.custom_data.into_inner();
        let mut start = NewCall {
            stream_sid: Some(new.stream_sid),
            caller: Some(new.caller),
            call_sid: new.call_sid,
            agent: new.agent,
            direction: new.direction,
            start_time: None,
            audio_format: new.audio_format,
        };
        let mut started = self.calls.start_row(start.clone(), author, None).await;
        if matches!(started, Err(Error::CallSidTaken)) {
            // A phone call can have several streams. The first one keeps the `callSid`.
            if let Some(call_sid) = start.call_sid.take() {
                custom_data.entry("callSid").or_insert(call_sid.into());
            }
            started = self.calls.start_row(start, author, None).await;
        }
        let started = match started {
            // Another socket was faster.
            Err(Error::StreamSidTaken { .. }) => {
                return Ok((find(self.core.database.readers(), &name).await?, false));
            }
            started => started?,
        };
        let id = started.call.id;
        if started.created && !custom_data.is_empty() {
            let metadata =
                NewMetadata { custom_data: Some(Value::Object(custom_data).into()), ..NewMetadata::default() };
            match self.metadata.set(&CallRef::of(id), metadata, author, Precondition::default()).await {
                Ok(_) => {}
                Err(Error::Invalid(_)) => {
                    tracing::warn!(call = %id, "A stream's parameters are too large or too deep and were not stored.");
                }
                Err(error) => return Err(error),
            }
        }
        Ok((started.call, started.created))
    }
}

impl MediaStream {
    /// The call's id.
    #[must_use]
    pub fn call_id(&self) -> Uuid {
        self.id
    }

    /// Waits until the socket must close.
    pub async fn interrupted(&self) -> Interruption {
        self.registration.interrupted().await
    }

    /// Stores frames together, or individually if one is refused, and returns how many were refused. Retries for some
    /// seconds while the database fails.
    ///
    /// What was stored before a failure is not stored again: only the rest is retried.
    ///
    /// # Errors
    /// `CallEnded`, `CallNotFound` for a call that was deleted, or a failing database.
    pub async fn add(&mut self, frames: Vec<Frame>) -> Result<Refused, Error> {
        let mut chunks = SharedChunks::from(self.continuity.place(frames));
        if let Some(epoch_ms) = self.continuity.new_epoch_ms() {
            self.registration.note_epoch(epoch_ms);
        }
        let mut refused = Refused::default();
        let mut pauses = RETRIES.into_iter();
        loop {
            let added = self.streams.chunks.add_bisecting(&self.call, chunks).await;
            for chunk in added.chunks {
                match chunk {
                    Ok(_) => {}
                    Err(Error::ChunkConflict { .. }) => refused.conflicts += 1,
                    Err(_) => refused.invalid += 1,
                }
            }
            match added.halted {
                None => return Ok(refused),
                Some((error @ (Error::CallEnded | Error::CallNotFound), _)) => return Err(error),
                Some((error, rest)) => {
                    let Some(pause) = pauses.next() else { return Err(error) };
                    tokio::time::sleep(pause).await;
                    chunks = rest;
                }
            }
        }
    }

    /// Stores an event at the position of the latest frame given to [`add`](Self::add). Retries for some seconds while
    /// the database fails.
    ///
    /// An event of a call that was deleted is dropped without an error; the next frames will end the stream.
    ///
    /// # Errors
    /// A failing database.
    pub async fn add_event(&self, event: NewEvent) -> Result<(), Error> {
        let mut pauses = RETRIES.into_iter();
        loop {
            let kept = self.streams.events.add(self.id, event.clone(), self.continuity.position_ms()).await;
            match (kept, pauses.next()) {
                (kept @ (Ok(()) | Err(Error::CallNotFound)), _) | (kept, None) => return kept,
                (Err(_), Some(pause)) => tokio::time::sleep(pause).await,
            }
        }
    }

    /// Ends the call, because the stream has sent `stop`.
    ///
    /// # Errors
    /// `CallNotFound` for a call that was deleted, or a failing database.
    pub async fn stop(self) -> Result<(), Error> {
        self.streams.calls.end_in_background(&self.call, EndReason::StreamStop).await
    }

    /// Notes that the socket has closed without a `stop`. The stream may reconnect within the grace period.
    pub async fn close(self) {
        self.streams.deregister(self.id, self.registration).await;
    }
}

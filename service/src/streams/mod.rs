//! Sockets that carry a call's audio. A carrier's media stream starts and ends its call; a socket of Callstore's
//! stream protocol joins an existing call. Both note in the database when they open and close, so that a call whose
//! stream does not come back can be ended.
//!
//! | file | what it does |
//! | --- | --- |
//! | `arrival` | the order of a carrier's sockets, from before their handshake |
//! | `carrier` | a carrier's media stream: start or resume a call, add frames, end |
//! | `continuity` | positions of frames after a reconnect |
//! | `handshake` | signed handshakes, each of which opens one socket |
//! | `registry` | the open sockets of each call, and what interrupts them |
//! | `stored` | what is stored of a call when a carrier's socket opens |
//! | `token` | one-time tokens that open a stream |
//!
//! A socket's life: it is registered, notes in the call's row that it is open, stores audio until something interrupts
//! it, leaves the list, and notes that it is gone if it was the last one. A process that crashes leaves calls that look
//! connected; they end by their idle timeout.

mod arrival;
mod carrier;
mod continuity;
mod handshake;
mod owner;
mod part;
mod registry;
mod stored;
#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
pub(crate) mod token;

use entity::call::{Column, Entity};
use futures_util::FutureExt;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use uuid::Uuid;

pub use arrival::Arrival;
pub use carrier::{MediaStream, NewStream, Refused};
pub use continuity::Frame;
pub use part::Streams;
pub use registry::Interruption;
pub(crate) use registry::Sockets;
pub use token::{StreamToken, TokenRefused};

use crate::{
    CallRef, Error, NewChunk,
    calls::{AudioFormat, Status, find},
    chunks::{Added, Chunks},
    outbox::Cause,
};
use registry::Registration;

/// A socket of Callstore's stream protocol on a call.
///
/// Any number of them may be open on a call, on any node, beside a carrier's stream. None of them ends the call: that
/// is the client's decision.
pub struct CallSocket {
    streams: Streams,
    call: CallRef,
    id: Uuid,
    format: AudioFormat,
    registration: Registration,
}

impl Streams {
    /// Opens a socket on an active call, beside any others.
    ///
    /// It is registered before the note is written, so that another socket that closes at the same moment does not note
    /// a call as disconnected that has just got this one.
    ///
    /// # Errors
    /// `CallNotFound`, `CallEnded`, or a failing database.
    pub async fn open_socket(&self, call: &CallRef) -> Result<CallSocket, Error> {
        let found = find(self.core.database.readers(), call).await?;
        if found.status != Status::Active {
            return Err(Error::CallEnded);
        }
        let registration = Registration::beside(&self.sockets, found.id);
        self.note_open(found.id).await?;
        let format = AudioFormat::of(&found);
        Ok(CallSocket { streams: self.clone(), call: CallRef::of(found.id), id: found.id, format, registration })
    }

    /// Notes that a socket is open on a call.
    ///
    /// Writes the row at once, although other notes wait: a call that seems disconnected for a minute is ended.
    async fn note_open(&self, call: Uuid) -> Result<(), Error> {
        let now = self.core.now();
        let about = CallRef::of(call);
        let noted = self.core.write(Some(&about), 0, move |batch| {
            async move {
                let is_active = batch.note_open(call, now).await?;
                if is_active {
                    batch.state().tell(Cause::stream_connected(call), now);
                }
                Ok(is_active)
            }
            .boxed()
        });
        if noted.await? { Ok(()) } else { Err(Error::CallEnded) }
    }

    /// Repeats the note for calls with open sockets here that another node has marked as disconnected. That happens
    /// when a stream reconnects to this node before the other node notes the disconnect.
    pub(crate) async fn note_still_open(&self) -> Result<(), Error> {
        let calls = Entity::find().select_only().column(Column::Id).filter(Column::Id.is_in(self.sockets.open()));
        let gone = calls.filter(Column::Status.eq(Status::Active)).filter(Column::DisconnectedAt.is_not_null());
        let gone: Vec<Uuid> = gone.into_tuple().all(self.core.database.readers()).await?;
        for call in gone {
            match self.note_open(call).await {
                Ok(()) | Err(Error::CallEnded) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Notes that a call's last socket has closed.
    async fn note_disconnect(&self, call: Uuid) -> Result<(), Error> {
        let (sockets, now) = (self.sockets.clone(), self.core.now());
        self.core
            .write(Some(&CallRef::of(call)), 0, move |batch| {
                async move {
                    // A socket that has opened meanwhile is already registered, and its own note is written later.
                    if !sockets.is_open(call) && batch.note_disconnect(call, now).await? {
                        batch.state().tell(Cause::stream_disconnected(call), now);
                    }
                    Ok(())
                }
                .boxed()
            })
            .await
    }

    /// Leaves a call. A failure is only logged, because a closing socket cannot act on it.
    async fn deregister(&self, call: Uuid, mut registration: Registration) {
        registration.leave();
        if let Err(error) = self.note_disconnect(call).await {
            tracing::error!(%call, %error, "A stream's disconnect could not be stored; the call ends by its idle timeout.");
        }
    }
}

impl CallSocket {
    /// The call's id.
    #[must_use]
    pub fn call_id(&self) -> Uuid {
        self.id
    }

    /// The call's format.
    #[must_use]
    pub fn format(&self) -> AudioFormat {
        self.format
    }

    /// A handle that stores chunks for this socket, and may do so while the socket reads more.
    #[must_use]
    pub fn writer(&self) -> SocketWriter {
        SocketWriter { chunks: self.streams.chunks.clone(), call: self.call.clone() }
    }

    /// Waits until the socket must close.
    pub async fn interrupted(&self) -> Interruption {
        self.registration.interrupted().await
    }

    /// Notes that the socket has closed.
    pub async fn close(self) {
        self.streams.deregister(self.id, self.registration).await;
    }
}

/// Stores the chunks of a socket. Cheap to clone.
#[derive(Clone)]
pub struct SocketWriter {
    chunks: Chunks,
    call: CallRef,
}

impl SocketWriter {
    /// Stores chunks together, and refuses bad ones individually. Chunks returned as stored are durable.
    pub async fn add(&self, chunks: Vec<NewChunk>) -> Added {
        self.chunks.add_bisecting(&self.call, chunks.into()).await
    }
}

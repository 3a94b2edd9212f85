//! Asterisk's `AudioSocket` on a port of its own. It has no authentication, so the port is closed unless it is set, and
//! belongs into a network that only Asterisk reaches.

use std::{io, net::SocketAddr, sync::Arc};

use actix_web::rt::net::{TcpListener, TcpStream};
use dialects::{AudioSocket as Reader, Context, Name};
use service::{Actor, Author, Callstore, Ids, NewAuditEntry};
use tokio::{
    io::AsyncReadExt,
    sync::Semaphore,
    time::{Instant, sleep_until, timeout},
};
use uuid::Uuid;

use super::{
    STREAM,
    admission::Admission,
    ending::Ending,
    session::Session,
    stream::{due, interrupted, question},
};
use crate::{
    limits::{AUDIOSOCKET_CONNECTIONS_MAX, AUDIOSOCKET_IDLE_LIMIT, MEDIA_START_LIMIT},
    socket::{CloseCode, OpenSocket},
};

/// The bytes read at a time.
const READ_BYTES: usize = 16 * 1024;

/// Takes the address. Fails at the start of the service, and not later.
///
/// # Errors
/// A sentence that names the address and the setting.
pub(crate) fn bind(address: SocketAddr) -> Result<std::net::TcpListener, String> {
    let bound = || {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        io::Result::Ok(listener)
    };
    bound().map_err(|error| {
        format!("cannot listen on {address} for AudioSocket: {error}; --audiosocket-listen chooses another address")
    })
}

/// Accepts connections until the service stops. Beyond the limit they are closed at once.
pub(crate) async fn serve(listener: std::net::TcpListener, callstore: Callstore, ids: Arc<dyn Ids>) {
    let listener = match TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "AudioSocket connections cannot be accepted."),
    };
    let slots = Arc::new(Semaphore::new(AUDIOSOCKET_CONNECTIONS_MAX));
    loop {
        // A connection that failed while it waited concerns nobody else.
        let Ok((io, peer)) = listener.accept().await else {
            tokio::task::yield_now().await;
            continue;
        };
        let Ok(slot) = slots.clone().try_acquire_owned() else {
            metrics::counter!("callstore_stream_refused_total", "code" => "1013").increment(1);
            tracing::warn!("An AudioSocket connection was refused: there are too many.");
            continue;
        };
        let arrival = callstore.streams.note_arrival();
        let mut session = Session::new(callstore.clone(), Author::default(), Admission::Key, arrival);
        session.entry = Some(Box::new(entry_of(peer, ids.next())));
        let reader = Reader::new(Context::new([], ids.next().to_string()));
        let connection = Connection { session, reader, io };
        actix_web::rt::spawn(async move {
            connection.run().await;
            drop(slot);
        });
    }
}

/// What is entered once the stream starts, then with its call. There is no request, so there is no status.
fn entry_of(peer: SocketAddr, id: Uuid) -> NewAuditEntry {
    NewAuditEntry {
        actor: Actor::Anyone,
        key_id: None,
        address: Some(peer.ip().to_canonical().to_string()),
        forwarded_for: None,
        operation: STREAM.to_owned(),
        resource: String::new(),
        status: 0,
        count: 1,
        request_id: None,
        server_request_id: Some(id),
    }
}

/// One connection.
struct Connection {
    session: Session,
    reader: Reader,
    io: TcpStream,
}

impl Connection {
    async fn run(mut self) {
        let _open = OpenSocket::count("audiosocket");
        let ending = self.listen().await;
        let call = self.session.call();
        let ending = self.session.close(ending).await;
        ending.note(call, self.session.name.as_deref(), Some(Name::AudioSocket), &self.session.skipped);
    }

    async fn listen(&mut self) -> Ending {
        let late = Instant::now() + MEDIA_START_LIMIT;
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let stream = self.session.stream.as_ref();
            let taken = tokio::select! {
                biased;
                interruption = interrupted(stream) => return interruption.into(),
                () = due(stream) => self.session.store_now().await,
                () = sleep_until(late), if !self.reader.is_named() => {
                    return Ending::new(CloseCode::Policy, "No packet named the call in time.");
                }
                read = timeout(AUDIOSOCKET_IDLE_LIMIT, self.io.read(&mut buffer)) => {
                    match read {
                        Ok(Ok(count)) if count > 0 => self.reader.bytes(buffer.get(..count).unwrap_or_default()),
                        // Silence for so long is an end as well as a lost connection: nobody comes back.
                        Ok(Ok(_) | Err(_)) | Err(_) => self.reader.finish(),
                    }
                    self.session.take(self.reader.events(), Some(Name::AudioSocket)).await
                }
                question = question(&mut self.session.arrival) => {
                    if let Some(arrival) = &self.session.arrival {
                        arrival.tell_silent(question);
                    }
                    Ok(())
                }
            };
            if let Err(ending) = taken {
                return ending;
            }
        }
    }
}

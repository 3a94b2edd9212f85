//! Requests for a WebSocket. The application answers them like all others, with its middleware. If it accepts the
//! handshake, the connection leaves actix, which frees two buffers of 8 KiB.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    rc::Rc,
};

use actix_codec::{Encoder, Framed};
use actix_http::{
    ConnectionType, Request, Response,
    body::{BodySize, MessageBody},
    h1::{Codec, Message},
};
use actix_service::Service;
use actix_web::{HttpResponse, dev::ServiceResponse, http::StatusCode};
use bytes::{Bytes, BytesMut};

use crate::connections::{connection::Connection, slots::Slot, stream::ClientStream};

/// A future that stays on its thread.
pub(super) type LocalFuture<T> = Pin<Box<dyn Future<Output = T>>>;

/// The function that takes over the connection. A 101 response carries it in its extensions.
pub(super) struct Takeover(pub Box<dyn FnOnce(Connection) -> LocalFuture<()>>);

/// Answers an upgrade request, and passes the connection on if the application accepted the handshake.
pub(crate) fn answer<S, B>(
    app: Rc<S>,
    request: Request,
    framed: Framed<ClientStream, Codec>,
) -> LocalFuture<Result<(), actix_web::Error>>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    Box::pin(async move {
        // Boxed so that the memory of `respond` is freed before the connection is passed on, which may last for hours.
        match Box::pin(respond(app, request, framed)).await {
            Ok((connection, Some(Takeover(go_on)), _slot)) => go_on(connection).await,
            Ok((connection, None, _slot)) => connection.close().await,
            // The peer disconnected before it got the response.
            Err(_) => {}
        }
        Ok(())
    })
}

async fn respond<S, B>(
    app: Rc<S>,
    request: Request,
    framed: Framed<ClientStream, Codec>,
) -> io::Result<(Connection, Option<Takeover>, Slot)>
where
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    B: MessageBody + 'static,
{
    let mut response = match app.call(request).await {
        Ok(response) => response.into_parts().1.map_into_boxed_body(),
        Err(error) => HttpResponse::from_error(error),
    };
    let takeover = response.extensions_mut().remove::<Takeover>();
    let takeover = takeover.filter(|_| response.status() == StatusCode::SWITCHING_PROTOCOLS);
    let (mut head, body) = Response::from(response).into_parts();
    if takeover.is_none() {
        head.head_mut().set_connection_type(ConnectionType::Close);
    }
    let parts = framed.into_parts();
    let mut codec = parts.codec;
    let (io, slot) = parts.io.into_parts();
    // A copy, because `read_buf` would keep the library's whole buffer alive.
    let mut connection = Connection::new(io, Bytes::copy_from_slice(&parts.read_buf));
    let mut bytes = BytesMut::new();
    let size = if takeover.is_some() { BodySize::None } else { body.size() };
    codec.encode(Message::Item((head, size)), &mut bytes)?;
    if takeover.is_none() {
        let mut body = pin!(body);
        while let Some(chunk) = std::future::poll_fn(|context| body.as_mut().poll_next(context)).await {
            let chunk = chunk.map_err(|_| io::Error::other("a body broke off"))?;
            codec.encode(Message::Chunk(Some(chunk)), &mut bytes)?;
            connection.send(&bytes.split()).await?;
        }
        codec.encode(Message::Chunk(None), &mut bytes)?;
    }
    connection.send(&bytes).await?;
    Ok((connection, takeover, slot))
}

//! Limits the number of connections, and how long each may keep the service waiting. actix handles the HTTP on them,
//! and `socket` the WebSockets.

pub(crate) mod connection;
mod refusal;
pub(crate) mod slots;
pub(crate) mod stream;
pub(crate) mod turn;

use std::{net::SocketAddr, rc::Rc, sync::Arc};

use actix_http::{Protocol, error::DispatchError};
use actix_service::{Service, ServiceFactory, fn_factory, fn_service};
use actix_web::rt::net::TcpStream;

use self::{slots::Connections, stream::ClientStream};

/// Serves each connection with `http` if there is a free slot, and refuses it with a 503 otherwise.
pub(crate) fn serve<F>(
    connections: Arc<Connections>,
    http: F,
) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = F::InitError>
where
    F: ServiceFactory<(ClientStream, Protocol, Option<SocketAddr>), Config = (), Response = (), Error = DispatchError>
        + 'static,
{
    fn_factory(move || {
        let (connections, http) = (connections.clone(), http.new_service(()));
        async move {
            let http = Rc::new(http.await?);
            Ok(fn_service(move |io: TcpStream| {
                let (connections, http) = (connections.clone(), http.clone());
                async move {
                    let Some(slot) = connections.take_slot() else {
                        refusal::refuse(io, connections.ids()).await;
                        return Ok(());
                    };
                    let peer = io.peer_addr().ok();
                    http.call((ClientStream::new(io, slot), Protocol::Http1, peer)).await
                }
            }))
        }
    })
}

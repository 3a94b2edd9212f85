//! Connections as such: how many there may be, and how long each may keep the service waiting. What travels on them is the
//! HTTP library's and, for WebSockets, `socket`'s.

mod refusal;
mod stream;
mod turn;

use std::{
    net::SocketAddr,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use actix_http::{Protocol, error::DispatchError};
use actix_service::{Service, ServiceFactory, fn_factory, fn_service};
use actix_web::rt::net::TcpStream;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use service::Ids;

use crate::limits::{CONNECTIONS_DEFAULT, CONNECTIONS_REFUSED_MAX};
pub use stream::{ClientStream, note_stalled};
pub use turn::Turn;

/// The connections that are open.
pub struct Connections {
    open: AtomicU32,
    max: u32,
    ids: Arc<dyn Ids>,
}

/// A connection's place among those that are open.
pub struct Place(Arc<Connections>);

impl Connections {
    /// Room for as many as `wanted`, or for the default number as far as the limit of open files allows it, which is raised
    /// as far as it goes.
    ///
    /// # Errors
    /// How many open files are needed, if there may not be so many.
    pub fn new(wanted: Option<u32>, ids: Arc<dyn Ids>) -> Result<Arc<Self>, String> {
        let files = raise_file_limit();
        // A download has a file open beside its connection.
        let room = u32::try_from(files / 2).unwrap_or(u32::MAX);
        match wanted {
            Some(wanted) if wanted > room => Err(format!(
                "--max-connections (CALLSTORE_MAX_CONNECTIONS) {wanted} needs {} open files, and {files} are allowed; \
                 ulimit -n shows that limit",
                u64::from(wanted) * 2
            )),
            _ => {
                let max = wanted.unwrap_or(CONNECTIONS_DEFAULT.min(room));
                Ok(Arc::new(Self { open: AtomicU32::new(0), max, ids }))
            }
        }
    }

    /// How many are taken, those that are refused included. Others wait to be taken.
    pub fn taken_max(&self) -> usize {
        self.max.saturating_add(CONNECTIONS_REFUSED_MAX) as usize
    }

    fn place(self: &Arc<Self>) -> Option<Place> {
        let taken =
            self.open.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| (open < self.max).then_some(open + 1));
        taken.ok()?;
        metrics::gauge!("callstore_connections").increment(1.0);
        Some(Place(self.clone()))
    }

    /// Serves connections with `http`, as long as there is a place.
    pub fn serve<F>(
        self: Arc<Self>,
        http: F,
    ) -> impl ServiceFactory<TcpStream, Config = (), Response = (), Error = DispatchError, InitError = F::InitError>
    where
        F: ServiceFactory<
                (ClientStream, Protocol, Option<SocketAddr>),
                Config = (),
                Response = (),
                Error = DispatchError,
            > + 'static,
    {
        fn_factory(move || {
            let (connections, http) = (self.clone(), http.new_service(()));
            async move {
                let http = Rc::new(http.await?);
                Ok(fn_service(move |io: TcpStream| {
                    let (connections, http) = (connections.clone(), http.clone());
                    async move {
                        let Some(place) = connections.place() else {
                            refusal::refuse(io, &*connections.ids).await;
                            return Ok(());
                        };
                        let peer = io.peer_addr().ok();
                        http.call((ClientStream::new(io, place), Protocol::Http1, peer)).await
                    }
                }))
            }
        })
    }
}

impl Place {
    /// Where ids of answers come from.
    fn ids(&self) -> &dyn Ids {
        &*self.0.ids
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        metrics::gauge!("callstore_connections").decrement(1.0);
    }
}

/// How many files may be open, once the soft limit is raised to the hard one.
fn raise_file_limit() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, ..limit };
    let limit = if setrlimit(Resource::Nofile, raised).is_ok() { raised } else { limit };
    limit.current.unwrap_or(u64::MAX)
}

//! Assembles, starts and stops the server.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    num::NonZero,
    rc::Rc,
    sync::Arc,
    thread::available_parallelism,
    time::{Duration, Instant},
};

use actix_http::{HttpService, KeepAlive};
use actix_server::{Server, ServerHandle};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_factory, fn_service, map_config};
use actix_web::{
    App,
    dev::AppConfig,
    middleware::{Compress, Condition, from_fn},
    web::{self, Data},
};
use migration::{Migrator, MigratorTrait};
use service::{Callstore, Clock, Database, Ids, KEY_MIN_CHARACTERS, Secret, Store, absolute};
use tokio::net::TcpSocket;
use utoipa_actix_web::AppExt;

use crate::{
    access::{Access, Rules, cors, guard, paths::KnownPaths},
    audit::record::Audit,
    carriers::audiosocket,
    connections::{self, slots::Connections, stream::ClientStream},
    failure::Failure,
    observe::observe,
    openapi::{self, document},
    pages,
    public::BaseUrl,
    recordings::download::MediaRedirect,
    routes::routes,
    secret_file,
    settings::Settings,
    socket::answer,
    system::{install_metrics, keep_metrics},
    webhooks,
};

/// How long running requests may take after the service begins to stop.
const STOP_SECONDS: u64 = 8;
/// Connections that may wait to be accepted. The kernel's own limit, often 4096, applies as well.
const BACKLOG: u32 = 4096;
/// How long a client may take to hang up.
const DISCONNECT_LIMIT: Duration = Duration::from_secs(1);
/// How long background work may take to stop after that.
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// A handle of a running server. Clones share the server.
#[derive(Clone)]
pub struct Running {
    /// The address that the server listens on.
    pub address: SocketAddr,
    callstore: Callstore,
    handle: ServerHandle,
}

impl Running {
    /// Runs the server that [`start`] returned until `signal`, and then stops it. Returns once everything is closed;
    /// only then may the runtime end, since the writer and background work are its tasks.
    ///
    /// # Errors
    /// When the server or the signal fails.
    pub async fn until(
        self,
        server: impl Future<Output = io::Result<()>>,
        signal: impl Future<Output = io::Result<()>>,
    ) -> io::Result<()> {
        let mut server = std::pin::pin!(server);
        tokio::select! {
            ended = &mut server => ended,
            signal = signal => {
                tracing::info!("Callstore stops.");
                signal?;
                let (ended, ()) = tokio::join!(server, self.stop());
                ended
            }
        }
    }

    /// Stops accepting requests, lets running ones finish, and waits for background work. Everything acknowledged is
    /// durable.
    async fn stop(&self) {
        self.callstore.stop_waiting();
        self.handle.stop(true).await;
        if tokio::time::timeout(CLOSE_LIMIT, self.callstore.close()).await.is_err() {
            tracing::warn!("Background work did not stop in time; the next start resumes it.");
        }
    }
}

/// Opens the database and store, binds the address, and returns the server. The server runs while its future is polled.
///
/// # Errors
/// The reason why the service cannot start, as a sentence.
pub async fn start(
    settings: &Settings,
    clock: Box<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Result<(Running, impl Future<Output = io::Result<()>> + use<>), Failure> {
    // Metrics handles keep the recorder that exists when they are created, so it must be installed first.
    install_metrics();
    let twilio = settings.twilio.read(settings.public_url.as_ref())?;
    let vendors = Data::new(settings.vendors.read(twilio.clone(), settings.public_url.as_ref())?);
    let twilio = Data::new(twilio);
    let admin_key = admin_key(settings)?;
    let slots = Connections::new(settings.limits.max_connections, ids.clone())?;
    let redirect = Data::new(MediaRedirect(settings.recordings.media_redirect));
    let base = Data::new(BaseUrl(settings.public_url.clone()));
    let socket = bind(settings.listen)?;
    let audiosocket = settings.audiosocket_listen.map(audiosocket::bind).transpose()?;
    // The store is opened next. Its lock keeps a second service away from files that this one is writing.
    let store = Store::open(&settings.recordings.url()?, &settings.recordings.environment)?;
    let database = Database::open(&settings.database.url()?).await?;
    let (file, folder) = (settings.database.url()?, settings.recordings.url()?);
    // A folder of many recordings takes a while; the service need not wait for it.
    actix_web::rt::task::spawn_blocking(move || service::tighten_modes(&file, &folder));
    let ready = async {
        let begun = Instant::now();
        database.settle().await;
        let failed = |error| format!("the database cannot be migrated: {error}");
        let pending = Migrator::get_pending_migrations(database.writer()).await.map_err(failed)?.len();
        Migrator::up(database.writer(), None).await.map_err(failed)?;
        if pending > 0 {
            let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
            tracing::info!(migrations = pending, milliseconds, "The database was migrated.");
        }
        admit(settings, admin_key.as_ref(), &database, &*clock, &*ids).await
    };
    database.alone(ready).await??;
    let listener = socket.listen(BACKLOG)?.into_std()?;
    let address = listener.local_addr()?;

    let callstore = Callstore::new(database, store, clock, ids.clone(), settings.policy.clone().into());
    callstore.webhooks.describe_with(webhooks::body::describe);
    callstore.resume().await?;
    let data = Data::new(callstore.clone());
    if let Some(listener) = audiosocket {
        let address = listener.local_addr()?;
        tracing::info!(audiosocket = %address, "Asterisk's AudioSocket is listened to.");
        actix_web::rt::spawn(audiosocket::serve(listener, callstore.clone(), ids.clone()));
    }
    let ids: Data<dyn Ids> = Data::from(ids);
    let document = Data::new(document()?);
    let known = Data::new(KnownPaths::of(&openapi::build())?);
    let cors_origins = settings.access.cors_origins.clone();
    let audit = Data::new(Audit::new(callstore.clone()));
    let access = Data::new(Access::new(
        callstore.clone(),
        Rules {
            hosts: settings.access.allowed_hosts.clone(),
            origins: settings.access.cors_origins.clone(),
            insecure_no_auth: settings.access.insecure_no_auth,
            vendors: vendors.clone().into_inner(),
            rate_limit: settings.limits.rate_limit,
        },
    ));
    let app = move || {
        App::new()
            .app_data(data.clone())
            .app_data(ids.clone())
            .app_data(document.clone())
            .app_data(known.clone())
            .app_data(access.clone())
            .app_data(audit.clone())
            .app_data(twilio.clone())
            .app_data(vendors.clone())
            .app_data(base.clone())
            .app_data(redirect.clone())
            .wrap(Compress::default())
            .wrap(from_fn(guard))
            .wrap(Condition::new(!cors_origins.is_empty(), cors(&cors_origins)))
            .wrap(from_fn(observe))
            .into_utoipa_app()
            .configure(routes)
            .into_app()
            .configure(pages::pages)
            .default_service(web::to(pages::fallback))
    };
    let workers = available_parallelism().map_or(1, NonZero::get);
    let server = Server::build()
        .disable_signals()
        .shutdown_timeout(STOP_SECONDS)
        .workers(workers)
        .max_concurrent_connections(slots.taken_max().div_ceil(workers));
    let stops = server.graceful_shutdown_signal();
    // Assembled like actix-web's `HttpServer`, with an additional service for WebSockets.
    let server = server.listen("callstore", listener, move || {
        let (app, sockets, stops) = (app.clone(), app.clone(), stops.clone());
        let upgrade = fn_factory(move || {
            let app = map_config(sockets(), |()| AppConfig::default()).new_service(());
            async move {
                let app = Rc::new(app.await?);
                Ok::<_, ()>(fn_service(move |(request, framed)| answer(app.clone(), request, framed)))
            }
        });
        let stopped = move || {
            let stops = stops.clone();
            async move { stops.notified().await }
        };
        let http = HttpService::build()
            .graceful_shutdown_signal(stopped)
            // The connection enforces all timeouts on clients. actix's own end with the first request of a connection.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(DISCONNECT_LIMIT)
            .local_addr(address)
            .on_connect_ext(|stream: &ClientStream, data| drop(data.insert(stream.turn())))
            .upgrade(upgrade)
            .finish(map_config(app().into_factory().map_err(|error| error.error_response()), |()| {
                AppConfig::default()
            }));
        connections::serve(slots.clone(), http)
    })?;
    let server = server.run();
    actix_web::rt::spawn(keep_metrics());
    let handle = server.handle();
    Ok((Running { address, callstore, handle }, server))
}

/// Takes the address before anything is opened or migrated: a service that cannot listen changes nothing. Clients are
/// refused until it listens.
fn bind(address: SocketAddr) -> Result<TcpSocket, String> {
    let bound = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    bound().map_err(|error: io::Error| format!("cannot listen on {address}: {error}; --listen chooses another address"))
}

/// Reads the admin key from its file, if one is configured.
fn admin_key(settings: &Settings) -> Result<Option<Secret>, Failure> {
    let Some(path) = &settings.access.admin_key_file else { return Ok(None) };
    let key = secret_file::read(path, "the admin key file")?;
    let key = Secret::new(key.trim());
    if key.is_fit() {
        return Ok(Some(key));
    }
    let path = absolute(path);
    let path = path.display();
    Err(format!("the admin key file {path} has to hold at least {KEY_MIN_CHARACTERS} visible characters of ASCII")
        .into())
}

/// Stores the admin key. Refuses to serve other machines, directly or through a proxy, while there is no usable key.
async fn admit(
    settings: &Settings,
    admin_key: Option<&Secret>,
    database: &Database,
    clock: &dyn Clock,
    ids: &dyn Ids,
) -> Result<(), Failure> {
    if let Some(key) = admin_key
        && !database.admit_admin_key(key, clock, ids).await?
    {
        tracing::warn!("The key in the admin key file was revoked and is ignored. Write a new key into the file.");
    }
    let address = settings.listen;
    let reached = if !address.ip().to_canonical().is_loopback() {
        format!("{address} can be reached from other machines")
    } else if settings.public_url.is_some() {
        "with --public-url (CALLSTORE_PUBLIC_URL), other machines reach the service through a proxy".to_owned()
    } else {
        return Ok(());
    };
    if database.has_usable_key(clock).await? {
        return Ok(());
    }
    if settings.access.insecure_no_auth {
        tracing::warn!(listen = %address, "Without a key, anyone who can reach this address has full access. Make a key.");
        return Ok(());
    }
    Err(format!(
        "{reached}, and there is no usable key. Make one with `callstore keys create --scope admin`, or name a file that \
         holds one with --admin-key-file; --insecure-no-auth starts the service open to everyone"
    )
    .into())
}

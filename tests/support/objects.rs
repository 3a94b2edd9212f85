//! An S3 server in this process (s3s on a folder), which fails on demand.

use std::{
    convert::Infallible,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
};

use hyper::{Method, Request, Response, body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto::Builder,
};
use s3s::{
    Body,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Secrets that the service needs and no log may contain.
pub(super) const ACCESS_KEY: &str = "AKIATHEKEYOFTHETESTS";
pub(super) const SECRET_KEY: &str = "the-secret-of-the-object-store-0123456789";
const BUCKET: &str = "recordings";

/// How the server handles a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Answers it.
    Answered,
    /// Hangs up.
    Cut,
    /// Stays silent.
    Ignored,
}

type Decide = Box<dyn Fn(&Method, &str) -> Fate + Send + Sync>;

/// The server and its folder; it stops when dropped.
pub(crate) struct Objects {
    root: PathBuf,
    address: SocketAddr,
    state: Arc<State>,
    _running: DropGuard,
}

struct State {
    service: S3Service,
    decide: Mutex<Decide>,
    asked: Mutex<Vec<String>>,
}

impl Objects {
    /// Starts a server with an empty bucket in a folder.
    pub(crate) fn start(root: &Path) -> Self {
        let root = root.join("objects");
        fs::create_dir_all(root.join(BUCKET)).unwrap();
        let mut service = S3ServiceBuilder::new(FileSystem::new(&root).unwrap());
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let decide: Decide = Box::new(|_, _| Fate::Answered);
        let state = State { service: service.build(), decide: Mutex::new(decide), asked: Mutex::default() };
        let (state, stop) = (Arc::new(state), CancellationToken::new());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (serving, stopped) = (state.clone(), stop.clone());
        // Not on the threads of a test, which end before those of other tests.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(stopped.run_until_cancelled(serve(listener, serving)));
        });
        Self { root, address, state, _running: stop.drop_guard() }
    }

    /// The server shared by all tests; `None` unless `CALLSTORE_TEST_STORE` is `s3`.
    pub(crate) fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Objects>> = OnceLock::new();
        let start = || {
            #[expect(clippy::disallowed_methods, reason = "on what the tests run is told from outside")]
            let store = std::env::var("CALLSTORE_TEST_STORE").unwrap_or_default();
            assert!(["", "folder", "s3"].contains(&store.as_str()), "CALLSTORE_TEST_STORE must be folder or s3");
            (store == "s3").then(|| {
                let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("store");
                let _ = fs::remove_dir_all(&root);
                Self::start(&root)
            })
        };
        SHARED.get_or_init(start).as_ref()
    }

    /// The environment by which the service reaches it.
    pub(crate) fn environment(&self) -> [(&'static str, String); 4] {
        [
            ("AWS_ENDPOINT_URL", format!("http://{}", self.address)),
            ("AWS_REGION", "eu-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ]
    }

    /// The URL of a prefix in the bucket.
    pub(crate) fn url(prefix: &str) -> String {
        format!("s3://{BUCKET}/{prefix}")
    }

    /// The folder with the objects of a prefix.
    pub(crate) fn folder(&self, prefix: &str) -> PathBuf {
        self.root.join(BUCKET).join(prefix)
    }

    /// Number of files of uploads that were neither completed nor aborted.
    pub(crate) fn unfinished(&self) -> usize {
        let names = fs::read_dir(&self.root).unwrap().map(|entry| entry.unwrap().file_name());
        names.filter(|name| name.to_string_lossy().starts_with(".upload")).count()
    }

    /// Decides from now on how requests are handled, by method and path with query.
    pub(crate) fn decide(&self, decide: impl Fn(&Method, &str) -> Fate + Send + Sync + 'static) {
        *self.state.decide.lock().unwrap() = Box::new(decide);
    }

    /// All requests so far: method, path and query.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }
}

async fn serve(listener: std::net::TcpListener, state: Arc<State>) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (socket, _) = listener.accept().await.unwrap();
        let state = state.clone();
        tokio::spawn(async move {
            let answer = service_fn(move |request| answer(state.clone(), request));
            // A client that hangs up is no failure of the server.
            let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), answer).await;
        });
    }
}

async fn answer(
    state: Arc<State>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Box<dyn std::error::Error + Send + Sync>> {
    let target = request.uri().path_and_query().map(ToString::to_string).unwrap_or_default();
    state.asked.lock().unwrap().push(format!("{} {target}", request.method()));
    let fate = state.decide.lock().unwrap()(request.method(), &target);
    match fate {
        Fate::Answered => Ok(hyper::service::Service::call(&state.service, request).await?),
        Fate::Cut => Err("it hangs up".into()),
        Fate::Ignored => Ok(std::future::pending::<Result<_, Infallible>>().await?),
    }
}

//! A service in the process of a benchmark, and its client.

use std::{
    net::SocketAddr,
    path::Path,
    sync::{Arc, mpsc},
};

use api::{server, settings::Settings};
use clap::Parser;
use service::{SystemClock, SystemIds};

#[derive(Parser)]
struct Arguments {
    #[command(flatten)]
    settings: Settings,
}

/// Starts the service on threads of its own, with its recordings in a folder, and returns its address.
pub(crate) fn serve(database: &str, recordings: &Path) -> SocketAddr {
    let recordings = recordings.display().to_string();
    let arguments = ["bench", "--listen", "127.0.0.1:0", "--database-url", database, "--recordings", &recordings];
    let settings = Arguments::parse_from(arguments).settings;
    let (sender, started) = mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let (running, server) = server::start(&settings, Box::new(SystemClock), Arc::new(SystemIds)).await.unwrap();
            sender.send(running.address).unwrap();
            server.await.unwrap();
        });
    });
    started.recv().unwrap()
}

/// A client that asks the service directly.
pub(crate) fn client() -> reqwest::Client {
    // The HTTP client brings no TLS implementation, and wants one even for plain HTTP.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

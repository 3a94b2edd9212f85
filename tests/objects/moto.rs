//! Another implementation of S3: Python's moto, installed by `scripts/test.sh`.

use std::{path::Path, process::Stdio};

use tokio::process::{Child, Command};

use super::{
    start::{Log, logging},
    *,
};
use crate::support::{Binary, client_builder};

/// A moto server with a bucket; killed when dropped.
struct Moto {
    _process: Child,
    url: String,
    client: reqwest::Client,
}

impl Moto {
    async fn start() -> Self {
        let program = Binary::path().ancestors().nth(2).unwrap().join("moto/bin/moto_server");
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = Command::new(&program);
        command.args(["--host", "127.0.0.1", "--port", &port.to_string()]).stdin(Stdio::null()).kill_on_drop(true);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let started =
            command.spawn().unwrap_or_else(|error| panic!("{}: {error}; see scripts/test.sh", program.display()));
        let (url, client) = (format!("http://127.0.0.1:{port}"), client_builder().build().unwrap());
        eventually("there is a bucket", || async { client.put(format!("{url}/bucket")).send().await.ok() }).await;
        Self { _process: started, url, client }
    }

    /// The service, with its recordings at this URL.
    fn command(&self, folder: &Path, url: &str) -> Command {
        let mut command = Binary::local(folder);
        command.args(["--recordings-url", url]).env("AWS_ENDPOINT_URL", &self.url);
        command.env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
        command
    }

    /// The response to a request for the bucket.
    async fn list(&self, query: &str) -> String {
        self.client.get(format!("{}/bucket?{query}", self.url)).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_told_of() {
    let (moto, folder) = (Moto::start().await, TempDir::new().unwrap());
    let mut command = moto.command(folder.path(), "s3://elsewhere/calls");
    let (_service, log) = (logging(&mut command, folder.path()), Log(folder.path()));
    let told = log.line(|line| line["level"] == "ERROR").await;
    assert!(told["error"].as_str().unwrap().contains("NoSuchBucket"), "{told}");
}

#[tokio::test]
async fn moto_holds_recordings_as_well() {
    let (moto, folder) = (Moto::start().await, TempDir::new().unwrap());
    let service = Binary::start(moto.command(folder.path(), "s3://bucket/calls")).await;
    let client = client_builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let ask = async |method: Method, path: &str, body: Value| {
        Answer::read(client.request(method, service.url(path)).json(&body).send().await.unwrap()).await
    };
    ask(Method::GET, "/readyz", Value::Null).await.expect(200);
    ask(Method::POST, "/calls", crate::support::call("MZ1")).await.expect(201);
    for sequence in [0, 1] {
        // Five minutes: two parts.
        ask(Method::POST, "/calls/MZ1/chunks", chunk("inbound", sequence, sequence * 300_000)).await.expect(201);
    }
    let ended = ask(Method::POST, "/calls/MZ1/end", json!({})).await.expect(200).json();
    let recording = &ended["recordings"][0];
    let path = recording["filePath"].as_str().unwrap();
    assert!(moto.list("list-type=2").await.contains(&format!("<Key>calls/{path}</Key>")));
    assert!(!moto.list("uploads").await.contains("<UploadId>"));

    let whole = ask(Method::GET, &audio(recording), Value::Null).await.expect(200);
    assert_eq!(whole.bytes.len() as u64, recording["sizeBytes"].as_u64().unwrap());
    let range = |address: String| client.get(address).header("range", "bytes=9000000-9000099").send();
    let part = range(service.url(&audio(recording))).await.unwrap();
    assert_eq!(
        (part.status().as_u16(), part.bytes().await.unwrap()),
        (206, whole.bytes[9_000_000..9_000_100].to_vec().into())
    );

    // After the next start, downloads are redirected to the store.
    service.kill().await;
    let mut command = moto.command(folder.path(), "s3://bucket/calls");
    command.arg("--media-redirect");
    let service = Binary::start(command).await;
    let sent = Answer::read(client.get(service.url(&audio(recording))).send().await.unwrap()).await.expect(307);
    let address = sent.header("location").to_owned();
    assert!(client.get(&address).send().await.unwrap().bytes().await.unwrap() == whole.bytes);
    assert_eq!(range(address).await.unwrap().bytes().await.unwrap(), whole.bytes[9_000_000..9_000_100]);

    assert_eq!(client.delete(service.url("/calls/MZ1")).send().await.unwrap().status(), 204);
    eventually("the object is gone", || async { (!moto.list("list-type=2").await.contains("<Key>")).then_some(()) })
        .await;
}

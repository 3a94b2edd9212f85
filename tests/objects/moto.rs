//! Another S3: moto, of Python's, which `scripts/test.sh` installs.

use std::process::Stdio;

use tokio::process::{Child, Command};

use super::*;
use crate::support::Binary;

/// A server of moto's with a bucket; killed when dropped.
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
        let (url, client) =
            (format!("http://127.0.0.1:{port}"), reqwest::Client::builder().no_proxy().build().unwrap());
        eventually("there is a bucket", || async { client.put(format!("{url}/bucket")).send().await.ok() }).await;
        Self { _process: started, url, client }
    }

    /// The answer to a request for the bucket.
    async fn list(&self, query: &str) -> String {
        self.client.get(format!("{}/bucket?{query}", self.url)).send().await.unwrap().text().await.unwrap()
    }
}

#[tokio::test]
async fn moto_holds_recordings_as_well() {
    let (moto, folder) = (Moto::start().await, TempDir::new().unwrap());
    let mut command = Binary::local(folder.path());
    command.args(["--recordings-url", "s3://bucket/calls", "--media-redirect"]);
    command.env("AWS_ENDPOINT_URL", &moto.url).env("AWS_ACCESS_KEY_ID", "a").env("AWS_SECRET_ACCESS_KEY", "b");
    let redirecting = Binary::start(command).await;
    let ask = async |method: Method, path: &str, body: Value| {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Answer::read(client.request(method, redirecting.url(path)).json(&body).send().await.unwrap()).await
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

    let address = ask(Method::GET, &audio(recording), Value::Null).await.expect(307).header("location").to_owned();
    let sent = moto.client.get(&address).send().await.unwrap().error_for_status().unwrap().bytes().await.unwrap();
    assert_eq!(sent.len() as u64, recording["sizeBytes"].as_u64().unwrap());
    let part = moto.client.get(&address).header("range", "bytes=9000000-9000099").send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap()), (206, sent.slice(9_000_000..9_000_100)));
    drop(redirecting);
}

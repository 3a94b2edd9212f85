//! Slow and greedy clients are cut off while others are served. `cargo bench -p api --bench greedy` runs many of them.

#[path = "../../api/benches/greedy/crowd.rs"]
mod crowd;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{
    metrics::Service,
    support::{Answer, Binary, Server, Socket, eventually, silence},
};
use crowd::{Reader, Slow};

/// All of them are cut off within this time.
const CUT_BY: Duration = Duration::from_secs(30);

/// Clients of one kind, and the response that all of them must get in time.
async fn are_cut(address: &str, kind: Slow) {
    for cut in join_all((0..10).map(|_| kind.run(address, 0.0))).await {
        assert!(cut.after > Duration::from_secs(4) && cut.after < CUT_BY, "{kind:?} was cut off after {:?}", cut.after);
        if kind == Slow::Silent {
            assert!(cut.answer.is_empty());
        } else {
            let answer = Answer::parse(&cut.answer).expect_problem(408, "request_timeout");
            assert_eq!(answer.header("connection"), "close", "{kind:?}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{kind:?}");
        }
    }
}

/// A recording too large for any buffer.
async fn record_long(service: &Service) -> String {
    service.start_call("long").await;
    for sequence in 0..20 {
        let chunk = json!({ "audio": silence(256 * 1024), "sequence": sequence });
        service.post("/calls/long/chunks", chunk, 201).await;
    }
    let ended = service.post("/calls/long/end", json!({}), 200).await;
    assert!(ended["recordings"][0]["sizeBytes"].as_u64().unwrap() > 20_000_000);
    ended["recordings"][0]["id"].as_str().unwrap().to_owned()
}

/// A client of the streaming protocol that keeps asking and reads no answer.
async fn ask_unread(socket: &mut Socket) {
    let frames = [0x81, 0x81, 0, 0, 0, 0, b'{'].repeat(1_000);
    while socket.wire().write_all(&frames).await.is_ok() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_and_greedy_clients_are_cut_and_others_are_served() {
    let service = Service::start().await;
    let address = service.binary.url("").replace("http://", "");
    let recording = format!("/recordings/{}/audio", record_long(&service).await);
    service.start_call("own").await;
    let mut socket = Socket::open(&service.binary.url("/calls/own/stream")).await;

    let begun = Instant::now();
    let mut readers = Vec::new();
    for _ in 0..5 {
        readers.push(Reader::ask(&address, &recording, 1).await);
        readers.push(Reader::ask(&address, "/openapi.json", 100).await);
    }
    let kinds = [Slow::Silent, Slow::Head, Slow::SecondHead, Slow::Body, Slow::ChunkedBody];
    let slow = join_all(kinds.map(|kind| are_cut(&address, kind)));
    let stalled = async {
        ask_unread(&mut socket).await;
        service.wait_for("callstore_connections_stalled_total", 11.0).await;
        assert!(begun.elapsed() < CUT_BY, "clients that do not read were cut off after {:?}", begun.elapsed());
    };
    let all = async { tokio::join!(slow, stalled) };
    let mut all = std::pin::pin!(all);
    let mut served = 0;
    loop {
        tokio::select! {
            biased;
            _ = &mut all => break,
            answer = service.get("/calls/own") => assert_eq!(answer["status"], "active"),
        }
        served += 1;
    }
    assert!(served > 100, "{served}");
    // Clients that were cut off hold no connections: only that of the scrape is left.
    eventually("their connections are gone", || async {
        (service.scrape().await.value("callstore_connections") == 1.0).then_some(())
    })
    .await;
    let scraped = service.scrape().await;
    let told = "callstore_problems_total{route=\"unknown\",code=\"request_timeout\"}";
    assert_eq!(scraped.value(told), 20.0);
    let told = "callstore_problems_total{route=\"/calls\",code=\"request_timeout\"}";
    assert_eq!(scraped.value(told), 20.0);
}

/// A connection that has been served and is idle.
async fn idle(address: &str) -> TcpStream {
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    idle
}

#[tokio::test]
async fn a_connection_beyond_the_cap_is_told_so_and_the_next_has_its_place() {
    let server = Server::start_with(&["--max-connections", "3"]).await;
    let address = server.url("").replace("http://", "");
    server.start_call("own").await;
    // A socket and an idle connection count as well; the third is the client's own.
    let socket = Socket::open(&server.url("/calls/own/stream")).await;
    let idle = idle(&address).await;
    let ask = || server.raw(b"GET /livez HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    for _ in 0..5 {
        let refused = ask().await.expect_problem(503, "too_many_connections");
        assert_eq!((refused.header("retry-after"), refused.header("connection")), ("1", "close"));
        server.get("/livez").await.expect(200);
    }
    drop(idle);
    eventually("a connection is free", || async { (ask().await.status == 200).then_some(()) }).await;
    drop(socket);
}

#[tokio::test]
async fn the_limit_of_open_files_is_raised_and_halved() {
    let folder = TempDir::new().unwrap();
    let mut command = tokio::process::Command::new("prlimit");
    command.arg("--nofile=64:200").arg(Binary::path()).args(["--max-connections", "101", "--listen", "127.0.0.1:0"]);
    let output = command.current_dir(folder.path()).output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("needs 202 open files, and 200 are allowed"), "{said}");
}

//! Asterisk's `AudioSocket` over TCP.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use serde_json::{Value, json};
use tokio::{io::AsyncReadExt, io::AsyncWriteExt, net::TcpStream};

use super::{bytes, check, expected, lines};
use crate::support::Server;

/// A server with a port for `AudioSocket` that was free a moment ago.
async fn server() -> (Server, SocketAddr) {
    let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    (Server::start_with(&["--audiosocket-listen", &address.to_string()]).await, address)
}

#[tokio::test]
async fn a_connection_becomes_a_call_however_its_bytes_are_cut() {
    let (server, address) = server().await;
    let all: Vec<u8> = lines("audiosocket").iter().flat_map(bytes).collect();
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.set_nodelay(true).unwrap();
    for piece in all.chunks(701) {
        connection.write_all(piece).await.unwrap();
    }
    check(&server, "audiosocket", &expected("audiosocket")).await;
    // There is no request, so the entry has no status.
    let entry = server.get("/admin/audit?operation=twilioStream").await.expect(200).json()["items"][0].clone();
    let fields = (&entry["actor"], &entry["address"], &entry["status"]);
    assert_eq!(fields, (&json!("anyone"), &json!("127.0.0.1"), &Value::Null));
    let call = server.get(entry["resource"].as_str().unwrap()).await.expect(200).json();
    assert_eq!(call["streamSid"], expected("audiosocket")["streamSid"]);
}

#[tokio::test]
async fn the_end_of_the_connection_is_the_end_of_the_call() {
    let (server, address) = server().await;
    let lines = lines("audiosocket");
    let mut connection = TcpStream::connect(address).await.unwrap();
    for line in &lines[..lines.len() - 1] {
        connection.write_all(&bytes(line)).await.unwrap();
    }
    drop(connection);
    check(&server, "audiosocket", &expected("audiosocket")).await;
}

#[tokio::test]
async fn bytes_that_are_no_packets_close_the_connection() {
    let (server, address) = server().await;
    for odd in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0x01, 0, 3, 1, 2, 3], &[0x10, 0, 2, 0, 0]] {
        let mut connection = TcpStream::connect(address).await.unwrap();
        connection.write_all(odd).await.unwrap();
        let mut rest = Vec::new();
        // It is closed, or reset because of what was not read.
        let _ = connection.read_to_end(&mut rest).await;
        assert!(rest.is_empty());
    }
    assert_eq!(server.count("call").await, 0);
}

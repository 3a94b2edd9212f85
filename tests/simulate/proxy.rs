//! A proxy that changes requests. It makes the service look as if it lost what it acknowledged.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
};

/// Forwards everything to the service, with `old` replaced by `new`, which has the same length. Returns its own URL.
pub(super) async fn replace(service: &str, old: &'static str, new: &'static str) -> String {
    assert_eq!(old.len(), new.len());
    let address: SocketAddr = service.trim_start_matches("http://").parse().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let (mut answers, requests) = TcpStream::connect(address).await.unwrap().into_split();
            let (reading, mut writing) = client.into_split();
            tokio::spawn(change(reading, requests, old, new));
            tokio::spawn(async move { copy(&mut answers, &mut writing).await });
        }
    });
    url
}

/// Holds back bytes that may be the beginning of `old` until more arrive. A request never ends with such bytes.
async fn change(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, old: &str, new: &str) {
    let mut waiting = Vec::new();
    while from.read_buf(&mut waiting).await.is_ok_and(|bytes| bytes > 0) {
        while let Some(place) = waiting.windows(old.len()).position(|window| window == old.as_bytes()) {
            waiting[place..place + old.len()].copy_from_slice(new.as_bytes());
        }
        let begun = (1..old.len()).rev().find(|&length| waiting.ends_with(&old.as_bytes()[..length])).unwrap_or(0);
        let whole = waiting.len() - begun;
        if to.write_all(&waiting[..whole]).await.is_err() {
            return;
        }
        waiting.drain(..whole);
    }
}

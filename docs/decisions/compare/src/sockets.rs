//! WebSocket messages: the service's decoder, actix-http's codec, and tungstenite.

use std::{
    hint::black_box,
    io::{self, Read, Write},
};

use actix_codec::Decoder as _;
use actix_http::ws::{Codec, Frame};
use bytes::{Bytes, BytesMut};
use stats_alloc::Region;
use tungstenite::protocol::{Role, WebSocket, WebSocketConfig};

use crate::{ALLOCATOR, decoder::Decoder, held, time};

const READS: usize = 100_000;
const SOCKETS: usize = 1_000;
const MAX_BYTES: usize = 64 * 1024;
const BUFFER: usize = 4 * 1024;
const MASK: [u8; 4] = [1, 2, 3, 4];

/// The receiving end of a connection.
struct Wire(Bytes);

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let length = buffer.len().min(self.0.len());
        buffer[..length].copy_from_slice(&self.0.split_to(length));
        Ok(length)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A masked text message of 400 bytes, as a client sends it.
fn message() -> Vec<u8> {
    let mut frame = vec![0x81, 0xFE];
    frame.extend(400_u16.to_be_bytes());
    frame.extend(MASK);
    frame.extend((0..400).map(|at| b'a' ^ MASK[at % 4]));
    frame
}

fn config() -> WebSocketConfig {
    let config = WebSocketConfig::default().read_buffer_size(BUFFER);
    config.max_message_size(Some(MAX_BYTES)).max_frame_size(Some(MAX_BYTES))
}

fn tungstenite(bytes: Bytes, config: Option<WebSocketConfig>) -> WebSocket<Wire> {
    WebSocket::from_raw_socket(Wire(bytes), Role::Server, config)
}

pub fn compare() {
    let two = Bytes::from(message().repeat(2));
    let mut own = Decoder::new(MAX_BYTES);
    time("a message, own decoder", 2 * READS, || {
        for _ in 0..READS {
            let mut input = two.clone();
            while let Some(message) = own.next(&mut input) {
                black_box(message.unwrap());
            }
        }
    });
    let (mut codec, mut buffer) = (Codec::new().max_size(MAX_BYTES), BytesMut::with_capacity(BUFFER));
    time("a message, actix-http", 2 * READS, || {
        for _ in 0..READS {
            buffer.extend_from_slice(&two);
            while let Some(frame) = codec.decode(&mut buffer).unwrap() {
                let Frame::Text(text) = frame else { panic!("{frame:?}") };
                black_box(String::from_utf8(text.to_vec()).unwrap());
            }
        }
    });
    let mut socket = tungstenite(Bytes::new(), Some(config()));
    time("a message, tungstenite", 2 * READS, || {
        for _ in 0..READS {
            socket.get_mut().0 = two.clone();
            for _ in 0..2 {
                black_box(socket.read().unwrap());
            }
        }
    });

    idle("own decoder", || {
        let mut decoder = Box::new(Decoder::new(MAX_BYTES));
        let mut input = two.clone();
        while decoder.next(&mut input).is_some() {}
        decoder
    });
    idle("actix-http, buffer of 4 KiB", || {
        let (mut codec, mut buffer) = (Box::new(Codec::new().max_size(MAX_BYTES)), BytesMut::with_capacity(BUFFER));
        buffer.extend_from_slice(&two);
        while codec.decode(&mut buffer).unwrap().is_some() {}
        (codec, buffer)
    });
    for (name, config) in [("tungstenite, buffer of 4 KiB", Some(config())), ("tungstenite, as it comes", None)] {
        idle(name, || {
            let mut socket = Box::new(tungstenite(two.clone(), config));
            while socket.read().is_ok() {}
            socket
        });
    }

    // The first half of a binary message that is too long.
    let mut half = vec![0x82, 0xFF];
    half.extend((1_u64 << 20).to_be_bytes());
    half.extend(MASK);
    half.resize(half.len() + (1 << 19), 0);
    let mut bytes = BytesMut::from(&*half);
    println!("too long, actix-http: {:?}", Codec::new().max_size(MAX_BYTES).decode(&mut bytes));
    println!("too long, tungstenite: {:?}", tungstenite(Bytes::from(half), Some(config())).read());
}

/// Prints the heap that each of many silent sockets holds.
fn idle<T>(name: &str, open: impl Fn() -> T) {
    let region = Region::new(ALLOCATOR);
    let sockets: Vec<T> = (0..SOCKETS).map(|_| open()).collect();
    println!("an idle socket, {name}: {} bytes", held(&region) / SOCKETS);
    drop(sockets);
}

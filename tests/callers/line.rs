//! How a client's audio travels: as requests, over the streaming protocol, or as a carrier's media stream.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;
use service::audio::encode_base64;
use tokio_tungstenite::tungstenite::Message;

use super::{
    call::Call,
    service::{Gone, Service, Socket},
};
use crate::twilio;

/// Chunks sent at a time.
const CHUNKS: u32 = 100;

/// A client's transport. Sockets do not outlive the service.
pub(super) enum Line {
    Http,
    Stream(Option<Socket>),
    Twilio(Option<Socket>),
}

impl Line {
    /// The transport of a client.
    pub(super) fn of(caller: u32) -> Self {
        match caller % 3 {
            0 => Self::Http,
            1 => Self::Stream(None),
            _ => Self::Twilio(None),
        }
    }

    /// Sequence number of a call's first chunk.
    pub(super) fn base(&self) -> u32 {
        u32::from(matches!(self, Self::Twilio(_)))
    }

    pub(super) fn hang_up(&mut self) {
        match self {
            Self::Http => {}
            Self::Stream(socket) | Self::Twilio(socket) => *socket = None,
        }
    }

    /// Starts a call.
    pub(super) async fn start(&mut self, service: &Service, call: &Call) -> Result<(), Gone> {
        if let Self::Twilio(socket) = self {
            let socket = socket.insert(start_stream(service, call).await?);
            let started = async {
                let mut beat = tokio::time::interval(Duration::from_millis(5));
                loop {
                    beat.tick().await;
                    if service.ask(Method::GET, &call.path(""), &json!(null)).await?.0 == 200 {
                        return Ok(());
                    }
                }
            };
            return tokio::select! {
                started = started => started,
                // The service sends nothing on a media stream, so this is its close.
                _ = socket.receive() => Err(Gone),
            };
        }
        let body = json!({ "streamSid": call.name, "caller": "crash" });
        service.expect(Method::POST, "/calls", &body).await.map(drop)
    }

    /// Sends the next chunks and records which are acknowledged.
    pub(super) async fn send(&mut self, service: &Service, call: &mut Call) -> Result<(), Gone> {
        match self {
            Self::Http => request(service, call).await,
            Self::Stream(socket) => {
                let socket = match socket {
                    Some(socket) => socket,
                    None => socket.insert(service.connect(&call.path("/stream")).await?),
                };
                stream(socket, call).await
            }
            Self::Twilio(socket) => {
                let socket = match socket {
                    Some(socket) => socket,
                    None => socket.insert(start_stream(service, call).await?),
                };
                let first = call.sent;
                call.sent += CHUNKS;
                let frame = |number| twilio::media(&call.name, "inbound", number + 1, number * 20, &call.audio(number));
                socket.send((first..call.sent).map(|number| Message::text(frame(number).to_string()))).await?;
                // A media stream has no acknowledgements; only stored chunks count.
                let stored = call.stored(service).await?;
                call.acknowledged.extend(stored);
                Ok(())
            }
        }
    }

    /// Ends the stream, if the transport has a message for that.
    pub(super) async fn stop(&mut self, call: &Call) -> Result<(), Gone> {
        if let Self::Twilio(Some(socket)) = self {
            socket.send([Message::text(twilio::stop(&call.name).to_string())]).await?;
            while socket.receive().await?.is_some() {}
        }
        self.hang_up();
        Ok(())
    }
}

/// One chunk in a request, or many.
async fn request(service: &Service, call: &mut Call) -> Result<(), Gone> {
    let several = call.acknowledged.len().is_multiple_of(3);
    let numbers = call.resume(if several { CHUNKS } else { 1 });
    let chunk =
        |number| json!({ "audio": encode_base64(&call.audio(number)), "sequence": number, "timestamp": number * 20 });
    let mut chunks: Vec<_> = numbers.clone().map(chunk).collect();
    let (path, body) = match chunks.pop() {
        Some(only) if chunks.is_empty() => ("/chunks", only),
        last => ("/chunks/batch", json!({ "chunks": chunks.into_iter().chain(last).collect::<Vec<_>>() })),
    };
    service.expect(Method::POST, &call.path(path), &body).await?;
    call.acknowledged.extend(numbers);
    Ok(())
}

async fn stream(socket: &mut Socket, call: &mut Call) -> Result<(), Gone> {
    let numbers = call.resume(CHUNKS);
    let message = |number: u32| {
        // Inbound, with sequence and timestamp.
        let mut message = vec![0, 3, 0, 0];
        message.extend(number.to_le_bytes());
        message.extend((number * 20).to_le_bytes());
        message.extend(call.audio(number));
        Message::binary(message)
    };
    socket.send(numbers.clone().map(message)).await?;
    for number in numbers {
        let answer = socket.receive().await?.ok_or(Gone)?;
        assert_eq!(answer, json!({ "ack": { "track": "inbound", "sequence": number } }), "{}", call.name);
        call.acknowledged.insert(number);
    }
    Ok(())
}

async fn start_stream(service: &Service, call: &Call) -> Result<Socket, Gone> {
    let mut socket = service.connect("/twilio/stream").await?;
    socket.send([Message::text(twilio::start(&call.name).to_string())]).await?;
    Ok(socket)
}

//! Decodes WebSocket frames (RFC 6455) from a client's bytes. actix's decoder buffers a frame of any announced length
//! before it rejects it as too long; this one discards a payload that is too long as it arrives.

use bytes::{Buf, Bytes};
use service::audio::number::wide;

/// The longest payload of a control frame (RFC 6455, section 5.5).
const CONTROL_MAX: u64 = 125;

/// A complete message or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// A ping. The pong must carry the same bytes.
    Ping(Vec<u8>),
    /// The response to a ping.
    Pong,
    /// The client's close frame, with its code; 1005 without one (RFC 6455, section 7.1.5).
    Close(u16),
}

/// An error in the client's frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The message exceeds the size limit. It was discarded; decoding continues with the next one.
    TooLong,
    /// A text message is not UTF-8. It was discarded; decoding continues with the next one.
    NotUtf8,
    /// The bytes are not WebSocket frames. Nothing after them can be decoded.
    Protocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

/// A frame whose header has been read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: u8,
    last: bool,
    /// Payload bytes that have not arrived yet.
    left: u64,
    mask: [u8; 4],
    /// Payload bytes that have been unmasked. Determines the rotation of the mask.
    at: usize,
}

/// Decodes frames incrementally, wherever the input is split.
#[derive(Debug)]
pub(crate) struct Decoder {
    max_bytes: usize,
    /// The bytes of a header that has not arrived completely.
    head: Vec<u8>,
    /// The frame whose payload is being read.
    frame: Option<Frame>,
    /// The payload of the current control frame, which may come between the frames of a message.
    control: Vec<u8>,
    /// The kind of the message in progress. It spans all frames of the message.
    kind: Option<Kind>,
    /// The payload of the message in progress. Stays empty once the message is too long.
    message: Vec<u8>,
    /// Whether the message in progress exceeds `max_bytes`. Cleared when the message ends.
    too_long: bool,
}

impl Decoder {
    /// Creates a decoder that accepts messages of up to `max_bytes`.
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            head: Vec::new(),
            frame: None,
            control: Vec::new(),
            kind: None,
            message: Vec::new(),
            too_long: false,
        }
    }

    /// Consumes input until a message is complete, an error occurs, or the input is empty.
    pub(crate) fn next(&mut self, input: &mut Bytes) -> Option<Result<Message, Fault>> {
        loop {
            let Some(mut frame) = self.frame.take() else {
                match self.read_head(input)? {
                    Ok(frame) => self.frame = Some(frame),
                    Err(fault) => return Some(Err(fault)),
                }
                continue;
            };
            self.read_payload(&mut frame, input);
            if frame.left > 0 {
                self.frame = Some(frame);
                return None;
            }
            if let Some(result) = self.finish(&frame) {
                return Some(result);
            }
        }
    }

    /// Reads a frame's header. `None` if the input ends before the header does.
    fn read_head(&mut self, input: &mut Bytes) -> Option<Result<Frame, Fault>> {
        loop {
            let wanted = match self.head.get(1) {
                None => 2,
                // Clients must mask their frames. Unmasked ones may not be WebSocket at all, so decoding stops.
                Some(..0x80) => return Some(Err(Fault::Protocol)),
                Some(0xFE) => 8,
                Some(0xFF) => 14,
                Some(_) => 6,
            };
            if self.head.len() == wanted {
                let frame = self.parse_head();
                self.head.clear();
                return Some(frame);
            }
            if !input.has_remaining() {
                return None;
            }
            self.head.push(input.get_u8());
        }
    }

    fn parse_head(&mut self) -> Result<Frame, Fault> {
        let (first, second) = (self.head[0], self.head[1]);
        let (extended, mask) = self.head[2..].split_at(self.head.len() - 6);
        let length = match extended {
            [] => u64::from(second & 0x7F),
            bytes => bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        let (last, opcode) = (first & 0x80 != 0, first & 0x0F);
        let fits = match opcode {
            0 => self.kind.is_some(),
            1 | 2 => self.kind.is_none(),
            8..=10 => last && length <= CONTROL_MAX,
            _ => false,
        };
        if !fits || first & 0x70 != 0 || length > i64::MAX.unsigned_abs() {
            return Err(Fault::Protocol);
        }
        if opcode == 1 || opcode == 2 {
            self.kind = Some(if opcode == 1 { Kind::Text } else { Kind::Binary });
        }
        if opcode < 8 && length > wide(self.max_bytes - self.message.len()) {
            self.too_long = true;
            self.message = Vec::new();
        }
        let mut bytes = [0; 4];
        bytes.copy_from_slice(mask);
        Ok(Frame { opcode, last, left: length, mask: bytes, at: 0 })
    }

    fn read_payload(&mut self, frame: &mut Frame, input: &mut Bytes) {
        let count = input.len().min(usize::try_from(frame.left).unwrap_or(usize::MAX));
        let payload = input.split_to(count);
        frame.left -= wide(count);
        let target = match frame.opcode {
            8.. => &mut self.control,
            _ if self.too_long => return,
            _ => &mut self.message,
        };
        let begin = target.len();
        target.extend_from_slice(&payload);
        unmask(&mut target[begin..], frame.mask, frame.at);
        frame.at += count;
    }

    /// Handles the end of a frame. Returns a message if the frame completes one.
    fn finish(&mut self, frame: &Frame) -> Option<Result<Message, Fault>> {
        match frame.opcode {
            8 => {
                let code = self.control.first_chunk().map_or(1005, |code| u16::from_be_bytes(*code));
                self.control.clear();
                Some(Ok(Message::Close(code)))
            }
            9 => Some(Ok(Message::Ping(std::mem::take(&mut self.control)))),
            10 => {
                self.control.clear();
                Some(Ok(Message::Pong))
            }
            _ if !frame.last => None,
            _ => {
                let (kind, message) = (self.kind.take(), std::mem::take(&mut self.message));
                if std::mem::take(&mut self.too_long) {
                    return Some(Err(Fault::TooLong));
                }
                Some(match kind {
                    Some(Kind::Text) => String::from_utf8(message).map(Message::Text).map_err(|_| Fault::NotUtf8),
                    _ => Ok(Message::Binary(message)),
                })
            }
        }
    }
}

/// Removes the mask from bytes that begin at offset `at` of the payload.
fn unmask(bytes: &mut [u8], mut mask: [u8; 4], at: usize) {
    mask.rotate_left(at % 4);
    let [a, b, c, d] = mask;
    let words = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
    let (whole, rest) = bytes.as_chunks_mut::<8>();
    for word in whole {
        *word = (u64::from_ne_bytes(*word) ^ words).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(words.to_ne_bytes()) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests;

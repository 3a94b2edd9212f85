//! WebSocket frames (RFC 6455) from the bytes of a client. The HTTP library has a decoder too, which holds a frame of any
//! announced length in memory before it says that it is too long; here what is too long passes through.

use bytes::{Buf, Bytes};

/// The longest payload of a control frame (RFC 6455, section 5.5).
const CONTROL_MAX: u64 = 125;

/// A whole message, or a control frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Asks for a pong with the same bytes.
    Ping(Vec<u8>),
    /// The answer to a ping.
    Pong,
    /// The client closes.
    Close,
}

/// What is wrong with what a client sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A message was too long. It was passed over; the next one can be read.
    TooLong,
    /// A text was not UTF-8. It was passed over; the next one can be read.
    NotUtf8,
    /// The bytes are not frames; nothing more can be read.
    Protocol,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

/// A frame whose head has been read.
#[derive(Clone, Copy, Debug)]
struct Frame {
    opcode: u8,
    last: bool,
    left: u64,
    mask: [u8; 4],
    /// How many of the payload's bytes have been unmasked.
    at: usize,
}

/// Reads frames, however their bytes are cut.
#[derive(Debug)]
pub struct Decoder {
    max_bytes: usize,
    head: Vec<u8>,
    frame: Option<Frame>,
    control: Vec<u8>,
    /// The kind of the message that is being read, over all its frames.
    kind: Option<Kind>,
    message: Vec<u8>,
    too_long: bool,
}

impl Decoder {
    /// Reads messages of up to `max_bytes`.
    pub fn new(max_bytes: usize) -> Self {
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

    /// Takes bytes off the input until a message is whole, something is wrong, or none are left.
    pub fn next(&mut self, input: &mut Bytes) -> Option<Result<Message, Fault>> {
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

    /// A frame's head, once it is whole.
    fn read_head(&mut self, input: &mut Bytes) -> Option<Result<Frame, Fault>> {
        loop {
            let wanted = match self.head.get(1) {
                None => 2,
                // A client has to mask; what does not may be no WebSocket, and may send no more.
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
        if opcode < 8 && length > (self.max_bytes - self.message.len()) as u64 {
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
        frame.left -= count as u64;
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

    /// What a frame that is whole makes whole.
    fn finish(&mut self, frame: &Frame) -> Option<Result<Message, Fault>> {
        match frame.opcode {
            8 => {
                self.control.clear();
                Some(Ok(Message::Close))
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

/// Takes the mask off bytes that begin `at` bytes into the payload.
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

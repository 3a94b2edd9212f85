//! Asterisk's `AudioSocket`: packets over TCP, each a type, a length and a payload, cut anywhere.

use audio::Encoding;

use crate::{
    Context, Event, Format, Name, Refusal, Track,
    codec::Aligner,
    opening::Draft,
    output::{Output, Place},
};

/// The sample rates of the types from 0x10.
const RATES: [u32; 9] = [8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000];

/// Reads the bytes of one connection.
///
/// The first packet names the call. Its format is that of the first audio, and its start comes with it: until then
/// nothing tells the rate.
///
/// ```
/// use dialects::{AudioSocket, Context, Event};
///
/// let mut socket = AudioSocket::new(Context::default());
/// socket.bytes(&[0x01, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]);
/// socket.bytes(&[0x10, 0, 2, 0, 0]);
/// assert!(matches!(socket.events().next(), Some(Event::Start(_))));
/// ```
pub struct AudioSocket {
    context: Context,
    /// Bytes of a packet that has not arrived completely: at most 64 KiB.
    input: Vec<u8>,
    /// The call's name, from the first packet.
    name: Option<String>,
    rate: Option<u32>,
    aligner: Aligner,
    over: bool,
    out: Output,
}

impl AudioSocket {
    /// A connection that has just been accepted.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let (input, aligner, out) = (Vec::new(), Aligner::default(), Output::default());
        Self { context, input, name: None, rate: None, aligner, over: false, out }
    }

    /// Reads the next bytes.
    pub fn bytes(&mut self, bytes: &[u8]) {
        if self.over {
            return;
        }
        self.input.extend_from_slice(bytes);
        let input = std::mem::take(&mut self.input);
        let mut rest = input.as_slice();
        while !self.over
            && let [kind, high, low, after @ ..] = rest
        {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some((payload, after)) = after.split_at_checked(length) else { break };
            self.packet(*kind, payload);
            rest = after;
        }
        if !self.over {
            self.input = rest.to_vec();
        }
    }

    /// The connection has ended: that is the end of the call.
    pub fn finish(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.start(8_000);
            self.out.stop();
        }
    }

    /// What the bytes since the last call say.
    pub fn events(&mut self) -> impl Iterator<Item = Event> + use<> {
        std::mem::take(&mut self.out.events).into_iter()
    }

    /// Whether the first packet has named a call.
    #[must_use]
    pub fn is_named(&self) -> bool {
        self.name.is_some()
    }

    fn packet(&mut self, kind: u8, payload: &[u8]) {
        if self.name.is_none() && kind != 0x01 {
            self.over = true;
            return self.out.refuse(Refusal::NoName, None);
        }
        match kind {
            0x00 | 0xFF => self.finish(),
            0x01 => match <[u8; 16]>::try_from(payload) {
                Ok(id) if self.name.is_none() => self.name = Some(uuid(id)),
                Ok(_) => self.out.skip("second_start"),
                Err(_) if self.name.is_some() => self.out.skip("malformed"),
                Err(_) => {
                    self.over = true;
                    self.out.refuse(Refusal::NoName, None);
                }
            },
            0x03 => match payload {
                [digit, ..] if digit.is_ascii_graphic() => {
                    // A key before the first audio has no call yet that it could belong to.
                    self.start(8_000);
                    self.out.dtmf(None, Some(char::from(*digit).to_string()));
                }
                _ => self.out.skip("malformed"),
            },
            _ => match RATES.get(usize::from(kind.wrapping_sub(0x10))) {
                Some(&rate) => self.audio(rate, payload),
                None => self.out.ignore(),
            },
        }
    }

    /// Starts the call with its first packet of audio, in the format of that.
    fn start(&mut self, rate: u32) {
        let Some(name) = &self.name else { return };
        if self.rate.is_some() {
            return;
        }
        self.rate = Some(rate);
        if Encoding::Pcm16.check_rate(rate).is_err() {
            self.over = true;
            return self.out.refuse(Refusal::Format(format!("PCM16 at {rate} Hz")), Some(name.clone()));
        }
        let draft = Draft { stream_id: Some(name.clone()), call_id: Some(name.clone()), ..Draft::default() };
        let format = Format { encoding: Encoding::Pcm16, sample_rate_hz: rate };
        self.out.start(draft.finish(Name::AudioSocket, &self.context, Some(format)));
    }

    fn audio(&mut self, rate: u32, payload: &[u8]) {
        self.start(rate);
        if self.over {
            return;
        }
        if self.rate != Some(rate) {
            return self.out.skip("other_format");
        }
        let audio = self.aligner.whole(payload, 2);
        if !audio.is_empty() {
            self.out.frame(Track::Inbound, None, Place::Follows, audio);
        }
    }
}

/// The text of a UUID.
fn uuid(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.into_iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
        }
    }
    text
}

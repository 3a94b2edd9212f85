//! A stream from its first message to its last: which platform it is, and what its messages say.

use crate::{
    Context, Event, Name,
    dialect::Dialect,
    output::Output,
    readers::reader,
    recognize::{Seen, confirms_freeswitch, recognize},
};

/// The most messages and bytes that are kept until the start comes.
const KEPT_MAX: usize = 512;
const KEPT_MAX_BYTES: usize = 1024 * 1024;

/// A message that came before the start.
enum Kept {
    Text(String),
    Binary(Vec<u8>),
}

/// Reads the messages of one WebSocket.
///
/// Until the platform is recognized, audio is kept. Give it each message, and take the [`Event`]s after each.
///
/// ```
/// use dialects::{Context, Event, Stream};
///
/// let mut stream = Stream::new(Context::default());
/// stream.text(r#"{"event":"start","streamSid":"MZ1","start":{"streamSid":"MZ1","callSid":"CA1"}}"#, 0);
/// let Some(Event::Start(start)) = stream.events().next() else { panic!("it has started") };
/// assert_eq!((start.dialect.as_str(), start.stream_sid.as_str()), ("twilio", "MZ1"));
/// ```
pub struct Stream {
    context: Context,
    name: Option<Name>,
    /// The platform that the messages look like, before one is certain.
    perhaps: Option<Name>,
    reader: Option<Box<dyn Dialect>>,
    kept: Vec<Kept>,
    kept_bytes: usize,
    out: Output,
}

impl Stream {
    /// A stream whose handshake said this.
    #[must_use]
    pub fn new(context: Context) -> Self {
        let (kept, out) = (Vec::new(), Output::default());
        Self { context, name: None, perhaps: None, reader: None, kept, kept_bytes: 0, out }
    }

    /// Reads a text message. `at_ms` is a clock of the reader's, in milliseconds since the socket opened.
    pub fn text(&mut self, text: &str, at_ms: u64) {
        if let Some(reader) = &mut self.reader {
            return reader.text(text, at_ms, &mut self.out);
        }
        match recognize(text, &self.context) {
            Seen::Is(name) => {
                self.begin(name);
                if let Some(reader) = &mut self.reader {
                    reader.text(text, at_ms, &mut self.out);
                }
                self.replay(at_ms);
            }
            Seen::Perhaps(name) => self.perhaps = self.perhaps.or(Some(name)),
            Seen::Early => self.keep(Kept::Text(text.to_owned()), text.len()),
            Seen::Stop => self.out.stop(),
            Seen::Unknown => self.out.ignore(),
            Seen::Malformed => self.out.skip("malformed"),
        }
    }

    /// Reads a binary message. An empty one says nothing.
    pub fn binary(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.reader.is_none() && confirms_freeswitch(&self.context) && self.perhaps.is_none() {
            self.begin(Name::FreeSwitch);
        }
        match &mut self.reader {
            Some(reader) => reader.binary(bytes, &mut self.out),
            None => {
                self.perhaps = self.perhaps.or(Some(Name::FreeSwitch));
                self.keep(Kept::Binary(bytes.to_vec()), bytes.len());
            }
        }
    }

    /// Hands out what was held back, since no more messages come.
    pub fn finish(&mut self) {
        match &mut self.reader {
            Some(reader) => reader.finish(&mut self.out),
            None => {
                for _ in std::mem::take(&mut self.kept) {
                    self.out.skip("before_start");
                }
            }
        }
    }

    /// What the messages since the last call say.
    pub fn events(&mut self) -> impl Iterator<Item = Event> + use<> {
        std::mem::take(&mut self.out.events).into_iter()
    }

    /// The platform, once it is certain.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        self.name
    }

    /// The platform, or the one that the messages look like.
    #[must_use]
    pub fn looks_like(&self) -> Option<Name> {
        self.name.or(self.perhaps)
    }

    /// Whether a close frame with this code ends the stream; otherwise it may come back.
    #[must_use]
    pub fn ends_with_close(&self, code: u16) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.ends_with_close(code))
    }

    /// What to send to the platform if its stream is refused, after which it hangs up by itself.
    pub fn refusal(&mut self, unauthorized: bool, info: &str) -> Option<String> {
        self.reader.as_mut()?.refusal(unauthorized, info)
    }

    /// Whether the platform closes the socket itself, once it has read our last answer.
    #[must_use]
    pub fn hangs_up_itself(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.hangs_up_itself())
    }

    /// Whether the stream only tries whether somebody is there, and is no call.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        self.reader.as_ref().is_some_and(|reader| reader.is_probe())
    }

    fn begin(&mut self, name: Name) {
        self.name = Some(name);
        self.reader = Some(reader(name, &self.context));
    }

    fn keep(&mut self, message: Kept, bytes: usize) {
        if self.kept.len() >= KEPT_MAX || self.kept_bytes + bytes > KEPT_MAX_BYTES {
            return self.out.skip("before_start");
        }
        self.kept_bytes += bytes;
        self.kept.push(message);
    }

    /// Reads what came before the start, once that is here.
    fn replay(&mut self, at_ms: u64) {
        if self.kept.is_empty() || !self.out.has_started() {
            return;
        }
        let Some(reader) = &mut self.reader else { return };
        for message in std::mem::take(&mut self.kept) {
            match message {
                Kept::Text(text) => reader.text(&text, at_ms, &mut self.out),
                Kept::Binary(bytes) => reader.binary(&bytes, &mut self.out),
            }
        }
    }
}

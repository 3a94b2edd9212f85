//! What a platform's reader has to do.

use crate::output::Output;

/// Reads one stream of a platform. Nothing that it is given may make it panic.
pub(crate) trait Dialect {
    /// Reads a text message. `at_ms` is our clock, in milliseconds since the socket opened.
    fn text(&mut self, text: &str, at_ms: u64, out: &mut Output);

    /// Reads a binary message that is not empty.
    fn binary(&mut self, _bytes: &[u8], out: &mut Output) {
        out.skip("binary");
    }

    /// Hands out what it has held back. Called when no more messages come, and may be called more than once.
    fn finish(&mut self, _out: &mut Output) {}

    /// Whether a close frame with this code ends the stream, or 1006 for none; otherwise it may come back.
    fn ends_with_close(&self, _code: u16) -> bool {
        false
    }

    /// What to send to a platform whose stream is refused. It then closes the stream by itself.
    fn refusal(&mut self, _unauthorized: bool, _info: &str) -> Option<String> {
        None
    }

    /// Whether the platform closes the socket itself, once it has read our last answer.
    fn hangs_up_itself(&self) -> bool {
        false
    }

    /// Whether the stream only tries whether somebody is there, and is no call.
    fn is_probe(&self) -> bool {
        false
    }
}

/// The codes of a close frame that says that all is well: 1000, 1001, or none.
pub(crate) fn is_regular(code: u16) -> bool {
    matches!(code, 1000 | 1001 | 1005)
}

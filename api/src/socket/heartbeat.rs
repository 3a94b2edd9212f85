//! Whether a peer is still there: one that was silent for an interval is pinged, one that leaves the ping unanswered for
//! another is gone.

/// What a beat finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pulse {
    /// The peer has sent something.
    Alive,
    /// The peer is silent: ping it.
    Silent,
    /// The peer has not answered the ping.
    Gone,
}

/// What was heard of a peer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heartbeat {
    silent_beats: u8,
}

impl Heartbeat {
    /// Notes that the peer has sent something.
    pub fn heard(&mut self) {
        self.silent_beats = 0;
    }

    /// Looks at the peer.
    pub fn beat(&mut self) -> Pulse {
        self.silent_beats += 1;
        match self.silent_beats {
            1 => Pulse::Alive,
            2 => Pulse::Silent,
            _ => Pulse::Gone,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_pinged_and_then_given_up() {
        let mut heartbeat = Heartbeat::default();
        for _ in 0..1_000 {
            heartbeat.heard();
            assert_eq!(heartbeat.beat(), Pulse::Alive);
        }
        assert_eq!(heartbeat.beat(), Pulse::Silent);
        heartbeat.heard();
        assert_eq!([heartbeat.beat(), heartbeat.beat(), heartbeat.beat()], [Pulse::Alive, Pulse::Silent, Pulse::Gone]);
    }
}

//! Detects dead peers. A peer that was silent for a whole interval is pinged. A peer that sends nothing for another
//! interval is considered gone.

/// The result of a beat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pulse {
    /// The peer has sent something since the last beat.
    Alive,
    /// The peer has been silent for an interval: ping it.
    Silent,
    /// The peer has sent nothing since the ping.
    Gone,
}

/// The number of beats since the peer last sent something. Lives as long as its socket.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Heartbeat {
    silent_beats: u8,
}

impl Heartbeat {
    /// Records that the peer has sent something.
    pub(super) fn heard(&mut self) {
        self.silent_beats = 0;
    }

    /// Counts a beat and judges the peer. Called once per interval.
    pub(super) fn beat(&mut self) -> Pulse {
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

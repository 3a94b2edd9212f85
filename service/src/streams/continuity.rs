//! Positions of frames after a stream has reconnected. Its counters may continue, or restart at 1.
//!
//! Carriers differ: some continue both counters after a reconnect, some begin again at 1 and 0 ms. Taken as sent, the
//! second kind would collide with what is stored, and every frame would be a conflict. So the first frames of a track
//! decide about its offsets, once for the life of the socket:
//!
//! | stored | first frames | taken as |
//! | --- | --- | --- |
//! | nothing | any | sent, unless the other track has begun again: then its time is shifted too |
//! | up to number n | after n, or without number 1 | sent: the counters went on |
//! | up to number n | number 1, and not after n | n + number, and shifted by the time that has passed |
//!
//! Frames that carry the platform's own clock need no such guess about time: its reading at the start of the stream is
//! kept with the call, and every socket counts from there.

use crate::{NewChunk, Track, chunks::track_index};

/// A frame of a media stream, with the carrier's own counters.
///
/// Frames of a socket come in order, since its transport keeps order; what is missing between two numbers was lost by
/// the carrier and becomes silence in the recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whose voice it is.
    pub track: Track,
    /// Number on its track, starting at 1.
    pub chunk: u32,
    /// Milliseconds since the start of the stream.
    pub timestamp_ms: u32,
    /// What the platform's clock read at 0 of `timestamp_ms`, in milliseconds since 1970; `None` for counters that only
    /// this socket knows.
    pub epoch_ms: Option<u64>,
    /// The audio in the call's codec; PCM16 is little-endian.
    pub audio: Vec<u8>,
}

/// What is stored of a track when a socket opens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct StoredTrack {
    /// Largest sequence number.
    pub last_sequence: u32,
    /// Largest timestamp, in milliseconds.
    pub latest_ms: u32,
    /// End of the last audio, in milliseconds.
    pub end_ms: u32,
}

/// Offsets that are added to a track's counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shift {
    sequence: u32,
    timestamp_ms: u32,
}

/// Assigns positions to the frames of one socket.
#[derive(Debug, Default)]
pub(super) struct Continuity {
    stored: [Option<StoredTrack>; 2],
    shifts: [Option<Shift>; 2],
    /// Offset of timestamps that restart: the time since the stream first started, but not before the end of what is
    /// stored.
    behind_ms: u32,
    /// Whether the counter of some track has restarted at 1.
    restarted: bool,
    position_ms: u32,
    /// What the platform's clock read at the start of the stream.
    epoch_ms: Option<u64>,
    /// The same, until it is noted for later sockets.
    new_epoch_ms: Option<u64>,
}

impl Continuity {
    /// For a socket that opens `elapsed_ms` after the stream first started.
    pub(super) fn new(stored: [Option<StoredTrack>; 2], elapsed_ms: u32, epoch_ms: Option<u64>) -> Self {
        let tracks = || stored.iter().flatten();
        let end_ms = tracks().map(|track| track.end_ms).max().unwrap_or(0);
        let position_ms = tracks().map(|track| track.latest_ms).max().unwrap_or(0);
        Self { stored, behind_ms: elapsed_ms.max(end_ms), position_ms, epoch_ms, ..Self::default() }
    }

    /// What the platform's clock read at the start of the stream, the first time that frames told it.
    pub(super) fn new_epoch_ms(&mut self) -> Option<u64> {
        self.new_epoch_ms.take()
    }

    /// How much later than the start of the stream a socket's clock began. If no socket has noted the start, as after a
    /// restart of the process, our own clock tells how much time has passed.
    fn epoch_shift_ms(&mut self, begun_ms: u64) -> u32 {
        let first_ms = self.epoch_ms.unwrap_or_else(|| {
            let is_first = self.stored.iter().all(Option::is_none);
            let first_ms = if is_first { begun_ms } else { begun_ms.saturating_sub(u64::from(self.behind_ms)) };
            self.new_epoch_ms = Some(first_ms);
            *self.epoch_ms.insert(first_ms)
        });
        u32::try_from(begun_ms.saturating_sub(first_ms)).unwrap_or(u32::MAX)
    }

    /// The latest timestamp of a frame so far, in milliseconds.
    pub(super) fn position_ms(&self) -> u32 {
        self.position_ms
    }

    /// Assigns positions to frames. Each track's offset is decided with its first frames, which may arrive in any
    /// order. The counter has restarted if number 1 is among them and the first of them does not continue what is
    /// stored.
    pub(super) fn place(&mut self, frames: Vec<Frame>) -> Vec<NewChunk> {
        // Tracks with stored chunks show whether the counters restarted; the other tracks follow them.
        for known in [true, false] {
            for frame in &frames {
                let index = track_index(frame.track);
                if self.shifts[index].is_none() && self.stored[index].is_some() == known {
                    let again = frames.iter().any(|other| other.track == frame.track && other.chunk == 1);
                    self.shifts[index] = Some(self.shift(index, frame.chunk, again));
                }
            }
        }
        frames.into_iter().map(|frame| self.chunk(frame)).collect()
    }

    /// Decides the offsets of a track from its first frame's number, and whether number 1 is among its first frames.
    fn shift(&mut self, index: usize, first_chunk: u32, again: bool) -> Shift {
        let behind = Shift { sequence: 0, timestamp_ms: self.behind_ms };
        match self.stored[index] {
            Some(stored) if again && first_chunk <= stored.last_sequence && stored.last_sequence > 1 => {
                self.restarted = true;
                Shift { sequence: stored.last_sequence, ..behind }
            }
            None if self.restarted => behind,
            _ => Shift::default(),
        }
    }

    fn chunk(&mut self, frame: Frame) -> NewChunk {
        let shift = self.shifts[track_index(frame.track)].unwrap_or_default();
        let shift_ms = match frame.epoch_ms {
            Some(begun_ms) => self.epoch_shift_ms(begun_ms),
            None => shift.timestamp_ms,
        };
        let timestamp_ms = frame.timestamp_ms.saturating_add(shift_ms);
        self.position_ms = self.position_ms.max(timestamp_ms);
        NewChunk {
            track: frame.track,
            sequence: Some(frame.chunk.saturating_add(shift.sequence)),
            timestamp_ms: Some(timestamp_ms),
            audio: frame.audio,
            format: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Track;

    fn frame(track: Track, chunk: u32, timestamp_ms: u32) -> Frame {
        Frame { track, chunk, timestamp_ms, epoch_ms: None, audio: vec![0xFF; 160] }
    }

    fn stored(last_sequence: u32, end_ms: u32) -> Option<StoredTrack> {
        Some(StoredTrack { last_sequence, latest_ms: end_ms - 20, end_ms })
    }

    fn places(continuity: &mut Continuity, frames: &[(Track, u32, u32)]) -> Vec<(u32, u32)> {
        let frames = frames.iter().map(|&(track, chunk, timestamp)| frame(track, chunk, timestamp)).collect();
        let chunks = continuity.place(frames).into_iter();
        chunks.map(|chunk| (chunk.sequence.unwrap_or(0), chunk.timestamp_ms.unwrap_or(0))).collect()
    }

    #[test]
    fn a_first_socket_keeps_its_counters() {
        let mut first = Continuity::new([None, None], 0, None);
        assert_eq!(places(&mut first, &[(Track::Inbound, 1, 80), (Track::Outbound, 1, 91)]), [(1, 80), (1, 91)]);
        assert_eq!(first.position_ms(), 91);
    }

    #[test]
    fn counters_that_go_on_stay_as_sent() {
        let mut back = Continuity::new([stored(50, 1_080), None], 9_000, None);
        let frames = [(Track::Inbound, 51, 1_080), (Track::Outbound, 1, 1_100), (Track::Inbound, 1, 80)];
        assert_eq!(places(&mut back, &frames), [(51, 1_080), (1, 1_100), (1, 80)]);
    }

    #[test]
    fn counters_that_begin_again_go_on_after_the_last_and_by_the_clock() {
        let mut back = Continuity::new([stored(50, 1_080), stored(40, 900)], 9_000, None);
        let frames = [(Track::Inbound, 1, 80), (Track::Outbound, 1, 91), (Track::Inbound, 2, 100)];
        assert_eq!(places(&mut back, &frames), [(51, 9_080), (41, 9_091), (52, 9_100)]);
        assert_eq!(back.position_ms(), 9_100);
    }

    #[test]
    fn counters_that_begin_again_out_of_order_are_seen_too() {
        let mut back = Continuity::new([stored(8, 160), None], 1_000, None);
        let frames = [(Track::Inbound, 2, 20), (Track::Inbound, 1, 0), (Track::Inbound, 4, 60)];
        assert_eq!(places(&mut back, &frames), [(10, 1_020), (9, 1_000), (12, 1_060)]);
    }

    #[test]
    fn a_clock_that_is_behind_does_not_lay_new_audio_over_old() {
        let mut back = Continuity::new([stored(50, 1_080), stored(40, 900)], 300, None);
        assert_eq!(places(&mut back, &[(Track::Outbound, 1, 0), (Track::Inbound, 1, 5)]), [(41, 1_080), (51, 1_085)]);
    }

    #[test]
    fn a_track_that_is_new_follows_the_one_that_began_again_in_either_order() {
        for order in [[0, 1], [1, 0]] {
            let frames = [(Track::Inbound, 1, 80), (Track::Outbound, 1, 91)];
            let mut back = Continuity::new([stored(50, 1_080), None], 9_000, None);
            let mut placed = places(&mut back, &order.map(|index: usize| frames[index]));
            placed.sort_unstable();
            assert_eq!(placed, [(1, 9_091), (51, 9_080)]);
        }
    }

    #[test]
    fn a_platform_s_own_clock_places_a_socket_that_comes_back() {
        let stamped = |chunk, timestamp_ms, epoch_ms| Frame {
            epoch_ms: Some(epoch_ms),
            ..frame(Track::Inbound, chunk, timestamp_ms)
        };
        let place = |continuity: &mut Continuity, frame| continuity.place(vec![frame])[0].timestamp_ms;
        let mut first = Continuity::new([None, None], 0, None);
        assert_eq!(place(&mut first, stamped(1, 0, 1_000_000)), Some(0));
        assert_eq!((first.new_epoch_ms(), first.new_epoch_ms()), (Some(1_000_000), None));
        // Its counters begin again, or go on; our clock is not asked.
        for chunk in [1, 51] {
            let mut back = Continuity::new([stored(50, 1_000), None], 9_000, Some(1_000_000));
            assert_eq!(place(&mut back, stamped(chunk, 20, 1_007_000)), Some(7_020));
        }
        let mut restarted = Continuity::new([stored(50, 1_000), None], 9_000, None);
        assert_eq!(place(&mut restarted, stamped(51, 20, 1_007_000)), Some(9_020));
    }
}

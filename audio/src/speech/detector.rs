//! Cuts both tracks of a recording into frames and gives them to an algorithm.

use super::{
    algorithm::Algorithm,
    energy1::Energy1,
    energy2::Energy2,
    frame::{ANALYSED, FRAME, Frame, fill},
    level::level,
    segment::Segment,
};

/// The speech of a recording. Segments are disjoint and in order of time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Speech {
    /// The caller's: the left channel.
    pub inbound: Vec<Segment>,
    /// The agent's: the right channel.
    pub outbound: Vec<Segment>,
}

/// An algorithm at work.
#[derive(Debug)]
enum Engine {
    Energy1(Box<[Energy1; 2]>),
    Energy2(Box<Energy2>),
}

/// Finds speech in samples as they come. Decisions take some seconds of what follows, so segments come at the end.
#[derive(Debug)]
pub struct Detector {
    engine: Engine,
    /// The frames that are being filled.
    frames: [Frame; 2],
    /// Samples of the recording in them.
    filled: usize,
}

impl Detector {
    /// A detector for one recording.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        let engine = match algorithm {
            Algorithm::Energy1 => Engine::Energy1(Box::new([Energy1::new(), Energy1::new()])),
            Algorithm::Energy2 => Engine::Energy2(Box::new(Energy2::new())),
        };
        Self { engine, frames: [[0; ANALYSED]; 2], filled: 0 }
    }

    /// Takes the next samples of both tracks. The shorter slice is continued with zeros, so the track of a party that
    /// was not recorded is `&[]`. Nothing is copied except one frame, and the cuts between calls are not heard.
    pub fn push(&mut self, inbound: &[i16], outbound: &[i16]) {
        let length = inbound.len().max(outbound.len());
        let mut from = 0;
        while from < length {
            let to = length.min(from + FRAME - self.filled);
            for (frame, track) in self.frames.iter_mut().zip([inbound, outbound]) {
                let piece = track.get(from..to.min(track.len())).unwrap_or_default();
                fill(frame, self.filled, piece, to - from);
            }
            self.filled += to - from;
            from = to;
            if self.filled == FRAME {
                self.end_frame();
            }
        }
    }

    /// Ends the recording. An incomplete last frame is continued with zeros, so the last segment may end up to 20 ms
    /// behind the last sample.
    #[must_use]
    pub fn finish(mut self) -> Speech {
        if self.filled > 0 {
            self.frames.iter_mut().for_each(|frame| frame[self.filled.div_ceil(2)..].fill(0));
            self.end_frame();
        }
        let [inbound, outbound] = match self.engine {
            Engine::Energy1(tracks) => tracks.map(Energy1::finish),
            Engine::Energy2(tracks) => tracks.finish(),
        };
        Speech { inbound, outbound }
    }

    fn end_frame(&mut self) {
        self.filled = 0;
        match &mut self.engine {
            Engine::Energy1(tracks) => {
                tracks.iter_mut().zip(&self.frames).for_each(|(track, frame)| track.push(level(frame)));
            }
            Engine::Energy2(tracks) => tracks.push(&self.frames),
        }
    }
}

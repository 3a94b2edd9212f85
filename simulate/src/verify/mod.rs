//! Compares a recording with the audio sent: all acknowledged frames must be in it, and its length must be right.

mod samples;
mod speech;

use std::fmt;

use tokio::time::Instant;

use crate::{
    answer::{ChunkStatus, Recording},
    call::Call,
    client::Unanswered,
    error::CallFailure,
    frame::{Frame, Track},
    run::Run,
    settings::{Transport, Verify},
    source::Source,
};
use speech::SpeechFindings;

/// How far the service may move a recorded frame to even out jitter, in seconds, plus a rounding error.
const JITTER: f64 = 0.010_1;
/// The rounding error of a duration, in seconds.
const ROUNDING: f64 = 0.000_1;

/// The result of a comparison.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Findings {
    /// Frames that must be in the recording.
    pub expected: u64,
    /// Frames that must be in the recording and are missing or different.
    pub missing: u64,
    /// Frames that were lost with their connection, over Twilio's protocol only.
    pub lost: u64,
    /// The first missing or different frame, as a phrase.
    pub first_missing: Option<String>,
    /// A sentence about the recording's length, if it is wrong.
    pub length: Option<String>,
    /// How computed analytics differ from the speech that was sent, in a synthetic call with a recording.
    pub speech: Option<SpeechFindings>,
}

impl Findings {
    /// Whether the recording is right. Lost frames are allowed.
    #[must_use]
    pub fn are_good(&self) -> bool {
        self.missing == 0 && self.length.is_none() && self.wrong_analytics().is_none()
    }

    /// A sentence about computed analytics that are outside their tolerances.
    #[must_use]
    pub fn wrong_analytics(&self) -> Option<&str> {
        self.speech.as_ref()?.wrong.as_deref()
    }

    fn miss(&mut self, frame: Frame, what: &str) {
        self.missing += 1;
        self.first_missing.get_or_insert_with(|| {
            let (track, sequence, at) = (frame.track.name(), frame.sequence, f64::from(frame.timestamp_ms) / 1e3);
            format!("{track} {sequence} at {at:.3} s {what}")
        });
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        if let Some(first) = &self.first_missing {
            let (missing, expected) = (self.missing, self.expected);
            write!(
                formatter,
                "{missing} of {expected} frames are missing or different in the recording; first: {first}."
            )?;
            separator = " ";
        }
        for sentence in self.length.as_deref().into_iter().chain(self.wrong_analytics()) {
            write!(formatter, "{separator}{sentence}")?;
            separator = " ";
        }
        Ok(())
    }
}

/// Compares a call's recording with the audio sent.
///
/// # Errors
/// When the service does not return the chunk status or the recording.
pub(crate) async fn compare(
    run: &Run,
    call: &mut Call,
    id: &str,
    recording: Option<&Recording>,
) -> Result<Findings, CallFailure> {
    let mut findings = Findings::default();
    if run.settings.verify == Verify::None {
        return Ok(findings);
    }
    let status = run.client.chunk_status(id).await?;
    // Twilio's protocol has no acknowledgements. All sent frames must be there, except those that may be lost with a
    // connection.
    let acknowledges = run.settings.transport != Transport::Twilio;
    let ledger = &call.ledger;
    let expects = |item| {
        if acknowledges { ledger.was_acknowledged(item) } else { ledger.was_sent(item) && !ledger.is_doubtful(item) }
    };
    let presence = Presence::new(&status, recording, matches!(call.source, Source::Synthetic(..)));
    let mut ends = Ends::default();
    let mut found = Vec::new();
    for item in 0..call.source.items() {
        let Some(frame) = call.source.frame(item).filter(|_| ledger.was_sent(item)) else { continue };
        let end =
            f64::from(frame.timestamp_ms) / 1e3 + f64::from(frame.bytes) / f64::from(call.source.bytes_a_second());
        ends.sent = ends.sent.max(end);
        let is_there = presence.has(frame);
        if is_there {
            found.push(item);
        }
        if expects(item) {
            ends.expected = ends.expected.max(end);
            findings.expected += 1;
            if !is_there {
                findings.miss(frame, "is missing");
            }
        } else if !acknowledges && !is_there {
            findings.lost += 1;
        }
    }
    findings.length = ends.compare(recording, matches!(call.source, Source::Recorded(_)));
    if let (Verify::Samples, Some(recording), Source::Synthetic(audio, number)) =
        (run.settings.verify, recording, &call.source)
    {
        let tracks: Vec<_> = status.tracks.iter().map(|track| track.track).collect();
        let expected = samples::Expected { audio, call: *number, found: &found, tracks: &tracks };
        let differing = samples_that_differ(run, &expected, recording).await?;
        for &(frame, item) in &differing {
            // Frames that are missing altogether were counted above.
            if found.binary_search(&item).is_ok() || !expects(item) {
                findings.miss(frame, "is different");
            }
        }
        found.retain(|item| differing.iter().all(|(_, other)| other != item));
    }
    if let (Some(_), Source::Synthetic(audio, number)) = (recording, &call.source) {
        let is_whole = found.len() == call.source.items();
        let computed = run.client.computed(id).await?;
        findings.speech = Some(speech::compare(audio, *number, &found, is_whole, &computed));
    }
    if !acknowledges {
        for item in found {
            call.ledger.acknowledge(item);
        }
    }
    Ok(findings)
}

/// Downloads a recording and compares its samples. Repeats an interrupted download.
async fn samples_that_differ(
    run: &Run,
    expected: &samples::Expected<'_>,
    recording: &Recording,
) -> Result<Vec<(Frame, usize)>, CallFailure> {
    let mut unanswered = Unanswered::default();
    loop {
        let asked_at = Instant::now();
        let compared = async {
            let download = run.client.download(&recording.id).await?;
            samples::compare(expected, recording.channels, download).await
        };
        match compared.await {
            Err(failure @ CallFailure::NoAnswer { .. }) => unanswered.pause(asked_at, failure).await?,
            compared => return compared,
        }
    }
}

/// The frames that the service reports as stored.
struct Presence<'a> {
    status: &'a ChunkStatus,
    /// The recording's gaps, in milliseconds; a stored frame must not begin in one. Empty for recorded sessions, whose
    /// frames the service may move.
    gaps: Vec<(Track, u64, u64)>,
}

impl<'a> Presence<'a> {
    fn new(status: &'a ChunkStatus, recording: Option<&Recording>, exact: bool) -> Self {
        let milliseconds = |seconds: f64| (seconds * 1e3).round() as u64;
        let gaps = recording.filter(|_| exact).map_or_else(Vec::new, |recording| {
            let gaps = recording.gaps.iter();
            gaps.map(|gap| (gap.track, milliseconds(gap.start), milliseconds(gap.end))).collect()
        });
        Self { status, gaps }
    }

    fn has(&self, frame: Frame) -> bool {
        let Some(track) = self.status.tracks.iter().find(|track| track.track == frame.track) else { return false };
        let stored = track.last_sequence.is_some_and(|last| frame.sequence <= last)
            && !track.missing.iter().any(|&(from, to)| (from..=to).contains(&frame.sequence));
        let at = u64::from(frame.timestamp_ms);
        stored && !self.gaps.iter().any(|&(track, start, end)| track == frame.track && (start..end).contains(&at))
    }
}

/// The end of the audio in seconds. `expected` must be in the recording, `sent` is the latest it may end.
#[derive(Default)]
struct Ends {
    expected: f64,
    sent: f64,
}

impl Ends {
    fn compare(&self, recording: Option<&Recording>, moved: bool) -> Option<String> {
        let tolerance = if moved { JITTER } else { ROUNDING };
        let Self { expected, sent } = *self;
        match recording {
            None if expected == 0.0 => None,
            None => Some(format!("There is no recording; it should last {expected:.3} s.")),
            Some(Recording { duration, .. }) => {
                let fits = (expected - tolerance..=sent + tolerance).contains(duration);
                (!fits).then(|| format!("The recording lasts {duration:.3} s; it should last {expected:.3} s."))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::{Gap, TrackStatus};

    fn recording(duration: f64) -> Recording {
        let gaps = vec![Gap { track: Track::Inbound, start: 0.040, end: 0.060 }];
        Recording { id: String::new(), duration, channels: 1, gaps }
    }

    #[test]
    fn a_frame_is_there_when_it_is_stored_and_in_no_gap() {
        let track = TrackStatus { track: Track::Inbound, last_sequence: Some(9), missing: vec![(5, 6)] };
        let status = ChunkStatus { tracks: vec![track] };
        let recording = recording(0.2);
        let has = |exact, track, sequence: u32| {
            let frame = Frame { track, sequence, timestamp_ms: (sequence - 1) * 20, bytes: 160 };
            Presence::new(&status, Some(&recording), exact).has(frame)
        };
        let there: Vec<_> = (1..12).filter(|&sequence| has(true, Track::Inbound, sequence)).collect();
        assert_eq!(there, [1, 2, 4, 7, 8, 9]);
        assert!(has(false, Track::Inbound, 3) && !has(true, Track::Outbound, 1));
    }

    #[test]
    fn lengths_are_compared_with_what_must_and_what_may_be_there() {
        let ends = Ends { expected: 1.0, sent: 1.04 };
        for duration in [1.0, 1.02, 1.04] {
            assert_eq!(ends.compare(Some(&recording(duration)), false), None);
        }
        for duration in [0.98, 1.06] {
            let sentence = ends.compare(Some(&recording(duration)), false).unwrap_or_default();
            assert!(sentence.contains("should last 1.000 s"), "{sentence}");
        }
        assert_eq!(ends.compare(Some(&recording(0.99)), true), None);
        assert!(ends.compare(None, false).is_some() && Ends::default().compare(None, false).is_none());
    }

    #[test]
    fn analytics_outside_their_tolerances_are_no_good() {
        let speech =
            SpeechFindings { wrong: Some("The agent has 2 turns; 3 were sent.".to_owned()), ..Default::default() };
        let findings = Findings { speech: Some(speech), length: Some("Too long.".to_owned()), ..Findings::default() };
        assert!(!Findings { length: None, ..findings.clone() }.are_good() && Findings::default().are_good());
        assert_eq!(findings.to_string(), "Too long. The agent has 2 turns; 3 were sent.");
    }
}

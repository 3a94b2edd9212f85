//! The row of a call's computed analytics: made by who has heard the recording, read by everybody else.
//!
//! Figures that lists filter by have columns; the segments are packed as one value, since nobody asks the database
//! about a single one. Both are written together and never changed: another algorithm replaces the whole row.

use audio::{
    conversation::{Conversation, FRAME_MS, Party},
    speech::{Segment, decode, encode},
};
use entity::{
    call_track::Track,
    computed_analytics::{ActiveModel, Model},
};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::{CallSpeech, Heard, TrackSpeech};
use crate::{Error, Timestamp, chunks::track_name};

/// Samples of a recording per millisecond and channel.
const SAMPLES_A_MS: u64 = 16;

/// The row of a call whose recording was heard. `frames` is the recording's length in samples per channel.
///
/// Times are multiples of 20 ms, the frame of the detector, but for the duration, which is that of the file, rounded to
/// a millisecond. A track that the recording has gets its segments, also if they are none; one that it has not gets
/// NULL.
pub(crate) fn row(heard: &Heard, call: Uuid, recording: Uuid, frames: u64, now: Timestamp) -> ActiveModel {
    let conversation = Conversation::of(&heard.speech);
    // None of these can saturate: a WAV file holds less than 38 hours.
    let milliseconds = |frames: u64| i64::try_from(frames * FRAME_MS).unwrap_or(i64::MAX);
    let latency = conversation.agent.latencies.p50_ms();
    let packed = |track, segments: &[Segment]| heard.tracks.has(track).then(|| encode(segments));
    ActiveModel {
        call_id: Set(call),
        recording_id: Set(recording),
        algorithm: Set(heard.algorithm.name().to_owned()),
        computed_at: Set(now),
        duration_ms: Set(i64::try_from((frames + SAMPLES_A_MS / 2) / SAMPLES_A_MS).unwrap_or(i64::MAX)),
        talk_time_ms: Set(milliseconds(conversation.talk_time())),
        silence_time_ms: Set(milliseconds(conversation.silence)),
        interruptions: Set(i32::try_from(conversation.interruptions.len()).unwrap_or(i32::MAX)),
        response_latency_ms: Set(latency.map(|latency| i64::try_from(latency).unwrap_or(i64::MAX))),
        inbound_segments: Set(packed(Track::Inbound, &heard.speech.inbound)),
        outbound_segments: Set(packed(Track::Outbound, &heard.speech.outbound)),
    }
}

/// The speech of a row.
///
/// # Errors
/// `Damaged` if the segments cannot be unpacked.
pub(super) fn speech(row: &Model) -> Result<CallSpeech, Error> {
    let mut tracks = Vec::new();
    for (track, packed) in [(Track::Inbound, &row.inbound_segments), (Track::Outbound, &row.outbound_segments)] {
        if let Some(packed) = packed {
            let segments = decode(packed).map_err(|_| Error::Damaged("a call's segments of speech"))?;
            tracks.push(TrackSpeech { track, segments });
        }
    }
    Ok(CallSpeech { tracks })
}

/// Records the metrics of a call whose recording was heard.
pub(crate) fn measure(heard: &Heard) {
    metrics::counter!("callstore_calls_analyzed_total").increment(1);
    let conversation = Conversation::of(&heard.speech);
    for (track, party) in [(Track::Inbound, Party::Caller), (Track::Outbound, Party::Agent)] {
        let seconds = conversation.party(party).talk_time * FRAME_MS / 1000;
        metrics::counter!("callstore_speech_seconds_total", "track" => track_name(track)).increment(seconds);
    }
    if let Some(latency) = conversation.agent.latencies.p50_ms() {
        metrics::histogram!("callstore_response_latency_seconds").record(audio::number::real(latency) / 1e3);
    }
}

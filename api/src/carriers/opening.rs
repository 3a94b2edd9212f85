//! A platform's start in the service's words.

use dialects::{Direction, Format, Start, Track};
use service::{AudioFormat, NewStream, Private, UNKNOWN_CALLER};

/// A stream that can be opened, and its one-time token, which is checked and never stored.
pub(crate) fn opening(start: Start) -> (NewStream, Option<Private>) {
    let stream = NewStream {
        stream_sid: start.stream_sid,
        call_sid: start.call_sid,
        caller: start.caller.unwrap_or_else(|| UNKNOWN_CALLER.to_owned()).into(),
        agent: start.agent.map(Private::from),
        direction: start.direction.map(|direction| match direction {
            Direction::Inbound => service::Direction::Inbound,
            Direction::Outbound => service::Direction::Outbound,
        }),
        dialect: start.dialect.as_str(),
        audio_format: start.format.map(|Format { encoding, sample_rate_hz }| AudioFormat { encoding, sample_rate_hz }),
        custom_data: start.custom_data.into(),
    };
    (stream, start.token.map(Private::from))
}

/// The service's name of a track.
pub(crate) fn track(track: Track) -> service::Track {
    match track {
        Track::Inbound => service::Track::Inbound,
        Track::Outbound => service::Track::Outbound,
    }
}
